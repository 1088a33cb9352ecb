"""Who exchanges: agencies, where they listen, their secrets and certificates, and the agreements."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from gateway.store.types import Blob, UtcDateTime


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
    sealed: bytes = Field(sa_type=Blob)


class CertificateRow(SQLModel, table=True):
    """A certificate that staff registered for an agency, with the evidence that the agency holds its key.

    `uses` is what it may be used for, words of `gateway.trust.certificates.Use` with spaces between. `chain` is what
    stood above it when it was registered, PEM, up to a configured authority; empty when it is trusted as registered.
    `spki_sha256` is the SHA-256 of its public key (`gateway.trust.keys.key_fingerprint`), null in rows from before
    it was kept: `gateway.store.certificate_status.key_of` reads either.
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
    chain: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": ""})
    spki_sha256: str | None = None


class CertificateStatusRow(SQLModel, table=True):
    """An authority's last word about a certificate in a chain; the agency's own, or one above it.

    `this_update`, `next_update` and `source` are those of the last word that counted, null before the first;
    `revoked_at` and `reason` are set when it was that the certificate is revoked. `fault` says why the last question
    (at `asked_at`) was not answered, null when it was.
    """

    __tablename__ = "certificate_status"

    fingerprint: str = Field(primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    this_update: datetime | None = Field(default=None, sa_type=UtcDateTime)
    next_update: datetime | None = Field(default=None, sa_type=UtcDateTime)
    source: str | None = Field(default=None, sa_type=Text)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reason: str | None = None
    fault: str | None = Field(default=None, sa_type=Text)


class PossessionChallengeRow(SQLModel, table=True):
    """A challenge that was given out, for one agency and certificate; `used_at` once a proof over it was taken."""

    __tablename__ = "possession_challenge"

    fingerprint: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    agency: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class HubCertificateRow(SQLModel, table=True):
    """A certificate that the settings name: the hub's own by its role, and the authorities of agencies.

    `signs_from` and `signs_until` are when the hub signed with it; they stay when its role ends ("" from then on).
    """

    __tablename__ = "hub_certificate"

    fingerprint: str = Field(primary_key=True)
    role: str
    pem: str = Field(sa_type=Text)
    signs_from: datetime | None = Field(default=None, sa_type=UtcDateTime)
    signs_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CertificateAlertRow(SQLModel, table=True):
    """Staff were told, once, that a certificate has `days` days left or fewer."""

    __tablename__ = "certificate_alert"

    fingerprint: str = Field(primary_key=True)
    days: int = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


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
