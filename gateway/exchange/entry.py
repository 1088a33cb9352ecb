"""What the registry says of one agency, read at one generation: its certificates, agreements, addresses, suspension.

Nothing in it changes. What depends on the moment (is a certificate valid, an agreement in force) is judged each time.

Of several active versions of an agreement the one that began last is in force: a version carries what begins until the
day before the next one begins, its cut-over. What began under it may be sent again while its own days last, and for
GRACE after them if another version is in force: both parties still stand under the agreement. So may what began under a
version that staff have ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from gateway.contract.agreement import Agreement, from_canonical
from gateway.contract.versions import version_order
from gateway.dialect.party import Party
from gateway.domain.errors import Unauthorised
from gateway.store.certificate_status import RevocationPolicy, asked_about, registered_certificates
from gateway.store.reading import Reader
from gateway.store.tables import AgencyRow, AgreementRow, CertificateRow, CertificateStatusRow
from gateway.store.vault import Vault

ACTIVE, ENDED = "active", "ended"
"""States of a version: exchanges begin under it on its days; none begins any more, and those that did are concluded."""

GRACE = timedelta(days=7)
"""How long after a version's last day a message that was first sent under it may be sent again."""


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
    def begun(self) -> tuple[Agreement, ...]:
        """Agreements under which exchanges may have begun: active ones and ended ones, in the order of `active`."""
        found = (from_canonical(row.body) for row in self.agreement_rows if row.state in (ACTIVE, ENDED))
        return tuple(sorted(found, key=_beginning, reverse=True))

    @cached_property
    def active(self) -> tuple[Agreement, ...]:
        """Active agreements, the one that began last first: it is the one after a cut-over."""
        active = {(row.id, row.version) for row in self.agreement_rows if row.state == ACTIVE}
        return tuple(each for each in self.begun if (each.id, each.version) in active)

    def active_agreement(self, on: date) -> Agreement | None:
        """The agreement in force on that day, if there is one."""
        return next((each for each in self.active if each.in_force(on)), None)

    def coming(self, on: date) -> tuple[Agreement, ...]:
        """Active agreements that begin after that day, the next one first."""
        return tuple(each for each in reversed(self.active) if each.valid_from > on)

    def last_day(self, agreement: Agreement) -> date:
        """The last day on which an active version is in force: its own, or the one before the next version begins."""
        later = [each.valid_from for each in self.active if _beginning(each) > _beginning(agreement)]
        return min([agreement.valid_until, *(each - timedelta(days=1) for each in later)])

    def begun_version(self, agreement: str, version: str) -> Agreement | None:
        """That version of an agreement, if exchanges may have begun under it."""
        return _version(self.begun, agreement, version)

    def check_may_repeat(self, agreement: Agreement, on: date) -> None:
        """Raise Unauthorised unless what was first sent under a version that has begun may be sent again on that day.

        `agreement-not-yet`, `agreement-expired`, or `no-agreement` for an ended one while none is in force.
        """
        is_active = _version(self.active, agreement.id, agreement.version) is not None
        if is_active and agreement.in_force(on):
            return
        in_grace = agreement.valid_from <= on <= agreement.valid_until + GRACE
        if in_grace and self.active_agreement(on) is not None:
            return
        if in_grace and not is_active:
            raise Unauthorised(
                f"agreement {agreement.id} {agreement.version} was ended, and no version is in force: activate one, or "
                "cancel the delivery",
                code="no-agreement",
                clause="Pasal 21(2)",
            )
        raise out_of_force(agreement, on)

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


def _beginning(agreement: Agreement) -> tuple[date, tuple[tuple[int, str], ...]]:
    return agreement.valid_from, version_order(agreement.version)


def _version(among: Sequence[Agreement], agreement: str, version: str) -> Agreement | None:
    return next((each for each in among if (each.id, each.version) == (agreement, version)), None)


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
        secret=lambda name: vault.secrets.credential(agency, name),
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
