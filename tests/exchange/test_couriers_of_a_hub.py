"""The workers of a whole hub: it delivers, tells of threads that ended, and sends nothing by a clock that is wrong."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from gateway.app import starting
from gateway.domain.errors import Misconfigured
from gateway.operations.health import look
from gateway.settings import Mode
from tests.exchange.deliveries import asked, now
from tests.exchange.shelves import PATIENCE_S
from tests.exchange.stage import Stage


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_has_ended_is_told(stage: Stage) -> None:
    class Ends(Exception):
        """Stands for what no thread outlives."""

    def ends(_room: float) -> int:
        raise Ends

    couriers = stage.hub._couriers
    couriers._in_hand.room = ends  # type: ignore[method-assign, assignment]  # no door leads to what nobody foresaw
    stage.hub.start()
    (claimer,) = [thread for thread in couriers._threads if thread.name == "claimer"]
    claimer.join(PATIENCE_S)
    found = look(stage.hub.store.reader, stage.hub.store.unit_of_work, stage.clock(), stage.hub.standing)
    assert "threads that deliver have ended (claimer): start this process again" in found.warnings
    stage.hub.begin_to_end()
    assert couriers.pause(PATIENCE_S) is False
    assert couriers.trouble() == ""


def test_a_hub_that_runs_delivers_what_it_is_woken_for_and_stops_in_good_order(stage: Stage) -> None:
    deliveries = [asked(stage, "dukcapil") for _ in range(4)]
    stage.hub.start()
    with stage.town.heard:
        assert stage.town.heard.wait_for(lambda: len(stage.town.calls["dukcapil"]) == 4, PATIENCE_S)
    stage.restart()
    assert {now(stage, each).state for each in deliveries} == {"answered"}
    assert {now(stage, each).lease_until for each in deliveries} == {None}


def test_a_hub_whose_clock_is_not_the_servers_sends_nothing_and_takes_nothing_back_until_it_is(stage: Stage) -> None:
    lost, waiting = asked(stage, "dukcapil"), asked(stage, "dukcapil")

    def dies(_call: object) -> None:
        raise SystemExit

    stage.hub._client.send = dies  # type: ignore[method-assign, assignment]  # a worker that ends while it calls
    with pytest.raises(SystemExit):
        stage.hub.outbound.deliver(lost.id)
    stage.clock.advance(minutes=5)
    stage.restart()
    for apart_s in (11.0, -11.0, 9.0):
        stage.apart_s = apart_s
        stage.hub.start()
        if apart_s == 9.0:
            assert now(stage, lost).state == "unknown"
            with stage.town.heard:
                assert stage.town.heard.wait_for(lambda: stage.town.calls["dukcapil"], PATIENCE_S)
        stage.restart()
        if abs(apart_s) > 10:
            assert (now(stage, lost).state, now(stage, waiting).state) == ("sending", "queued")
            assert stage.town.calls["dukcapil"] == []
    assert now(stage, waiting).state == "answered"


def test_clocks_that_are_too_far_apart_are_refused_in_production_and_told_in_development(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(starting, "doubts", lambda _engine: ())
    production = stage.settings.model_copy(update={"mode": Mode.PRODUCTION})
    for apart_s, refuses, warns in ((10.0, False, True), (-10.5, True, True), (4.0, False, False)):
        monkeypatch.setattr(starting, "apart", lambda *_, apart_s=apart_s: apart_s)
        with pytest.raises(Misconfigured, match="10 s behind") if refuses else nullcontext() as told:
            starting.make_sure(production, stage.hub.store, stage.certificate, stage.clock)
        assert told is None or told.value.code == "clocks-apart"
        capsys.readouterr()
        starting.make_sure(stage.settings, stage.hub.store, stage.certificate, stage.clock)
        assert ("the database server's" in capsys.readouterr().out) is warns
