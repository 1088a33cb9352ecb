"""Agencies that ask to wait, and endpoints that are down: left alone, and what waits for them is bounded."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import HubBusy, Refused
from gateway.operations.endpoints import Endpoints
from tests.exchange.deliveries import asked, now, send
from tests.exchange.stage import RINA, Stage
from tests.exchange.town import raw, refused_port

# --- agencies that ask to wait ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "after", "state"),
    [
        (503, "60", "not-sent"),
        (429, "{date}", "not-sent"),
        (302, "60", "not-sent"),
        (500, "{date}", "unknown"),
    ],
)
def test_an_agency_that_says_when_is_not_called_before_for_any_delivery(
    stage: Stage, status: int, after: str, state: str
) -> None:
    first = asked(stage, "dukcapil")
    until = stage.clock() + timedelta(seconds=60)
    text = after.replace("{date}", f"{until:%a, %d %b %Y %H:%M:%S GMT}")
    stage.town.next("dukcapil", raw(b"", status, retry_after=text))
    assert send(stage) == 1
    assert (now(stage, first).state, now(stage, first).due_at) == (state, until)
    second = asked(stage, "dukcapil")
    assert stage.hub.claiming.take(5).again_at == until
    stage.clock.advance(seconds=59)
    assert send(stage) == 0
    assert now(stage, second).attempts == 0
    stage.clock.advance(seconds=1)
    assert send(stage) == 2
    assert {now(stage, each).state for each in (first, second)} == {"answered"}


def test_an_agency_is_obeyed_for_a_day_at_most_and_the_others_are_called(stage: Stage) -> None:
    first = asked(stage, "dukcapil")
    stage.town.next("dukcapil", raw(b"", 503, retry_after="99999999"))
    send(stage)
    begun = stage.clock()
    assert now(stage, first).due_at == begun + timedelta(days=1)
    stage.clock.advance(hours=24)
    assert send(stage) == 1


# --- endpoints that are down --------------------------------------------------------------------------------------


def down(stage: Stage, agency: str = "dukcapil") -> list[Any]:
    """An endpoint at which five calls in a row failed; five deliveries of it have an attempt, three none."""
    stage.endpoint(agency, f"http://127.0.0.1:{refused_port()}/")
    cases = [asked(stage, agency) for _ in range(8)]
    assert send(stage, 4) == 4
    assert send(stage, 1) == 1
    return cases


def closing(stage: Stage) -> Endpoints:
    store = stage.hub.store
    return Endpoints(store.reader, store.unit_of_work, store.leaves, stage.clock, stage.hub.wake)


def test_an_endpoint_that_is_down_is_left_alone_and_what_waits_uses_up_no_attempts(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    deliveries = down(stage)
    assert "circuit-opened" in capsys.readouterr().out
    (seen,) = [each for each in closing(stage).seen() if each.agency == "dukcapil"]
    assert (seen.standing.value, seen.failures, sum(lane.waiting for lane in seen.lanes)) == ("open", 5, 8)
    assert send(stage) == 0
    assert sum(now(stage, each).attempts for each in deliveries) == 5
    assert seen.until is not None
    stage.clock.at = seen.until
    assert send(stage) == 1  # the probe
    assert send(stage) == 0
    assert sum(now(stage, each).attempts for each in deliveries) == 6
    stage.endpoint("dukcapil", f"{stage.street.url}/dukcapil")  # another URL has a clean slate
    stage.clock.advance(hours=1)
    while send(stage):
        stage.clock.advance(seconds=1)  # no faster than agreed
    assert {now(stage, each).state for each in deliveries} == {"answered"}
    assert closing(stage).seen()[0].standing.value == "closed"


def test_a_probe_that_succeeds_closes_the_circuit_for_everybody(stage: Stage) -> None:
    for _ in range(5):
        asked(stage, "dukcapil")
        stage.town.next("dukcapil", raw(b"", 500))
        assert send(stage, 1) == 1
    assert send(stage) == 0
    stage.clock.advance(hours=1)
    assert send(stage) == 1
    assert send(stage) == 4


def test_an_agency_that_refuses_or_talks_nonsense_is_there(stage: Stage) -> None:
    for number in range(12):
        asked(stage, "dukcapil")
        stage.town.next("dukcapil", raw(b"no", (404, 200, 429)[number % 3]))
        assert send(stage, 1) == 1
        stage.clock.advance(seconds=1)
    assert all(each.standing.value == "closed" for each in closing(stage).seen())


def test_staff_close_a_circuit_after_mending_and_a_leaf_says_so(stage: Stage) -> None:
    deliveries = down(stage)
    with pytest.raises(Refused, match="no endpoint"):
        closing(stage).close("dukcapil", "verify-resident", RINA.actor)
    closing(stage).close("dukcapil", "*", RINA.actor)
    stored = [each for row in stage.rows("leaf")["leaf"] for each in row if isinstance(each, bytes)]
    (leaf,) = [json.loads(each) for each in stored if b"circuit-closed" in each]
    assert leaf["extra"] == {"step": "circuit-closed", "agency": "dukcapil"}
    stage.clock.advance(seconds=1)
    assert send(stage, 1) == 1
    assert sum(now(stage, each).attempts for each in deliveries) == 6
    with pytest.raises(Refused, match="nothing to close"):
        closing(stage).close("dukcapil", "*", RINA.actor)


def test_what_waits_for_an_agency_is_bounded_and_nothing_of_a_step_beyond_is_kept(stage: Stage) -> None:
    object.__setattr__(stage.hub.casework, "max_waiting", 2)
    for _ in range(2):
        stage.register()
    with stage.unchanged("leaf"), pytest.raises(HubBusy, match="2 deliveries wait to be sent to dukcapil") as raised:
        stage.register()
    assert (raised.value.code, raised.value.after_s) == ("agency-queue-full", 60)
    assert send(stage, 1) == 1
    stage.register()


def test_an_answer_is_taken_however_much_waits(stage: Stage) -> None:
    case = stage.register()
    object.__setattr__(stage.hub.casework, "max_waiting", 1)
    stage.deliver("dukcapil")
    assert stage.case(case.id).residency is not None
