"""Who exchanges: agencies, where they listen, their secrets and certificates, and the agreements."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field, SQLModel

from gateway.store.types import UtcDateTime


class AgencyRow(SQLModel, table=True):
    """An agency that has an adapter. `suspended` holds the reason while it may not exchange; null when it may."""

    __tablename__ = "agency"

    id: str = Field(primary_key=True)
    name: str
    kind: str
    suspended: str | None = Field(default=None, sa_type=Text)


class EndpointRow(SQLModel, table=True):
    """Where an agency listens, set by staff. `interaction` is a name, or `*` for all of them."""

    __tablename__ = "endpoint"

    agency: str = Field(primary_key=True)
    interaction: str = Field(primary_key=True)
    url: str


class CredentialRow(SQLModel, table=True):
    """A secret of an agency's dialect, sealed under the master key."""

    __tablename__ = "credential"

    agency: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    sealed: bytes = Field(sa_type=LargeBinary)


class CertificateRow(SQLModel, table=True):
    """A certificate that staff registered for an agency, with the evidence that the agency holds its key.

    `uses` is what it may be used for, words of `gateway.trust.certificates.Use` with spaces between.
    """

    __tablename__ = "certificate"

    fingerprint: str = Field(primary_key=True)
    agency: str = Field(index=True)
    pem: str = Field(sa_type=Text)
    possession: str = Field(sa_type=Text)
    registered_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_because: str | None = Field(default=None, sa_type=Text)
    uses: str = Field(default="sign", sa_column_kwargs={"server_default": "sign"})


class AgreementRow(SQLModel, table=True):
    """One immutable version of an agreement. `body` is its canonical form (RFC 8785), `hash` that form's SHA-256."""

    __tablename__ = "agreement"

    id: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    agency: str = Field(index=True)
    state: str
    hash: str
    body: str = Field(sa_type=Text)
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    activated_as: str | None = None
