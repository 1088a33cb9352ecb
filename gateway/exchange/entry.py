"""What the registry says of one agency, read at one generation: its certificates, agreements, addresses, suspension.

Nothing in it changes. What depends on the moment (is a certificate valid, an agreement in force) is judged each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from gateway.contract.agreement import Agreement, from_canonical
from gateway.dialect.party import Party
from gateway.domain.errors import Unauthorised
from gateway.store.certificate_status import RevocationPolicy, asked_about, registered_certificates
from gateway.store.reading import Reader
from gateway.store.tables import AgencyRow, AgreementRow, CertificateRow, CertificateStatusRow
from gateway.store.vault import Vault

ACTIVE = "active"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One agency as it was at `generation` (None: before the registry's first change). Safe to share."""

    agency: str
    generation: int | None
    row: AgencyRow | None
    certificate_rows: Sequence[CertificateRow]
    statuses: Mapping[str, CertificateStatusRow]
    revocation: RevocationPolicy
    secret: Callable[[str], str]
    agreement_rows: Sequence[AgreementRow]
    endpoints: Mapping[str, str]

    @property
    def is_known(self) -> bool:
        """Whether the agency is registered."""
        return self.row is not None

    @property
    def suspended(self) -> str | None:
        """Why the agency is suspended; None when it is not."""
        return (self.row.suspended or None) if self.row is not None else None

    @cached_property
    def party(self) -> Party:
        """Its certificates, with what is known of each, and what opens its secrets."""
        certificates = registered_certificates(self.certificate_rows, self.statuses, self.revocation)
        return Party(agency=self.agency, certificates=certificates, secret=self.secret)

    @cached_property
    def agreements(self) -> tuple[tuple[AgreementRow, Agreement], ...]:
        """Every version of its agreements, in whatever state, by id and version."""
        return tuple((row, from_canonical(row.body)) for row in self.agreement_rows)

    @cached_property
    def active(self) -> tuple[Agreement, ...]:
        """Active agreements, the one that began last first: it is the one after a cut-over."""
        found = (from_canonical(row.body) for row in self.agreement_rows if row.state == ACTIVE)
        return tuple(sorted(found, key=lambda each: (each.valid_from, each.version), reverse=True))

    def active_agreement(self, on: date) -> Agreement | None:
        """The agreement in force on that day, if there is one."""
        return next((each for each in self.active if each.in_force(on)), None)

    def active_version(self, agreement: str, version: str) -> Agreement | None:
        """That version of an agreement, if it is active."""
        return next((each for each in self.active if (each.id, each.version) == (agreement, version)), None)

    def check_not_suspended(self) -> None:
        """Raise Unauthorised `agency-suspended` with the reason while the agency is suspended."""
        if self.suspended is not None:
            raise Unauthorised(
                f"agency {self.agency} is suspended: {self.suspended}", code="agency-suspended", clause="Pasal 21(2)"
            )

    def agreement_in_force(self, on: date) -> Agreement:
        """The agreement in force. Raises Unauthorised `no-agreement`, `agreement-not-yet` or `agreement-expired`."""
        found = self.active_agreement(on)
        if found is not None:
            return found
        if not self.active:
            raise Unauthorised(
                f"no agreement with {self.agency} is active: integration staff activate one first",
                code="no-agreement",
                clause="Pasal 21(2)",
            )
        raise out_of_force(self.active[0], on)


def read_entry(
    reader: Reader, vault: Vault, revocation: RevocationPolicy, agency: str, generation: int | None
) -> Entry:
    """Read the rows of an agency; whether they all belong to `generation` is for the caller to see."""
    certificates = reader.certificates(agency)
    asked = [each for row in certificates for each in asked_about(row)]
    return Entry(
        agency=agency,
        generation=generation,
        row=reader.agency(agency),
        certificate_rows=certificates,
        statuses=reader.certificate_statuses(asked) if asked else {},
        revocation=revocation,
        secret=lambda name: vault.credential(agency, name),
        agreement_rows=reader.agreements(agency=agency),
        endpoints={row.interaction: row.url for row in reader.endpoints(agency)},
    )


def out_of_force(agreement: Agreement, on: date) -> Unauthorised:
    """The refusal of an agreement outside its days."""
    early = on < agreement.valid_from
    return Unauthorised(
        f"agreement {agreement.id} {agreement.version} is valid from {agreement.valid_from} to "
        f"{agreement.valid_until}, today is {on}",
        code="agreement-not-yet" if early else "agreement-expired",
        clause=agreement.id,
    )
