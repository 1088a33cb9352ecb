"""Claims by lease: who gets what, within which limits, on either engine, from any number of workers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from gateway.store import circuits, claims
from gateway.store.circuits import CircuitPolicy, Endpoint, Failure, Standing, Turn
from gateway.store.claims import Claimed
from gateway.store.outgoing import StoredDelivery
from gateway.store.reading import Reader
from gateway.store.tables import DeliveryRow, EndpointRow
from gateway.store.unit_of_work import GroupCommit
from tests.store.claiming import LEASE, Take, ids, lane
from tests.store.rows import NOW, Put, delivery

SECOND = timedelta(seconds=1)
URL = "http://127.0.0.1:1/"
ENDPOINT = Endpoint(agency="dpupr", interaction="*", url=URL)
POLICY = CircuitPolicy(failures=3, first=timedelta(seconds=20), most=timedelta(seconds=60))


def many(count: int, **values: Any) -> list[dict[str, Any]]:
    return [delivery(f"d-{number:03}", f"q-{number:03}", 1, "queued", **values) for number in range(count)]


def test_a_claim_takes_the_heads_of_queues_and_gives_each_the_next_fence_and_a_lease(
    take: Take, put: Put, reader: Reader
) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "dead"),
        delivery("a-2", "a", 2, "queued"),
        delivery("b-1", "b", 1, "awaiting"),
        delivery("b-2", "b", 2, "not-sent", fence=7),
        delivery("b-3", "b", 3, "queued"),
        delivery("c-1", "c", 1, "queued", due=1),
        delivery("d-1", "d", 1, "sending"),
        delivery("e-1", "e", 1, "unknown", due=-1),
    )
    taken = take(10)
    assert ids(taken) == ["e-1", "b-2"]
    for each in taken.claimed:
        row = reader.delivery(each.delivery.id)
        assert row is not None
        assert StoredDelivery.of(row) == each.delivery  # what the worker has is what is stored
        assert row.lease_until == NOW + LEASE
    assert [each.delivery.fence for each in taken.claimed] == [1, 8]
    assert [row.state for row in reader.deliveries(("not-sent", "unknown"))] == ["not-sent", "unknown"]
    assert ids(take(10)) == []
    assert ids(take(10, NOW + LEASE - SECOND, lane())) == []
    assert [(each.delivery.id, each.delivery.fence) for each in take(10, NOW + LEASE).claimed] == [
        ("e-1", 2),
        ("b-2", 9),
    ]


def test_what_is_given_back_may_be_claimed_at_once_and_what_another_has_by_now_stays_his(
    take: Take, put: Put, writer: GroupCommit
) -> None:
    put(DeliveryRow, *many(2))
    mine = take(2).claimed
    theirs = take(1, NOW + LEASE).claimed[0]
    writer.within(lambda each: claims.release(each, mine))
    again = take(2, NOW + LEASE)
    assert theirs.delivery.id not in ids(again)
    assert len(again.claimed) == 1
    writer.within(claims.release_all)
    assert len(take(5, NOW + LEASE).claimed) == 2


def test_workers_that_claim_at_the_same_time_share_and_never_go_over_what_may_go_at_once(
    take: Take, put: Put, writer: GroupCommit
) -> None:
    put(DeliveryRow, *many(60))
    take(0)
    ways = (lane(concurrency=40),)

    def worker(_number: int) -> list[Claimed]:
        found: list[Claimed] = []
        while True:
            taken = writer.within(lambda each: claims.take(each, ways, 5, NOW))
            if not taken.claimed and not taken.contended:
                return found
            found += taken.claimed

    with ThreadPoolExecutor(4) as pool:
        taken = [each.delivery.id for found in pool.map(worker, range(4)) for each in found]
    assert len(taken) == len(set(taken)) == 40


def test_all_lanes_of_an_agency_together_never_go_over_its_bound_whoever_claims_and_others_have_their_own(
    take: Take, put: Put, writer: GroupCommit
) -> None:
    names = ("a-notice", "technical-recommendation", "z-notice")
    for name in names:
        put(
            DeliveryRow,
            *(
                delivery(f"{name}-{number}", f"{name}-{number}", 1, "queued", due=-120, interaction=name)
                for number in range(20)
            ),
        )
    put(DeliveryRow, delivery("other", "other", 1, "queued", agency="dukcapil"))
    ways = [lane(name, agency_concurrency=25) for name in names]
    take(0, NOW, *ways, lane(agency="dukcapil"))

    def worker(number: int) -> list[Claimed]:
        found: list[Claimed] = []
        turned = ways[number % 3 :] + ways[: number % 3]
        while True:
            taken = writer.within(lambda each: claims.take(each, turned, 3, NOW))
            if not taken.claimed and not taken.contended:
                return found
            found += taken.claimed

    with ThreadPoolExecutor(6) as pool:
        claimed = [each for found in pool.map(worker, range(6)) for each in found]
    assert len({each.delivery.id for each in claimed}) == len(claimed) == 25
    assert len({each.delivery.interaction for each in claimed}) == 3
    assert ids(take(9, NOW, *ways, lane(agency="dukcapil", agency_concurrency=1))) == ["other"]
    writer.within(lambda each: claims.release(each, claimed[:2]))
    assert len(take(9, NOW, *ways).claimed) == 2
    back = NOW - timedelta(hours=1)  # leases from before the clock was set back fill no bound
    assert len(take(30, back, *ways).claimed) == 25


@pytest.mark.parametrize("ahead", [timedelta(milliseconds=1), claims.APART])
def test_a_worker_whose_clock_or_look_is_a_little_behind_takes_nothing_out_of_anothers_hand(
    take: Take, put: Put, ahead: timedelta
) -> None:
    put(DeliveryRow, *many(3))
    way = lane(concurrency=2)
    theirs = ids(take(1, NOW + ahead, way))
    ours = ids(take(3, NOW, way))
    assert len(theirs) == len(ours) == 1
    assert set(theirs).isdisjoint(ours)


def test_a_lease_of_a_clock_that_was_set_back_since_keeps_nobody_waiting(take: Take, put: Put) -> None:
    put(DeliveryRow, *many(1))
    assert ids(take(1, NOW + timedelta(hours=1))) == ids(take(1, NOW)) == ["d-000"]


@pytest.mark.parametrize(
    ("rate", "at_once", "later"), [(2.0, 2, 0.5), (1.0, 1, 1.0), (0.5, 1, 2.0), (30.0, 30, 1 / 30)]
)
def test_no_lane_is_faster_than_agreed_and_a_clock_that_is_set_back_stops_it_for_a_moment_alone(
    take: Take, put: Put, rate: float, at_once: int, later: float
) -> None:
    put(DeliveryRow, *many(40, due=-120))
    assert len(take(40, NOW, lane(rate=rate)).claimed) == at_once
    waiting = take(40, NOW, lane(rate=rate))
    assert waiting.claimed == []
    again = NOW + timedelta(seconds=later)
    assert waiting.again_at is not None
    assert abs(waiting.again_at - again) < timedelta(milliseconds=1)
    assert len(take(40, again + timedelta(milliseconds=1), lane(rate=rate)).claimed) == 1
    back = NOW - timedelta(hours=1)
    assert take(40, back, lane(rate=rate)).claimed == []
    assert len(take(40, back + max(SECOND, timedelta(seconds=later)), lane(rate=rate)).claimed) >= 1


def test_a_lane_that_its_agency_asked_to_leave_alone_waits_and_others_do_not(
    take: Take, put: Put, writer: GroupCommit
) -> None:
    put(DeliveryRow, *many(2, due=-120), delivery("other", "other", 1, "queued", due=-120, interaction="notice"))
    take(0, NOW, lane(), lane("notice"))
    until = NOW + timedelta(minutes=1)
    writer.within(lambda each: claims.hold(each, "dpupr", "technical-recommendation", NOW, until))
    writer.within(lambda each: claims.hold(each, "dpupr", "technical-recommendation", NOW, NOW))  # the later one stands
    held = take(1, NOW, lane())
    assert (ids(held), held.again_at) == ([], until)
    assert ids(take(9, NOW, lane(), lane("notice"))) == ["other"]
    back = NOW - timedelta(hours=1)
    held = take(1, back, lane())
    assert (ids(held), held.again_at) == ([], back + timedelta(minutes=1))
    assert len(take(1, back + timedelta(minutes=1), lane()).claimed) == 1


def test_a_lane_without_room_leaves_the_others_theirs(take: Take, put: Put) -> None:
    put(DeliveryRow, *many(50, due=-1), delivery("other", "other", 1, "queued", interaction="notice"))
    assert "other" in ids(take(8, NOW, lane(), lane("notice")))
    assert len(take(8, NOW, lane(concurrency=5), lane("notice")).claimed) == 1


def test_a_circuit_opens_after_failures_in_a_row_lets_one_probe_through_and_closes_when_it_succeeds(
    take: Take, put: Put, writer: GroupCommit, reader: Reader
) -> None:
    put(EndpointRow, {"agency": "dpupr", "interaction": "*", "url": URL})
    put(DeliveryRow, *many(20))

    def fails(at: datetime, *, probe: bool = False) -> Turn | None:
        failure = Failure(cause="no route", at=at, probe=probe, jitter=1.0)
        return writer.within(lambda each: circuits.failed(each, ENDPOINT, POLICY, failure))

    def succeeds(*, probe: bool = False) -> Turn | None:
        return writer.within(lambda each: circuits.succeeded(each, ENDPOINT, probe=probe))

    def stands(at: datetime, url: str = URL) -> Standing:
        rows = reader.circuits()
        return circuits.standing(rows[0] if rows else None, url, at)

    assert [fails(NOW), fails(NOW), succeeds(), fails(NOW), fails(NOW)] == [None] * 5
    assert stands(NOW) is Standing.CLOSED
    assert take(1).claimed[0].troubled
    assert fails(NOW) is Turn.OPENED
    opened = take(5)
    assert (ids(opened), opened.again_at) == ([], NOW + 20 * SECOND)
    assert [fails(NOW), succeeds()] == [None, None]  # calls that had begun before
    assert stands(NOW) is Standing.OPEN
    assert stands(NOW, "http://127.0.0.1:2/") is Standing.CLOSED  # staff set another URL
    probing = NOW + 20 * SECOND
    with ThreadPoolExecutor(4) as pool:
        probes = [each for taken in pool.map(lambda _: take(5, probing), range(4)) for each in taken.claimed]
    (probe,) = probes
    assert probe.probe
    assert stands(probing) is Standing.PROBING
    assert fails(probing, probe=True) is Turn.OPENED
    assert take(5, probing + 39 * SECOND).claimed == []  # twice as long
    second = take(5, probing + 40 * SECOND)
    assert len(second.claimed) == 1
    writer.within(lambda each: claims.release(each, second.claimed))  # its worker ended
    third = take(5, probing + 40 * SECOND)
    assert len(third.claimed) == 1
    assert succeeds(probe=True) is Turn.CLOSED
    assert len(take(5, probing + 40 * SECOND).claimed) == 5
    for _ in range(10):
        fails(NOW)
    row = reader.circuits()[0]
    assert row.open_until == NOW + 20 * SECOND
    back = NOW - timedelta(hours=1)  # a clock that is set back keeps it open no longer than it was meant to be
    assert take(5, back).again_at == back + 20 * SECOND
    assert reader.circuits()[0].open_until == back + 20 * SECOND


@contextmanager
def statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        asked.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def plan_of(engine: Engine, statement: str, parameters: Any) -> str:
    """How the database would go about it, if it had enough rows for an index to pay."""
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET enable_seqscan = off")
            connection.exec_driver_sql("SET enable_sort = off")
        rows = connection.exec_driver_sql(explain + statement, parameters).all()
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("RESET ALL")
    return "\n".join(str(row[-1]) for row in rows)


def test_what_is_done_is_in_no_index_that_a_claim_or_a_count_reads(
    take: Take, put: Put, engine: Engine, reader: Reader
) -> None:
    put(DeliveryRow, *many(3), delivery("done", "done", 1, "answered"))
    take(0)
    with statements(engine) as asked:
        take(2)
        reader.due_lanes(NOW)
        reader.next_due(NOW)
        reader.waiting_for("dpupr", 100)
        reader.delivery_counts()
        reader.deliveries(("dead",), 50)
        reader.due_reminders(NOW)
        reader.overdue(NOW)
    about = [each for each in asked if "FROM delivery" in each[0] and each[0].lstrip().startswith("SELECT")]
    assert len(about) >= 9
    for statement, parameters in about:
        plan = plan_of(engine, statement, parameters)
        partial = ("delivery_due", "delivery_leased", "delivery_unfinished", "delivery_reminder", "delivery_overdue")
        assert any(name in plan for name in partial), f"{statement}\n{plan}"
        if "earlier" in statement:
            assert "delivery_held" in plan, plan
