"""Who may say what, as it stands now: adapters by code, everything else by the store's rows.

What no active agreement covers is refused (Pasal 21(2)); an agency whose adapter and agreement differ is suspended
as a whole, and the others run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from cryptography import x509

from gateway.casework.routes import Route
from gateway.contract.adapter import Adapter, Inbound, Interaction, Outbound, Request
from gateway.contract.agreement import AgreedInteraction, Agreement, from_canonical
from gateway.dialect.party import Party
from gateway.domain.calendar import local_date
from gateway.domain.errors import Misconfigured, Unauthorised
from gateway.domain.events import Ask
from gateway.store.reading import Reader
from gateway.store.tables import AgreementRow
from gateway.store.vault import Vault
from gateway.trust.certificates import RegisteredCertificate, Use

ACTIVE = "active"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the parties agreed about one interaction."""

    adapter: Adapter
    interaction: Interaction
    agreement: Agreement
    agreed: AgreedInteraction

    @property
    def name(self) -> str:
        """`<agency>/<interaction>`."""
        return f"{self.adapter.agency.id}/{self.interaction.name}"

    @property
    def reference(self) -> str:
        """`<agreement>/<version>`, as leaves and JWS headers name it."""
        return f"{self.agreement.id}/{self.agreement.version}"


class Directory:
    """Looks up parties and terms. Reads are small and made anew for each message: a revocation counts at once."""

    def __init__(self, reader: Reader, vault: Vault, adapters: Mapping[str, Adapter]) -> None:
        self._reader = reader
        self._vault = vault
        self._adapters = adapters
        self._parsed: dict[tuple[str, str, str], Agreement] = {}

    @property
    def adapters(self) -> Mapping[str, Adapter]:
        """All adapters, by agency."""
        return self._adapters

    def spoken_to_us(self, agency: str, name: str) -> tuple[Adapter, Interaction] | None:
        """The interaction in which that agency speaks to us, by its exact name or declared path."""
        adapter = self._adapters.get(agency)
        if adapter is None:
            return None
        for each in adapter.interactions:
            if isinstance(each, Inbound | Request) and name in (each.name, each.path or each.name):
                return adapter, each
        return None

    def party(self, agency: str) -> Party:
        """What staff registered about an agency."""
        certificates = tuple(
            RegisteredCertificate(
                agency=row.agency,
                certificate=x509.load_pem_x509_certificate(row.pem.encode()),
                fingerprint=row.fingerprint,
                revoked_at=row.revoked_at,
                uses=frozenset(Use(word) for word in row.uses.split()),
            )
            for row in self._reader.certificates(agency)
        )
        return Party(agency=agency, certificates=certificates, secret=self._secret(agency))

    def terms(self, agency: str, interaction: str, at: datetime) -> Terms:
        """The terms of an interaction at that moment.

        Raises Unauthorised: `agency-unknown`, `agency-suspended`, `no-agreement`, `agreement-not-yet`,
        `agreement-expired` or `not-agreed`.
        """
        adapter = self._adapters.get(agency)
        if adapter is None:
            raise Unauthorised(f"no agency {agency[:40]!r} is known here: check the address", code="agency-unknown")
        self._check_not_suspended(agency)
        agreement = self._agreement_in_force(agency, local_date(at))
        declared = adapter.interaction(interaction)
        agreed = agreement.interaction(interaction)
        if declared is None or agreed is None:
            raise Unauthorised(
                f"agreement {agreement.id} {agreement.version} has no interaction {interaction[:60]!r}",
                clause=f"{agreement.id} (Pasal 21(2)c.2)",
            )
        return Terms(adapter=adapter, interaction=declared, agreement=agreement, agreed=agreed)

    def terms_of(self, agency: str, interaction: str, agreement: str, version: str, on: date | None = None) -> Terms:
        """The terms under which a delivery was made, though a later version may be in force by now.

        `on`: the day on which something is to leave under them; None when they are only to be judged by.
        Raises Unauthorised `no-agreement`, `agency-suspended`, `agreement-not-yet` or `agreement-expired`.
        """
        self._check_not_suspended(agency)
        row = self._reader.agreement(agreement, version)
        adapter = self._adapters.get(agency)
        declared = adapter.interaction(interaction) if adapter else None
        parsed = self._parse(row) if row else None
        agreed = parsed.interaction(interaction) if parsed else None
        if (
            row is None
            or row.state != ACTIVE
            or adapter is None
            or declared is None
            or parsed is None
            or agreed is None
        ):
            raise Unauthorised(
                f"agreement {agreement} {version} is not active with interaction {agency}/{interaction}: activate it, "
                "or cancel the delivery",
                code="no-agreement",
                clause="Pasal 21(2)",
            )
        if on is not None and not parsed.in_force(on):
            raise _out_of_force(parsed, on)
        return Terms(adapter=adapter, interaction=declared, agreement=parsed, agreed=agreed)

    def serving(self, ask: Ask, service: str, on: date) -> Route | None:
        """The route of an Ask: the agency it names, or the first whose active agreement serves it."""
        for agency, adapter in self._adapters.items():
            if ask.agency not in (None, agency):
                continue
            for each in adapter.interactions:
                if isinstance(each, Outbound) and each.serves is type(ask):
                    route = self._route(agency, each, service, on)
                    if route is not None:
                        return route
        return None

    def endpoint(self, agency: str, interaction: Interaction) -> str:
        """The URL that staff set, with the interaction's path. Raises Misconfigured `endpoint-missing`."""
        urls = {row.interaction: row.url for row in self._reader.endpoints(agency)}
        if interaction.name in urls:
            return urls[interaction.name]
        if "*" not in urls:
            raise Misconfigured(
                f"no endpoint of {agency} is set: run `simojo agency endpoint {agency} URL`", code="endpoint-missing"
            )
        return f"{urls['*'].rstrip('/')}/{interaction.path}" if interaction.path else urls["*"]

    def active_agreement(self, agency: str, on: date) -> Agreement | None:
        """The agreement in force with an agency on that day, if there is one."""
        return next((each for each in self._active(agency) if each.in_force(on)), None)

    def agreements(self, agency: str) -> tuple[tuple[AgreementRow, Agreement], ...]:
        """Every version of an agreement with an agency, in whatever state, by id and version."""
        return tuple((row, self._parse(row)) for row in self._reader.agreements(agency=agency))

    def suspension(self, agency: str) -> str | None:
        """Why an agency is suspended; None when it is not."""
        row = self._reader.agency(agency)
        return (row.suspended or None) if row is not None else None

    # --- within ---------------------------------------------------------------------------------------------------

    def _route(self, agency: str, interaction: Interaction, service: str, on: date) -> Route | None:
        row = self._reader.agency(agency)
        agreement = self.active_agreement(agency, on)
        agreed = agreement.interaction(interaction.name) if agreement else None
        if row is None or row.suspended or agreement is None or agreed is None or not agreed.covers(service):
            return None
        return Route(
            agency=agency,
            interaction=interaction.name,
            agreement=agreement.id,
            agreement_version=agreement.version,
        )

    def _check_not_suspended(self, agency: str) -> None:
        suspended = self.suspension(agency)
        if suspended is not None:
            raise Unauthorised(
                f"agency {agency} is suspended: {suspended}", code="agency-suspended", clause="Pasal 21(2)"
            )

    def _agreement_in_force(self, agency: str, on: date) -> Agreement:
        active = self._active(agency)
        for each in active:
            if each.in_force(on):
                return each
        if not active:
            raise Unauthorised(
                f"no agreement with {agency} is active: integration staff activate one first",
                code="no-agreement",
                clause="Pasal 21(2)",
            )
        raise _out_of_force(active[0], on)

    def _active(self, agency: str) -> list[Agreement]:
        """Active agreements, the one that began last first: it is the one after a cut-over."""
        found = [self._parse(row) for row in self._reader.agreements(agency=agency, state=ACTIVE)]
        return sorted(found, key=lambda each: (each.valid_from, each.version), reverse=True)

    def _parse(self, row: AgreementRow) -> Agreement:
        key = (row.id, row.version, row.hash)
        if key not in self._parsed:
            self._parsed[key] = from_canonical(row.body)
        return self._parsed[key]

    def _secret(self, agency: str) -> Callable[[str], str]:
        return lambda name: self._vault.credential(agency, name)


def _out_of_force(agreement: Agreement, on: date) -> Unauthorised:
    early = on < agreement.valid_from
    return Unauthorised(
        f"agreement {agreement.id} {agreement.version} is valid from {agreement.valid_from} to "
        f"{agreement.valid_until}, today is {on}",
        code="agreement-not-yet" if early else "agreement-expired",
        clause=agreement.id,
    )
