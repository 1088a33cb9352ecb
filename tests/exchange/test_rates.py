"""Who captured an agency's message sends it again and again: the agency's own new messages are taken all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeAlias

import pytest

from conformance.signing import jws, wss
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage

Send: TypeAlias = Callable[[Stage], voices.Said]
RATE = 20
"""DPUPR's agreement says 20/s, and so does SIMOJO_RATE_PER_AGENCY where nothing is agreed."""
KEPT = ("exchange", "exchange_part", "leaf")


@pytest.fixture
def held(stage: Stage) -> Stage:
    """A hub in whose limits no time passes."""
    stage.seconds = lambda: 1000.0
    stage.restart()
    return stage


def captured(stage: Stage) -> Send:
    """A question of DPUPR's, to be sent byte for byte."""
    body = b'{"permitNumber":"001/KRK/III/2026"}'
    named = {"iss": "dpupr", "aud": "dpmptsp", "jti": "v-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"}
    token = jws.sign_detached(body, agency_identity("dpupr"), named, at=stage.clock())
    return lambda hub: voices.post(hub, voices.JWS_PATH, body, voices.JSON, X_JWS_Signature=token)


def limited(stage: Stage, send: Send) -> None:
    """One more is asked to come later, without a signature, and leaves no trace."""
    with stage.unchanged(*KEPT):
        said = send(stage)
    assert (said.status, said.code, said.headers["retry-after"]) == (429, "rate-limited", "1")
    assert "that repeat, come late or are not covered" in said.json["detail"]
    assert jws.HEADER.lower() not in said.headers


def test_repeats_have_an_allowance_of_their_own_and_a_new_message_is_taken(held: Stage) -> None:
    again = captured(held)
    first = again(held)
    assert first.code == "not-found"
    with held.unchanged(*KEPT):
        assert [again(held).body for _ in range(RATE)] == [first.body] * RATE
    limited(held, again)
    assert [voices.ask_validity(held, jti=f"n-{n}").code for n in range(RATE - 1)] == ["not-found"] * (RATE - 1)
    assert voices.ask_validity(held, jti="n-last").code == "rate-limited"  # the new ones have their rate, no more


def test_stale_copies_are_kept_within_that_allowance_and_a_fresh_message_is_taken(held: Stage) -> None:
    stale = captured(held)
    held.clock.advance(hours=1)
    assert [stale(held).code for _ in range(RATE)] == ["timestamp-stale"] * RATE
    limited(held, stale)
    assert len(held.exchanges("dpupr")) == RATE
    assert voices.ask_validity(held, jti="v-2").code == "not-found"
    assert voices.ask_validity(held).code == "not-found"  # nor is the captured one's own id taken


def test_repeats_are_counted_for_their_own_interaction(held: Stage) -> None:
    stale = captured(held)
    held.clock.advance(hours=1)
    for _ in range(RATE):
        stale(held)
    limited(held, stale)
    late = voices.envelope(voices.recommendation("K-2026-000017"), relates_to="urn:uuid:nobody")
    signed = wss.sign(late, agency_identity("dpupr"), at=held.clock() - timedelta(hours=1))
    assert voices.post(held, voices.SOAP_PATH, signed, voices.SOAP_12).code == "timestamp-stale"


def test_a_message_id_with_other_content_draws_on_it_too(held: Stage) -> None:
    def other(hub: Stage) -> voices.Said:
        return voices.ask_validity(hub, b'{"permitNumber":"002"}')

    voices.ask_validity(held)
    assert [other(held).code for _ in range(RATE)] == ["message-id-reused"] * RATE
    limited(held, other)
    assert voices.ask_validity(held, jti="v-2").code == "not-found"


def _too_large(stage: Stage) -> voices.Said:
    return voices.ask_validity(stage, b'{"permitNumber":"' + b"0" * 64 * 1024 + b'"}')


UNCOVERED: Mapping[str, tuple[Callable[[Stage], None], Send, Callable[[Stage], None]]] = {
    "agency-suspended": (
        lambda stage: stage.suspend("dpupr"),
        voices.ask_validity,
        lambda stage: stage.suspend("dpupr", None),
    ),
    "agreement-mismatch": (
        lambda _stage: None,
        lambda stage: voices.ask_validity(stage, agr="dpupr-2025/1.0"),
        lambda _stage: None,
    ),
    "body-too-large": (lambda _stage: None, _too_large, lambda _stage: None),
}


@pytest.mark.parametrize("code", UNCOVERED)
def test_what_is_not_covered_is_kept_within_a_rate_and_uses_up_none_of_the_new(held: Stage, code: str) -> None:
    trouble, send, mend = UNCOVERED[code]
    trouble(held)
    assert [send(held).code for _ in range(RATE)] == [code] * RATE
    limited(held, send)
    assert len(held.exchanges("dpupr")) == RATE
    mend(held)
    assert voices.ask_validity(held, jti="v-2").code == "not-found"


def test_without_an_agreement_the_rate_of_each_agency_stands_for_all_its_interactions(held: Stage) -> None:
    held.cease("dpupr")
    assert [voices.ask_validity(held).code for _ in range(RATE)] == ["no-agreement"] * RATE
    limited(held, voices.ask_validity)
    with held.unchanged(*KEPT):
        assert voices.any_callback(held).code == "rate-limited"
    assert voices.report(held).status != 429  # another agency has its own
    held.agree("dpupr")
    assert voices.ask_validity(held, agr="dpupr-2026/1.1").code == "not-found"
