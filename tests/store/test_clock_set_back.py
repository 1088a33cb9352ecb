"""A clock that is set back keeps nothing waiting; one that is not the server's lets deliveries alone. Both are said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from gateway.operations.clock_watch import COMPARED_EACH_S, TOLERATED, ClockWatch
from gateway.operations.standing import Standing
from gateway.store.plan import Insert, Plan, table_of
from gateway.store.reading import Reader
from gateway.store.tables import CheckpointRow, DeliveryRow
from gateway.store.unit_of_work import GroupCommit
from tests.office.house import NOW
from tests.store.rows import delivery

HOUR = timedelta(hours=1)


class Times:
    """A clock that is set, and one that only counts."""

    def __init__(self) -> None:
        self.at = NOW
        self.counted = 0.0
        self.server: list[float] = []
        """What each comparison with the server's clock brings, 0 after the last."""

    def apart(self) -> float:
        return self.server.pop(0) if self.server else 0.0

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.counted += seconds


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def standing() -> Standing:
    return Standing(lambda: "hub a")


@pytest.fixture
def watch(reader: Reader, writer: GroupCommit, times: Times, standing: Standing) -> ClockWatch:
    return ClockWatch(
        reader=reader,
        transactions=writer,
        clock=lambda: times.at,
        seconds=lambda: times.counted,
        apart=times.apart,
        standing=standing,
    )


def due(engine: Engine) -> dict[str, timedelta]:
    """When each delivery is due, counted from the beginning."""
    table = table_of(DeliveryRow)
    with engine.connect() as connection:
        return {row.id: row.due_at - NOW for row in connection.execute(select(table.c.id, table.c.due_at))}


def wait(writer: GroupCommit, **at: timedelta) -> None:
    for name, (state, after) in {name: (name.partition("_")[0], after) for name, after in at.items()}.items():
        row = delivery(name, f"{name}/dpupr", 1, state.replace("notsent", "not-sent"))
        writer.commit(Plan.of(Insert(DeliveryRow, {**row, "due_at": NOW + after})))


def test_what_waits_for_a_time_that_was_never_meant_is_drawn_in(
    watch: ClockWatch, writer: GroupCommit, engine: Engine, times: Times
) -> None:
    assert watch.run_once() is None
    wait(writer, notsent_1=HOUR + timedelta(seconds=5), queued_1=HOUR, answered_1=HOUR, queued_2=-HOUR)
    times.at += HOUR  # somebody sets it wrong: forward, nothing waits for that
    assert watch.run_once() is None
    times.pass_(10)
    times.at -= HOUR
    said = watch.run_once()
    assert said == HOUR
    assert due(engine) == {
        "notsent_1": timedelta(seconds=10),  # its time has passed by now, and not before now
        "queued_1": timedelta(seconds=10),
        "answered_1": HOUR,
        "queued_2": -HOUR,
    }
    assert watch.run_once() is None


def test_what_has_a_right_time_keeps_it_where_the_clock_only_runs(
    watch: ClockWatch, writer: GroupCommit, engine: Engine, times: Times
) -> None:
    wait(writer, notsent_1=timedelta(minutes=7))
    assert watch.run_once() is None
    times.pass_(60)
    assert watch.run_once() is None
    times.at -= TOLERATED - timedelta(seconds=1)
    assert watch.run_once() is None
    assert due(engine) == {"notsent_1": timedelta(minutes=7)}


def test_a_hub_that_starts_with_a_clock_behind_its_ledger_notices(
    watch: ClockWatch, writer: GroupCommit, engine: Engine
) -> None:
    writer.commit(Plan.of(Insert(CheckpointRow, {"size": 1, "previous": 0, "note": "n", "at": NOW + HOUR})))
    wait(writer, unknown_1=2 * HOUR)
    assert watch.run_once() == HOUR
    assert due(engine) == {"unknown_1": HOUR}
    assert watch.run_once() is None


def test_each_minute_the_clock_is_compared_with_the_servers_and_a_change_is_said_once(
    watch: ClockWatch, times: Times, standing: Standing, capsys: pytest.CaptureFixture[str]
) -> None:
    times.server = [10.0, -10.1, 11.0, 9.9, 0.5]
    trusted = []
    for _ in range(4):
        watch.run_once()
        left = len(times.server)
        times.pass_(COMPARED_EACH_S - 1)
        watch.run_once()
        assert len(times.server) == left
        times.pass_(1)
        trusted.append(standing.trusts_its_clock)
    assert trusted == [True, False, False, True]
    assert times.server == [0.5]
    said = capsys.readouterr().out
    assert (said.count("clock-apart"), said.count("clock-right-again")) == (1, 1)
    assert "10 s behind the database server's" in said


def test_a_clock_that_is_set_is_compared_at_once(watch: ClockWatch, times: Times, standing: Standing) -> None:
    watch.run_once()
    times.server = [3600.0]
    times.at += HOUR
    watch.run_once()
    assert not standing.trusts_its_clock
    times.at -= HOUR
    watch.run_once()
    assert standing.trusts_its_clock
