"""Agencies, their addresses, keys and agreements, and the tokens of staff."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import col, func, or_, select

from gateway.store.reads.base import Reads
from gateway.store.tables import (
    AgencyRow,
    AgreementRow,
    CertificateAlertRow,
    CertificateRow,
    CertificateStatusRow,
    CredentialRow,
    EndpointRow,
    ExchangeRow,
    HubCertificateRow,
    PossessionChallengeRow,
    StaffRow,
    TokenRow,
)

_CREDENTIAL = select(CredentialRow.sealed).where(
    col(CredentialRow.agency) == bindparam("agency"), col(CredentialRow.name) == bindparam("name")
)


class PartyReads(Reads):
    """Who may exchange, where and how."""

    def agency(self, agency: str) -> AgencyRow | None:
        """The agency with this id."""
        return self._get(AgencyRow, agency)

    def agencies(self) -> list[AgencyRow]:
        """All agencies, by id."""
        return self._all(select(AgencyRow).order_by(col(AgencyRow.id)))

    def endpoint(self, agency: str, interaction: str) -> str | None:
        """The URL at which the agency hears this interaction: that of its exact name, else that of `*`."""
        wanted = select(EndpointRow).where(
            col(EndpointRow.agency) == agency, col(EndpointRow.interaction).in_((interaction, "*"))
        )
        urls = {row.interaction: row.url for row in self._all(wanted)}
        return urls.get(interaction, urls.get("*"))

    def endpoints(self, agency: str) -> list[EndpointRow]:
        """All addresses of an agency, by interaction."""
        wanted = select(EndpointRow).where(col(EndpointRow.agency) == agency)
        return self._all(wanted.order_by(col(EndpointRow.interaction)))

    def some_credential(self) -> CredentialRow | None:
        """Any stored credential."""
        found: CredentialRow | None = self._first(select(CredentialRow).limit(1))
        return found

    def credential(self, agency: str, name: str) -> bytes | None:
        """One secret of an agency's dialect, sealed; `Secrets.credential` opens it."""
        row = self._one(_CREDENTIAL, agency=agency, name=name)
        return None if row is None else bytes(row[0])

    def credentials(self, agency: str) -> list[CredentialRow]:
        """All sealed secrets of an agency's dialect, by name."""
        wanted = select(CredentialRow).where(col(CredentialRow.agency) == agency)
        return self._all(wanted.order_by(col(CredentialRow.name)))

    def certificates(self, agency: str) -> list[CertificateRow]:
        """All certificates registered for an agency, revoked ones too, oldest first."""
        wanted = select(CertificateRow).where(col(CertificateRow.agency) == agency)
        return self._all(wanted.order_by(col(CertificateRow.registered_at), col(CertificateRow.fingerprint)))

    def all_certificates(self) -> list[CertificateRow]:
        """All certificates of all agencies, by agency and age."""
        order = (CertificateRow.agency, CertificateRow.registered_at, CertificateRow.fingerprint)
        return self._all(select(CertificateRow).order_by(*(col(each) for each in order)))

    def certificate_statuses(self, fingerprints: Collection[str] | None = None) -> dict[str, CertificateStatusRow]:
        """What authorities said about these certificates (None: about all), by fingerprint; the unasked are missing."""
        wanted = select(CertificateStatusRow)
        if fingerprints is not None:
            wanted = wanted.where(col(CertificateStatusRow.fingerprint).in_(list(fingerprints)))
        return {row.fingerprint: row for row in self._all(wanted)}

    def accepted_since(self, agency: str, at: datetime) -> int:
        """How many messages of an agency were let in at that moment or later."""
        counted = select(func.count()).select_from(ExchangeRow)
        mine = (col(ExchangeRow.agency) == agency, col(ExchangeRow.direction) == "in", col(ExchangeRow.at) >= at)
        return int(self._first(counted.where(*mine, col(ExchangeRow.verdict) == "accepted")) or 0)

    def possession_challenge(self, fingerprint: str, nonce: str) -> PossessionChallengeRow | None:
        """A challenge that was given out, used or not."""
        return self._get(PossessionChallengeRow, (fingerprint, nonce))

    def hub_certificates(self) -> list[HubCertificateRow]:
        """Certificates that the settings name or named, those without a role too."""
        return self._all(select(HubCertificateRow).order_by(col(HubCertificateRow.fingerprint)))

    def certificate_alerts(self) -> set[tuple[str, int]]:
        """Which alerts staff have had: fingerprint and days."""
        return {(row.fingerprint, row.days) for row in self._all(select(CertificateAlertRow))}

    def certificates_over(self, key_fingerprint: str) -> list[CertificateRow]:
        """Certificates over one key, revoked ones too, and those of which the row does not say the key."""
        kept = col(CertificateRow.spki_sha256)
        wanted = select(CertificateRow).where(or_(kept == key_fingerprint, kept.is_(None)))
        return self._all(wanted.order_by(col(CertificateRow.registered_at), col(CertificateRow.fingerprint)))

    def certificate_owner(self, fingerprint: str) -> str | None:
        """The agency that this certificate was registered for, also when it is revoked by now."""
        row = self._get(CertificateRow, fingerprint)
        return row.agency if row else None

    def agreement(self, agreement: str, version: str) -> AgreementRow | None:
        """One version of an agreement."""
        return self._get(AgreementRow, (agreement, version))

    def agreements(self, agency: str | None = None, state: str | None = None) -> list[AgreementRow]:
        """Agreement versions, of one agency or in one state where named, by id and version."""
        wanted = select(AgreementRow)
        if agency is not None:
            wanted = wanted.where(col(AgreementRow.agency) == agency)
        if state is not None:
            wanted = wanted.where(col(AgreementRow.state) == state)
        return self._all(wanted.order_by(col(AgreementRow.id), col(AgreementRow.version)))

    def token(self, token_hash: str) -> TokenRow | None:
        """The API token with this hash, also when it is revoked or past its time."""
        return self._get(TokenRow, token_hash)

    def tokens(self) -> list[TokenRow]:
        """All API tokens, newest first."""
        return self._all(select(TokenRow).order_by(col(TokenRow.made_at).desc(), col(TokenRow.hash)))

    def staff(self, staff: str) -> StaffRow | None:
        """The member of staff with this id."""
        return self._get(StaffRow, staff)

    def all_staff(self) -> list[StaffRow]:
        """Everybody who works at the office, by id."""
        return self._all(select(StaffRow).order_by(col(StaffRow.id)))
