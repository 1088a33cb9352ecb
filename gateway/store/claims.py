"""Claims: which worker sends what, and until when. One short transaction serves a batch.

1. lanes      those for which something is due, locked with all others of their agency (SKIP LOCKED): an agency that
              one worker has in hand, another passes by, and its limits hold over all workers exactly
2. held       an agency that said "not before" is left alone until then
3. circuit    nothing goes to an endpoint whose circuit is open; half-open, one probe goes, over all workers
4. limits     no more at once than agreed, in the lane and in all lanes of its agency, and no faster
5. heads      of each queue the first that is not done, the longest due first
6. lease      each gets the next fence, and a lease that outlasts the call: nothing else is written

A worker that dies after this has sent nothing; when its lease is over, the delivery is claimed again. Its state says
nothing of the claim: the lease does. A lease that lies further ahead than any that is given now, by more than the
clocks of several machines may differ, was written before the clock was set back, and does not count; the fence still
keeps whoever holds it from sending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, case, exists, func, or_, select, update

from gateway.store import circuits
from gateway.store.circuits import Endpoint, Standing
from gateway.store.lanes import Lane, Roads
from gateway.store.missing import insert_missing
from gateway.store.outgoing import COLUMNS, Provision, StoredDelivery
from gateway.store.pace import rebased
from gateway.store.plan import table_of
from gateway.store.tables import CircuitRow, DeliveryRow, LaneRow
from gateway.store.tables.outbox import PASSED, SENDABLE, words

APART = timedelta(seconds=30)
"""How far others who claim may be ahead: their clocks, and what passes between a look at ours and the claim itself."""

_DELIVERY, _LANE = table_of(DeliveryRow), table_of(LaneRow)
_EARLIER = _DELIVERY.alias("earlier")


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A delivery in this worker's hand, as it stands since the claim (its fence and lease are this claim's own).

    `endpoint` is where it goes, None where staff set none. `troubled`: calls to it failed of late. `probe`: this is
    the one call that may go to an endpoint whose circuit is half-open. `provision`: what was read for it beforehand.
    """

    delivery: StoredDelivery
    endpoint: Endpoint | None
    troubled: bool = False
    probe: bool = False
    provision: Provision | None = None


@dataclass
class Taken:
    """What a look brought. `contended`: another worker was claiming from a lane. `again_at`: when one opens again."""

    claimed: list[Claimed] = field(default_factory=list)
    contended: bool = False
    again_at: datetime | None = None

    def wait_until(self, at: datetime) -> None:
        """Look again then, if not before."""
        self.again_at = at if self.again_at is None else min(at, self.again_at)


def open_lanes(connection: Connection, lanes: Iterable[tuple[str, str]]) -> None:
    """See that there is a row for each of these lanes, given as (agency, interaction): it is what claims lock."""
    rows = [{"agency": agency, "interaction": interaction} for agency, interaction in lanes]
    insert_missing(connection, LaneRow, rows)


def take(
    connection: Connection, lanes: Sequence[Lane], wanted: int, now: datetime, *, only: str | None = None
) -> Taken:
    """Claim up to `wanted` deliveries that are due, spread over these lanes; `only`: none but this delivery."""
    taken = Taken()
    if not lanes or wanted < 1:
        return taken
    roads = Roads(connection, lanes)
    share = -(-wanted // len(lanes))
    for lane in lanes:
        room = min(share, wanted - len(taken.claimed))
        if room > 0:
            _from_lane(connection, lane, roads, room, now, only, taken)
    return taken


def release(connection: Connection, claimed: Sequence[Claimed]) -> None:
    """Give back what was not begun: it may be claimed again at once. What another has claimed since stays as it is."""
    statement = update(_DELIVERY).where(
        _DELIVERY.c.id == bindparam("released"),
        _DELIVERY.c.fence == bindparam("with_fence"),
        _DELIVERY.c.state.in_(words(SENDABLE)),
    )
    rows = [{"released": each.delivery.id, "with_fence": each.delivery.fence} for each in claimed]
    if rows:
        connection.execute(statement.values(lease_until=None), rows)
    for each in claimed:
        if each.probe and each.endpoint is not None:
            circuits.end_probe(connection, each.endpoint)


def release_all(connection: Connection) -> None:
    """Take back every claim of which no attempt has begun. For the only process on a store, as it begins."""
    given = (_DELIVERY.c.state.in_(words(SENDABLE)), _DELIVERY.c.lease_until.is_not(None))
    connection.execute(update(_DELIVERY).where(*given).values(lease_until=None))


def hold(connection: Connection, agency: str, interaction: str, now: datetime, until: datetime) -> None:
    """Leave a lane alone until then: its agency asked for it. A later moment that was asked for before stays."""
    longer = or_(_LANE.c.held_until.is_(None), _LANE.c.held_until < until, _LANE.c.held_at > now)
    place = (_LANE.c.agency == agency) & (_LANE.c.interaction == interaction)
    connection.execute(update(_LANE).where(place, longer).values(held_until=until, held_at=now))


def _from_lane(
    connection: Connection, lane: Lane, roads: Roads, room: int, now: datetime, only: str | None, taken: Taken
) -> None:
    row = roads.locked(lane)  # 1. lanes
    if row is None:
        taken.contended = True
        return
    if _held(connection, lane, row, now, taken):  # 2. held
        return
    endpoint = roads.endpoint(lane)
    circuit = roads.circuit(endpoint) if endpoint is not None else None
    probe = False
    if endpoint is not None and circuit is not None:  # 3. circuit
        stands = _standing(connection, circuit, endpoint, now, taken)
        if stands in (Standing.OPEN, Standing.PROBING):
            return
        probe = stands is Standing.HALF_OPEN
    room = min(1 if probe else room, _limit(connection, lane, row, now, taken))  # 4. limits
    if room < 1:
        return
    found = _heads(connection, lane, room, now, only)  # 5. heads
    lease = now + lane.lease
    if not found or (probe and endpoint is not None and not circuits.begin_probe(connection, endpoint, now, lease)):
        return
    connection.execute(_CLAIM, {"claimed": [each["id"] for each in found], "lease": lease})  # 6. lease
    if lane.pace is not None:
        paced = lane.pace.after(row.paced_until, now, len(found))
        _pace(connection, lane, paced)
    for each in found:
        delivery = StoredDelivery(**{**each, "fence": each["fence"] + 1, "lease_until": lease})
        troubled = circuit is not None and circuit.failures > 0
        taken.claimed.append(Claimed(delivery=delivery, endpoint=endpoint, troubled=troubled, probe=probe))


def _standing(connection: Connection, circuit: CircuitRow, endpoint: Endpoint, now: datetime, taken: Taken) -> Standing:
    """How a circuit stands; where it is open, `taken` learns when to look again."""
    stands = circuits.standing(circuit, endpoint.url, now)
    if stands is Standing.OPEN and circuit.open_until is not None and circuit.opened_at is not None:
        circuits.restart(connection, circuit, now)
        taken.wait_until(rebased(circuit.open_until, circuit.opened_at, now)[0])
    return stands


def _held(connection: Connection, lane: Lane, row: LaneRow, now: datetime, taken: Taken) -> bool:
    if row.held_until is None or row.held_at is None:
        return False
    until, since = rebased(row.held_until, row.held_at, now)
    if since != row.held_at:
        connection.execute(_on_lane(lane).values(held_until=until, held_at=since))
    if now >= until:
        return False
    taken.wait_until(until)
    return True


def _limit(connection: Connection, lane: Lane, row: LaneRow, now: datetime, taken: Taken) -> int:
    until = {"longest": _longest(lane, now), "longest_of_all": now + lane.agency_lease + APART}
    of_lane, of_agency = connection.execute(_IN_HAND, {**lane.key, "now": now, **until}).one()
    room = min(lane.concurrency - of_lane, lane.agency_concurrency - of_agency)  # when one is over, its worker says so
    if lane.pace is not None:
        paced_until = lane.pace.drawn_in(row.paced_until, now)
        if paced_until != row.paced_until:
            _pace(connection, lane, paced_until)
        allowed = lane.pace.room(paced_until, now)
        if allowed == 0:
            taken.wait_until(lane.pace.ready_at(paced_until, now))
        room = min(room, allowed)
    return room


def _heads(connection: Connection, lane: Lane, room: int, now: datetime, only: str | None) -> list[Mapping[str, Any]]:
    asked = {**lane.key, "now": now, "longest": _longest(lane, now), "room": room}
    statement = _HEADS if only is None else _HEADS.where(_DELIVERY.c.id == only)
    return [dict(row) for row in connection.execute(statement, asked).mappings()]


def _longest(lane: Lane, now: datetime) -> datetime:
    """No lease that counts ends later."""
    return now + lane.lease + APART


def _pace(connection: Connection, lane: Lane, until: datetime | None) -> None:
    connection.execute(_PACED, {"of_agency": lane.agency, "of_interaction": lane.interaction, "paced": until})


def _on_lane(lane: Lane) -> Any:
    return update(_LANE).where(_LANE.c.agency == lane.agency, _LANE.c.interaction == lane.interaction)


# Built once: building a statement takes longer than running it.

_IN_LANE = (_DELIVERY.c.agency == bindparam("agency"), _DELIVERY.c.interaction == bindparam("interaction"))
_NOW, _LONGEST = bindparam("now", type_=_DELIVERY.c.due_at.type), bindparam("longest", type_=_DELIVERY.c.due_at.type)
_LEASE = bindparam("lease", type_=_DELIVERY.c.lease_until.type)

_PACED = (
    update(_LANE)
    .where(_LANE.c.agency == bindparam("of_agency"), _LANE.c.interaction == bindparam("of_interaction"))
    .values(paced_until=bindparam("paced", type_=_LANE.c.paced_until.type))
)

_LONGEST_OF_ALL = bindparam("longest_of_all", type_=_DELIVERY.c.lease_until.type)
_IN_HAND = select(
    func.count(case(((_IN_LANE[1] & (_DELIVERY.c.lease_until <= _LONGEST)), 1))),
    func.count(),
).where(_IN_LANE[0], _DELIVERY.c.lease_until > _NOW, _DELIVERY.c.lease_until <= _LONGEST_OF_ALL)

_HELD_UP = exists().where(
    _EARLIER.c.queue == _DELIVERY.c.queue,
    _EARLIER.c.position < _DELIVERY.c.position,
    _EARLIER.c.state.not_in(words(PASSED)),
)

_HEADS = (
    select(*(_DELIVERY.c[name] for name in COLUMNS))
    .where(
        _DELIVERY.c.state.in_(words(SENDABLE)),
        *_IN_LANE,
        _DELIVERY.c.due_at <= _NOW,
        or_(_DELIVERY.c.lease_until.is_(None), _DELIVERY.c.lease_until <= _NOW, _DELIVERY.c.lease_until > _LONGEST),
        ~_HELD_UP,
    )
    .order_by(_DELIVERY.c.due_at, _DELIVERY.c.id)
    .limit(bindparam("room"))
    .with_for_update(skip_locked=True, of=_DELIVERY)
)

_CLAIM = (
    update(_DELIVERY)
    .where(_DELIVERY.c.id.in_(bindparam("claimed", expanding=True)))
    .values(fence=_DELIVERY.c.fence + 1, lease_until=_LEASE)
)
