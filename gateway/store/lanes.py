"""Lanes: the ways of interactions to agencies, where they lead, and their rows while somebody claims from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, bindparam, func, select

from gateway.store.circuits import Endpoint
from gateway.store.pace import Pace
from gateway.store.plan import table_of
from gateway.store.tables import CircuitRow, EndpointRow, LaneRow

_LANE = table_of(LaneRow)


@dataclass(frozen=True, kw_only=True)
class Lane:
    """The way of one interaction to one agency, as agreed today: how long a claim lasts, and how much may go.

    `agency_concurrency`: so many calls at once in all lanes of the agency; `agency_lease`: the longest lease of them.
    """

    agency: str
    interaction: str
    lease: timedelta
    concurrency: int
    agency_lease: timedelta
    agency_concurrency: int
    pace: Pace | None = None

    @property
    def key(self) -> dict[str, str]:
        """Its place in the store."""
        return {"agency": self.agency, "interaction": self.interaction}


class Roads:
    """Where each lane leads, and how its circuit stands; and the lanes that this transaction has locked."""

    def __init__(self, connection: Connection, lanes: Sequence[Lane]) -> None:
        self._connection = connection
        self._locked: dict[str, dict[str, LaneRow]] = {}
        agencies = sorted({lane.agency for lane in lanes})
        rows = connection.execute(_ENDPOINTS, {"agencies": agencies}).mappings()
        self._endpoints = {(row["agency"], row["interaction"]): Endpoint(**row) for row in rows}
        found = connection.execute(_CIRCUITS).mappings()
        self._circuits = {(row["agency"], row["interaction"]): CircuitRow(**row) for row in found}

    def endpoint(self, lane: Lane) -> Endpoint | None:
        """Where it leads; None where staff set none."""
        return self._endpoints.get((lane.agency, lane.interaction)) or self._endpoints.get((lane.agency, "*"))

    def circuit(self, endpoint: Endpoint) -> CircuitRow | None:
        """That endpoint's circuit; None while it never failed."""
        return self._circuits.get(endpoint.key)

    def locked(self, lane: Lane) -> LaneRow | None:
        """The lane's row, locked; None where another has it, or the agency's first lane, which is its gate."""
        if lane.agency not in self._locked:
            found = self._connection.execute(_LOCKED_LANES, {"agency": lane.agency}).mappings().all()
            rows = {row["interaction"]: LaneRow(**{name: row[name] for name in row if name != "gate"}) for row in found}
            self._locked[lane.agency] = rows if found and found[0]["gate"] in rows else {}
        return self._locked[lane.agency].get(lane.interaction)


# Built once: building a statement takes longer than running it.

_ENDPOINTS = select(table_of(EndpointRow)).where(
    table_of(EndpointRow).c.agency.in_(bindparam("agencies", expanding=True))
)
_CIRCUITS = select(table_of(CircuitRow))

_OTHERS = _LANE.alias("others")
_GATE = select(func.min(_OTHERS.c.interaction)).where(_OTHERS.c.agency == _LANE.c.agency).scalar_subquery()
_LOCKED_LANES = (
    select(_LANE, _GATE.label("gate"))
    .where(_LANE.c.agency == bindparam("agency"))
    .with_for_update(skip_locked=True, of=_LANE)
)
