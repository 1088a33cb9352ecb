"""One process leads: the one whose session holds the lock, for as long as it has seen that it does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from gateway.store import leadership as module
from gateway.store.engine import connect_alone, open_engine
from gateway.store.leadership import HOLD_S, OnlyProcess, SharedLeadership, leadership
from tests.postgres import Server

SOON_S = 20.0


@pytest.fixture(scope="module")
def engine(server: Server) -> Iterator[Engine]:
    opened = open_engine(server.create("leadership"))
    yield opened
    opened.dispose()
    server.drop("leadership")


class Seconds:
    """A clock that a test moves."""

    at = 0.0

    def __call__(self) -> float:
        return self.at


Candidates = Callable[[str], SharedLeadership]


@pytest.fixture
def candidate(engine: Engine) -> Iterator[Candidates]:
    made: list[SharedLeadership] = []

    def make(name: str, seconds: Callable[[], float] = time.monotonic) -> SharedLeadership:
        made.append(SharedLeadership(engine, name, seconds))
        return made[-1]

    yield make
    for each in made:
        each.stop()


def end_sessions(engine: Engine, name: str) -> None:
    with connect_alone(engine, "test") as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name LIKE %s", (f"%{name}",)
        )


def until(holds: Callable[[], bool], look: Callable[[], None]) -> None:
    end = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < end
        look()


def test_of_two_one_leads_and_everybody_sees_which_and_the_other_follows_when_it_lets_go(candidate: Candidates) -> None:
    first, second = candidate("hub a"), candidate("worker b")
    assert first.leader() is None
    with capture_logs() as logs:
        for _ in range(2):
            first.look()
            second.look()
        assert (first.leads, second.leads) == (True, False)
        assert first.leader() == second.leader() == "hub a"
        first.stop()
        second.look()
    assert (first.leads, second.leads, first.leader()) == (False, True, "worker b")
    said = [(each["event"], each["name"]) for each in logs]
    assert said == [("lead-taken", "hub a"), ("lead-let-go", "hub a"), ("lead-taken", "worker b")]


def test_a_leader_whose_session_ended_stops_at_its_next_look_and_may_lead_again(
    candidate: Candidates, engine: Engine
) -> None:
    first, second = candidate("hub a"), candidate("worker b")
    first.look()
    second.look()
    end_sessions(engine, "hub a")
    with capture_logs() as logs:
        first.look()
        assert not first.leads
        second.look()
        first.look()
    assert (first.leads, second.leads) == (False, True)
    assert [each["event"] for each in logs] == ["lead-lost", "lead-taken"]
    second.stop()
    first.look()
    assert first.leads


def test_a_leader_that_cannot_look_stops_by_itself_before_the_server_ends_its_session(engine: Engine) -> None:
    seconds = Seconds()
    leader = SharedLeadership(engine, "hub a", seconds)
    leader.look()
    led = []
    for seconds.at in (HOLD_S - 0.1, HOLD_S):
        led.append(leader.leads)
    leader.look()
    led.append(leader.leads)
    leader.stop()
    assert led == [True, False, True]
    assert module.LOOK_S * 2 < HOLD_S < module.SILENT_S


def test_a_session_that_is_silent_is_ended_so_that_a_paused_leader_is_followed(
    candidate: Candidates, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused, other = candidate("hub a"), candidate("worker b")
    monkeypatch.setattr(module, "SILENT_S", 0.05)
    paused.look()
    monkeypatch.undo()
    until(lambda: other.leads, other.look)
    paused.look()  # it wakes
    assert not paused.leads


def test_in_its_thread_it_tells_when_it_leads_and_lives_through_a_lost_session(
    candidate: Candidates, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    told: list[str] = []
    leader = candidate("hub a")
    leader.start(lambda: told.append("leads"))
    assert told == ["leads"]
    end_sessions(engine, "hub a")
    until(lambda: len(told) == 2, lambda: None)
    assert leader.leads


def test_on_sqlite_the_only_process_leads(tmp_path: object) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/a.db")
    only = leadership(engine, "hub a")
    told: list[str] = []
    assert isinstance(only, OnlyProcess)
    only.start(lambda: told.append("leads"))
    assert (only.leads, only.leader(), told) == (True, "hub a", ["leads"])
    only.stop()
