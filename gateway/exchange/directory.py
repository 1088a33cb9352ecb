"""Who may say what, as it stands now: adapters by code, everything else by the store's rows.

What no active agreement covers is refused (Pasal 21(2)); an agency whose adapter and agreement differ is suspended
as a whole, and the others run. Several versions of an agreement may be active: what begins goes by the one in force on
the day (`terms`), what began goes by its own (`terms_of`), and each by what the adapter declares for that version.

What the rows say of an agency is kept as an `Entry`, under the generation of the registry at which it was read. Who
asks the directory has the entry compared with the generation of now first: a revocation counts at once. A message on
its way in takes the entry as it is held (`held`), without a read; its plan stands on the entry's generation, so that
a revocation that was committed before it makes it prepare again.

Attempts of deliveries that are prepared together share one question, and their plans stand on the generation too: no
attempt is put on record by what the registry said before. Between that record and its call an attempt may wait for a
thread, some milliseconds as a rule, and as long as its lease outlasts the call at the most (`Attempt.outlasts`: 10 s
where one version is active): what is committed in that time comes too late for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from gateway.casework.routes import Route
from gateway.contract.adapter import Adapter, Interaction, Outbound
from gateway.contract.agreement import Agreement
from gateway.contract.differences import declared_for, speaks_to_us
from gateway.dialect.party import Party
from gateway.dialect.profiles import WSS_X509
from gateway.domain.calendar import local_date
from gateway.domain.errors import HubBusy, Misconfigured, Unauthorised
from gateway.domain.events import Ask
from gateway.exchange.entry import Entry, read_entry
from gateway.exchange.terms import Terms, terms_under
from gateway.store.certificate_status import SOFT, RevocationPolicy
from gateway.store.conflicts import Moved
from gateway.store.plan import GENERATION
from gateway.store.reading import Reader
from gateway.store.tables import AgreementRow
from gateway.store.vault import Vault

READINGS = 8
"""Tries to read an agency's entry between two changes of the registry."""


class Directory:
    """Looks up parties and terms. Safe to use from many threads.

    Its questions are answered as things stand now, at the cost of one small read. Raises HubBusy as reads do.
    """

    def __init__(
        self,
        reader: Reader,
        vault: Vault,
        adapters: Mapping[str, Adapter],
        revocation: RevocationPolicy = SOFT,
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._adapters = adapters
        self._revocation = revocation
        self._entries: dict[str, Entry] = {}

    def held(self, agency: str) -> Entry:
        """What was read of an agency, perhaps some time ago: for plans that stand on its generation."""
        return self._entries.get(agency) or self.current(agency)

    def current(self, agency: str) -> Entry:
        """What the store says of an agency now; the same entry as before while the registry has not moved."""
        generation = self._reader.counter(GENERATION)
        held = self._entries.get(agency)
        if held is not None and held.generation == generation:
            return held
        for _ in range(READINGS):
            read = read_entry(self._reader, self._vault, self._revocation, agency, generation)
            now = self._reader.counter(GENERATION)
            if now == generation:
                if agency in self._adapters:  # as many as there are adapters, whatever is asked for
                    self._entries[agency] = read
                return read
            generation = now
        raise HubBusy("the registry changes faster than it can be read; send again in a moment", after_s=1)

    def hold(self, entry: Entry) -> None:
        """Let what rests on an entry, and on no plan, stand only while the registry has not moved. Raises Moved."""
        if self._reader.counter(GENERATION) != entry.generation:
            raise Moved("the registry changed meanwhile; nothing was kept, send again in a moment", after_s=1)

    @property
    def adapters(self) -> Mapping[str, Adapter]:
        """All adapters, by agency."""
        return self._adapters

    def spoken_to_us(self, agency: str, name: str, *, soap: bool, at: datetime | None = None) -> Interaction | None:
        """The interaction in which that agency speaks to us, by its exact name or declared path, over that transport.

        Where it is declared under several profiles, it is the one in force at that moment, else (and for None) the one
        that is declared first.
        """
        adapter = self._adapters.get(agency)
        found = [
            each
            for each in (adapter.interactions if adapter is not None else ())
            if speaks_to_us(each)
            and name in (each.name, each.path or each.name)
            and (each.security == WSS_X509) is soap
        ]
        if at is not None and len({each.security for each in found}) > 1:
            in_force = self.in_force(self.current(agency), local_date(at))
            found = [each for each in found if each in in_force] or found
        return found[0] if found else None

    def in_force(self, entry: Entry, on: date) -> tuple[Interaction, ...]:
        """What the adapter declares for the version in force on that day, in the order of the agreement."""
        agreement = entry.active_agreement(on)
        adapter = self._adapters.get(entry.agency)
        if agreement is None or adapter is None:
            return ()
        declared = (declared_for(adapter, agreement, each) for each in agreement.interactions)
        return tuple(each for each in declared if each is not None)

    def party(self, agency: str) -> Party:
        """What staff registered about an agency."""
        return self.current(agency).party

    def terms(self, agency: str, interaction: str, at: datetime, entry: Entry | None = None) -> Terms:
        """The terms of an interaction at that moment, by the agency's `entry` (None: as things stand now).

        Raises Unauthorised: `agency-unknown`, `agency-suspended`, `no-agreement`, `agreement-not-yet`,
        `agreement-expired` or `not-agreed`.
        """
        adapter = self._adapters.get(agency)
        if adapter is None:
            raise Unauthorised(f"no agency {agency[:40]!r} is known here: check the address", code="agency-unknown")
        said = entry or self.current(agency)
        said.check_not_suspended()
        agreement = said.agreement_in_force(local_date(at))
        found = terms_under(adapter, agreement, interaction)
        if found is None:
            agreed = agreement.interaction(interaction)
            lacks = f"has no interaction {interaction[:60]!r}"
            if agreed is not None:
                lacks = f"has {interaction} in version {agreed.version}, which the adapter does not declare for it"
            raise Unauthorised(
                f"agreement {agreement.id} {agreement.version} {lacks}", clause=f"{agreement.id} (Pasal 21(2)c.2)"
            )
        return found

    def terms_of(
        self,
        agency: str,
        interaction: str,
        agreement: str,
        version: str,
        on: date | None = None,
        entry: Entry | None = None,
    ) -> Terms:
        """The terms under which a message was sent, though a later version may be in force by now.

        `on`: the day on which it is to be sent again under them; None when they are only to be judged by. By the
        agency's `entry` (None: as things stand now).
        Raises Unauthorised `no-agreement`, `agency-suspended`, `agreement-not-yet` or `agreement-expired`.
        """
        entry = entry or self.current(agency)
        entry.check_not_suspended()
        adapter = self._adapters.get(agency)
        begun = entry.begun_version(agreement, version)
        found = terms_under(adapter, begun, interaction) if adapter and begun else None
        if found is None:
            raise Unauthorised(
                f"agreement {agreement} {version} is not active with interaction {agency}/{interaction}: activate it, "
                "or cancel the delivery",
                code="no-agreement",
                clause="Pasal 21(2)",
            )
        if on is not None:
            entry.check_may_repeat(found.agreement, on)
        return found

    def declared_of(self, agency: str, interaction: str, agreement: str, version: str) -> Interaction | None:
        """What the adapter declares of an interaction for that version, whatever its state; None for nothing."""
        adapter = self._adapters.get(agency)
        if adapter is None:
            return None
        kept = (said for row, said in self.agreements(agency) if (row.id, row.version) == (agreement, version))
        found = (terms_under(adapter, each, interaction) for each in kept)
        return next((each.interaction for each in found if each is not None), adapter.interaction(interaction))

    def serving(self, ask: Ask, service: str, on: date, *, at_once: bool = False) -> Route | None:
        """The route of an Ask: the agency it names, or the first whose agreement in force serves it.

        One that is suspended comes last, and never where it has to be asked `at_once` (decision 0074).
        """
        found = self._serving(type(ask), ask.agency, service, on)
        return found or (None if at_once else self._serving(type(ask), ask.agency, service, on, suspended=True))

    def serves(self, kind: type[Ask], service: str, on: date) -> bool:
        """Whether an agreement in force, with an agency that is not suspended, serves Asks of that kind."""
        return self._serving(kind, None, service, on) is not None

    def endpoint(self, agency: str, interaction: Interaction, entry: Entry | None = None) -> str:
        """The URL that staff set, with the interaction's path, by the agency's `entry` (None: as things stand now).

        Raises Misconfigured `endpoint-missing`.
        """
        urls = (entry or self.current(agency)).endpoints
        if interaction.name in urls:
            return urls[interaction.name]
        if "*" not in urls:
            raise Misconfigured(
                f"no endpoint of {agency} is set: run `simojo agency endpoint {agency} URL`", code="endpoint-missing"
            )
        return f"{urls['*'].rstrip('/')}/{interaction.path}" if interaction.path else urls["*"]

    def active_agreement(self, agency: str, on: date) -> Agreement | None:
        """The agreement in force with an agency on that day, if there is one."""
        return self.current(agency).active_agreement(on)

    def active(self, agency: str) -> tuple[Agreement, ...]:
        """The active versions of agreements with an agency, the one that began last first."""
        return self.current(agency).active

    def coming(self, agency: str, on: date) -> tuple[Agreement, ...]:
        """The active versions that begin after that day, the next one first."""
        return self.current(agency).coming(on)

    def call_timeouts(self, agency: str, interaction: str | None = None) -> tuple[float, ...]:
        """The time-outs of calls, in seconds, by every version that any are made under (None: of all interactions)."""
        agreed = (each for version in self.current(agency).begun for each in version.interactions)
        return tuple(each.call_timeout_s for each in agreed if interaction in (None, each.name))

    def agreements(self, agency: str) -> tuple[tuple[AgreementRow, Agreement], ...]:
        """Every version of an agreement with an agency, in whatever state, by id and version."""
        return self.current(agency).agreements

    def suspension(self, agency: str) -> str | None:
        """Why an agency is suspended; None when it is not."""
        return self.current(agency).suspended

    # --- within ---------------------------------------------------------------------------------------------------

    def _serving(
        self, kind: type[Ask], named: str | None, service: str, on: date, *, suspended: bool = False
    ) -> Route | None:
        for agency, adapter in self._adapters.items():
            if named not in (None, agency) or (self.current(agency).suspended is not None) is not suspended:
                continue
            for each in adapter.interactions:
                if isinstance(each, Outbound) and each.serves is kind:
                    route = self._route(agency, each, service, on)
                    if route is not None:
                        return route
        return None

    def _route(self, agency: str, interaction: Interaction, service: str, on: date) -> Route | None:
        entry = self.current(agency)
        agreement = entry.active_agreement(on)
        if not entry.is_known or agreement is None:
            return None
        terms = terms_under(self._adapters[agency], agreement, interaction.name)
        if terms is None or terms.interaction is not interaction or not terms.agreed.covers(service):
            return None
        return Route(
            agency=agency,
            interaction=interaction.name,
            agreement=agreement.id,
            agreement_version=agreement.version,
        )


__all__ = ["Directory", "Terms"]
