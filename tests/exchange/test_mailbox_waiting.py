"""Agencies that wait at their mailbox: woken, answered in the end, bounded; nothing of it is kept meanwhile."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any
from unittest import mock
from urllib.parse import urlsplit

import pytest

from conformance.signing import jws
from gateway.edge import waiting_room
from tests.exchange import mailbox_voices as mailbox
from tests.exchange.keys import agency_identity
from tests.exchange.mailbox_voices import asked, laid
from tests.exchange.stage import Stage
from tests.exchange.voices import JSON, Said

PATIENCE_S = 15.0
WAITS = {"waitS": 20}


@contextmanager
def waiting(stage: Stage, transport: str = "rest", number: int = 1) -> Iterator[Future[Said]]:
    """Satpol PP waits at the hub inside."""
    say, _ = mailbox.BOTH[transport]
    stage.client.timeout = PATIENCE_S
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(say, stage, "collect", WAITS, message_id=f"waits-{number}")
        until_waits(stage, said)
        yield said


def until_waits(stage: Stage, said: Future[Said]) -> None:
    until(lambda: bool(stage.hub.limits.waiting.waited_for) or said.done())
    assert not said.done(), said.result().body
    assert stage.hub.limits.waiting.waited_for == {"satpolpp"}


def until(so: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE_S / 0.01)):
        if so():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to that")


def items(stage: Stage, transport: str, said: Future[Said]) -> list[Any]:
    _, read = mailbox.BOTH[transport]
    found: list[Any] = read(stage, said.result(PATIENCE_S), "satpolpp")["item"]
    return found


@pytest.mark.parametrize("transport", mailbox.BOTH)
def test_who_waits_is_given_what_is_laid_down_and_nothing_is_kept_before(stage: Stage, transport: str) -> None:
    with waiting(stage, transport) as said:
        assert stage.exchanges("satpolpp") == []
        assert stage.hub.limits.crew._taken == 0  # no place is held
        delivery = laid(stage)
        assert [each["messageId"] for each in items(stage, transport, said)] == [delivery.message_id]
    assert len(stage.exchanges("satpolpp")) == 1
    assert stage.hub.limits.waiting.waited_for == frozenset()


def test_who_waited_long_enough_is_told_that_nothing_is_there_and_that_is_kept(stage: Stage) -> None:
    with waiting(stage) as said:
        stage.clock.advance(seconds=20)
        stage.hub.laid_down("satpolpp")
        assert items(stage, "rest", said) == []
    assert len(stage.exchanges("satpolpp")) == 1


def test_what_another_process_laid_down_is_found_by_the_next_look(stage: Stage) -> None:
    with waiting(stage) as said:
        delivery = asked(stage)
        with mock.patch.object(stage.hub.outbound, "_laid_down", return_value=None):
            assert not stage.hub.outbound.deliver(delivery.id)
        stage.hub._look_into_mailboxes()
        assert [each["messageId"] for each in items(stage, "rest", said)] == [delivery.message_id]


def test_a_process_that_ends_answers_who_waits(stage: Stage) -> None:
    with waiting(stage) as said:
        stage.hub.limits.waiting.close()
        assert items(stage, "rest", said) == []


def test_a_client_that_goes_away_is_noticed_and_leaves_no_trace(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_room, "LOOK_S", 0.01)
    body = json.dumps(WAITS).encode()
    claims = {"iss": "satpolpp", "aud": "dpmptsp", "jti": "g", "agr": mailbox.AGREEMENT, "int": "mailbox.collect"}
    token = jws.sign_detached(body, agency_identity("satpolpp"), claims, at=stage.clock())
    client = HTTPConnection(urlsplit(stage.door.url).netloc)
    headers = {"Content-Type": JSON, jws.HEADER: token}
    client.request("POST", "/rest/satpolpp/mailbox/collect", body, headers)
    until(lambda: stage.hub.limits.waiting.waited_for == {"satpolpp"})
    client.close()
    until(lambda: not stage.hub.limits.waiting.waited_for)
    assert stage.exchanges("satpolpp") == []


def test_nobody_waits_who_is_not_proven_or_not_agreed_with(stage: Stage) -> None:
    stranger = mailbox.say_rest(stage, "collect", WAITS, signer=agency_identity("dpupr"), message_id="s")
    assert stranger.status in (400, 401, 403)
    stage.cease("satpolpp")
    assert mailbox.say_rest(stage, "collect", WAITS, message_id="c").code == "no-agreement"


def test_an_agreement_that_ends_while_somebody_waits_is_the_answer(stage: Stage) -> None:
    with waiting(stage) as said:
        stage.cease("satpolpp")
        stage.hub.laid_down("satpolpp")
        assert said.result(PATIENCE_S).code == "no-agreement"


@pytest.mark.parametrize("transport", mailbox.BOTH)
def test_who_finds_no_room_to_wait_is_told_when_to_come_again_and_nothing_is_kept(stage: Stage, transport: str) -> None:
    say, _ = mailbox.BOTH[transport]
    stage.hub.limits.waiting._each = 0
    full = say(stage, "collect", WAITS, message_id="full")
    assert (full.status, full.headers["retry-after"]) == (503, str(waiting_room.FULL_AFTER_S))
    assert b"mailbox-waits" in full.body
    assert stage.exchanges("satpolpp") == []
    delivery = laid(stage)
    _, read = mailbox.BOTH[transport]
    there = say(stage, "collect", WAITS, message_id="there")
    assert [each["messageId"] for each in read(stage, there, "satpolpp")["item"]] == [delivery.message_id]
