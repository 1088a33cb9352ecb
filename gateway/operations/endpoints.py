"""Agencies' endpoints as the workers find them: which are left alone, what waits for them, and closing a circuit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Refused
from gateway.ledger.leaf import LeafKind
from gateway.store.circuits import Standing, closed_by_staff, standing
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import CircuitRow, EndpointRow
from gateway.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class LaneSeen:
    """One interaction on its way to an agency: what waits, what is in workers' hands, and a wait that it asked for."""

    interaction: str
    waiting: int
    in_hand: int
    held_until: datetime | None


@dataclass(frozen=True, kw_only=True)
class EndpointSeen:
    """An endpoint, as staff set it: how its circuit stands, why, until when, and the lanes that lead there."""

    agency: str
    interaction: str
    url: str
    standing: Standing
    failures: int
    since: datetime | None
    until: datetime | None
    cause: str | None
    lanes: tuple[LaneSeen, ...]


class Endpoints:
    """Shows endpoints, and closes circuits for staff."""

    def __init__(
        self,
        reader: Reader,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        clock: Callable[[], datetime],
        deliveries_made: Callable[[], None],
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock
        self._deliveries_made = deliveries_made

    def seen(self) -> tuple[EndpointSeen, ...]:
        """All endpoints, by agency and interaction."""
        now = self._clock()
        rows = self._reader.all_endpoints()
        circuits = {(row.agency, row.interaction): row for row in self._reader.circuits()}
        lanes = self._lanes({(row.agency, row.interaction) for row in rows}, now)
        return tuple(
            _seen(row, circuits.get((row.agency, row.interaction)), lanes.get((row.agency, row.interaction), ()), now)
            for row in rows
        )

    def close(self, agency: str, interaction: str, actor: str) -> None:
        """Call an endpoint again, now: what was wrong is mended. A leaf names who said so, by pseudonym.

        Raises Refused `endpoint-unknown`, `circuit-closed`.
        """

        def prepare() -> None:
            key = {"agency": agency, "interaction": interaction}
            if not any(row.interaction == interaction for row in self._reader.endpoints(agency)):
                raise Refused(
                    f"agency {agency[:40]!r} has no endpoint for {interaction[:64]!r}: see /admin/v1/endpoints",
                    code="endpoint-unknown",
                )
            found = [row for row in self._reader.circuits() if (row.agency, row.interaction) == (agency, interaction)]
            if not found or found[0].opened_at is None:
                raise Refused(f"{agency} is being called already: there is nothing to close", code="circuit-closed")
            leaf = self._leaves.make(
                LeafKind.STAFF, at=self._clock(), actor=actor, extra={"step": "circuit-closed", "agency": agency}
            )
            guard = {"opened_at": found[0].opened_at}
            commit(self._unit_of_work, Plan.of(Update(CircuitRow, key, guard, closed_by_staff()), leaf.row))

        prepared_again(prepare)
        self._deliveries_made()

    def _lanes(self, endpoints: set[tuple[str, str]], now: datetime) -> dict[tuple[str, str], tuple[LaneSeen, ...]]:
        loads = self._reader.lane_loads(now)
        found: dict[tuple[str, str], tuple[LaneSeen, ...]] = {}
        for row in self._reader.lanes():
            own = (row.agency, row.interaction)
            leads_to = own if own in endpoints else (row.agency, "*")
            waiting, in_hand = loads.get(own, (0, 0))
            held = row.held_until if row.held_until is not None and row.held_until > now else None
            lane = LaneSeen(interaction=row.interaction, waiting=waiting, in_hand=in_hand, held_until=held)
            found[leads_to] = (*found.get(leads_to, ()), lane)
        return found


def circuit_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """Endpoints that are not called, a sentence each: since when, why, and what to do."""
    urls = {(row.agency, row.interaction): row.url for row in reader.all_endpoints()}
    found = []
    for row in reader.circuits():
        if standing(row, urls.get((row.agency, row.interaction), ""), now) is Standing.CLOSED or row.opened_at is None:
            continue
        which = "" if row.interaction == "*" else f" --interaction {row.interaction}"
        since = row.opened_at.astimezone(JAKARTA)
        found.append(
            f"{row.agency} has not answered at {row.url} since {since:%Y-%m-%d %H:%M} WIB ({row.failures} calls"
            f" failed in a row, the last: {row.cause}): its deliveries wait, and one call at a time tries it; when it"
            f" is mended: simojo delivery close {row.agency}{which}"
        )
    return tuple(found)


def _seen(row: EndpointRow, circuit: CircuitRow | None, lanes: tuple[LaneSeen, ...], now: datetime) -> EndpointSeen:
    stands = standing(circuit, row.url, now)
    known = circuit if circuit is not None and circuit.url == row.url else None
    opened = known if stands is not Standing.CLOSED else None
    return EndpointSeen(
        agency=row.agency,
        interaction=row.interaction,
        url=row.url,
        standing=stands,
        failures=known.failures if known is not None else 0,
        since=opened.opened_at if opened is not None else None,
        until=opened.open_until if opened is not None else None,
        cause=known.cause if known is not None else None,
        lanes=lanes,
    )
