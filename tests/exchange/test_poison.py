"""What nobody foresaw ends one attempt of one delivery: it stops no other, and no answer is lost by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.exchange.concluding import Concluding
from gateway.exchange.verdict import HELD_BACK
from tests.exchange.deliveries import LEASE_S, asked, meanwhile, now, send
from tests.exchange.stage import RINA, Stage

QUOTED = "Siti 9999014506900001"


class Poison(Exception):
    """What nobody foresaw; its text must be told to nobody."""


def poisoned(*_: object, **__: object) -> Any:
    raise Poison(QUOTED)


def test_a_delivery_that_nobody_can_prepare_stops_no_other_and_is_not_tried_again_at_once(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    bad, good = asked(stage, "dukcapil"), asked(stage, "dukcapil")
    preparing = stage.hub.outbound._preparing
    prepare = preparing.prepare
    tries: list[str] = []

    def sometimes(row: Any, *more: Any) -> Any:
        tries.append(row.id)
        return poisoned() if row.id == bad.id else prepare(row, *more)

    preparing.prepare = sometimes  # type: ignore[method-assign, assignment]  # no adapter can raise past its MappingFault
    assert send(stage) == 1
    assert [send(stage) for _ in range(5)] == [0] * 5
    assert tries.count(bad.id) == 1
    row = now(stage, bad)
    assert (row.state, row.attempts, row.lease_until) == ("queued", 0, None)
    assert row.due_at == stage.clock() + HELD_BACK
    assert "Poison" in (row.cause or "")
    assert "Siti" not in (row.cause or "") + capsys.readouterr().out
    assert now(stage, good).state == "answered"
    stage.clock.at = row.due_at
    assert (send(stage), tries.count(bad.id)) == (0, 2)
    preparing.prepare = prepare  # type: ignore[method-assign]  # mended
    stage.clock.advance(minutes=1)
    assert send(stage) == 1
    assert now(stage, bad).state == "answered"


@pytest.mark.parametrize("where", ["calling", "reading", "concluding"])
def test_an_error_that_nobody_foresaw_ends_its_own_attempt_and_keeps_the_answer(
    stage: Stage, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dukcapil")
    with monkeypatch.context() as patched:
        if where == "calling":
            patched.setattr(stage.hub._client, "send", poisoned)
        elif where == "reading":
            patched.setattr("gateway.exchange.speaking.RestSpeaker.hear", poisoned)
        else:
            patched.setattr("gateway.exchange.concluding.Concluding._steps", _unless_ours(poisoned))
        assert send(stage) == 1
    row = now(stage, delivery)
    assert (row.state, row.outcome) == (("unknown", "unknown") if where == "calling" else ("dead", "hub-fault"))
    assert ("reply-1" in stage.parts(delivery.id)) is (where != "calling")
    assert "Siti" not in (row.cause or "")
    calls = len(stage.town.calls["dukcapil"])
    assert send(stage) == 0
    if where == "calling":
        stage.clock.at = row.due_at
    else:
        stage.letters.redrive(delivery.id, RINA.actor)
    assert send(stage) == 1
    assert now(stage, delivery).state == "answered"
    assert len(stage.town.calls["dukcapil"]) == calls + 1


def _unless_ours(fault: Callable[..., Any]) -> Callable[..., Any]:
    """Raises whatever an end means, but not for one that only says that it cannot be read."""
    rest = Concluding._steps

    def steps(*given: Any) -> Any:
        return rest(*given) if given[2].outcome == "hub-fault" else fault()

    return steps


@pytest.mark.parametrize("taken_over", [False, True])
def test_an_end_that_nobody_can_write_down_holds_no_worker_though_its_delivery_has_moved(
    stage: Stage, taken_over: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = asked(stage, "dukcapil")
    steps = Concluding._steps
    pauses: list[float] = []

    def stuck(_call: object) -> None:
        stage.clock.advance(seconds=LEASE_S)
        assert stage.hub.outbound.recover() == 1
        if taken_over:
            stage.clock.at = now(stage, delivery).due_at
            stage.hub.claiming.take(1)
        monkeypatch.setattr(Concluding, "_steps", lambda *given, **_: (poisoned if given[2].effects else steps)(*given))

    def pause(seconds: float) -> bool:
        pauses.append(seconds)
        return len(pauses) < 3

    meanwhile(stage, "dukcapil", stuck)
    monkeypatch.setattr(stage.hub.outbound._ends, "_pause", pause)
    assert stage.hub.outbound.deliver(delivery.id)
    assert pauses == []
    assert "reply-1" in stage.parts(delivery.id)
    assert now(stage, delivery).state == ("unknown" if taken_over else "dead")
