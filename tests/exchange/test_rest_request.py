"""A Request over REST: our JWS, the signed acknowledgement and the callback, checked by code of the harness."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from conformance.signing import jws
from gateway.contract.adapter import Accept, Repeat, Request
from gateway.domain import events as e
from gateway.store.tables import DeliveryRow
from tests.exchange import voices
from tests.exchange.deliveries import asked, now
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.town import Answer, Call, Told

NAME = "technical-recommendation"
REQUEST = Request(
    name=NAME,
    security="jws",
    serves=e.RequestRecommendation,
    request="dpupr/permit-validity/1.0/request",
    answer="dpupr/permit-validity/1.0/request",
    to_agency=lambda case, _ask, _message: {"permitNumber": case.id},
    to_case=lambda _case, _ask, _payload: Accept(),
    repeat=Repeat.SAME_ID,
)


@pytest.fixture
def request_over_rest(stage: Stage) -> DeliveryRow:
    """DPUPR's recommendations over REST, and one that is to be asked for."""
    kept = [each for each in stage.adapters["dpupr"].interactions if each.name != NAME]
    stage.adapters["dpupr"] = replace(stage.adapters["dpupr"], interactions=(REQUEST, *kept))
    old = "dpupr/technical-recommendation/1.0"
    stage.agree(
        "dpupr",
        ('transport = "soap-1.2"\nsecurity = "wss-x509"', 'transport = "rest"\nsecurity = "jws"'),
        (f'"{old}/request"', '"dpupr/permit-validity/1.0/request"'),
        (f'"{old}/answer"', '"dpupr/permit-validity/1.0/request"'),
    )
    return asked(stage, "dpupr")


def acknowledges(stage: Stage, *, signer: str = "dpupr", **twists: str) -> Answer:
    """A signed acknowledgement of what the hub sent, its signature verified first."""

    def answer(call: Call) -> Told:
        claims = jws.verify_detached(
            call.headers["x-jws-signature"],
            call.body,
            [stage.certificate],
            issuer="dpmptsp",
            audience="dpupr",
            at=stage.clock(),
        )
        said = {"messageId": twists.get("about", claims["jti"]), "receivedAt": "2026-03-02T10:00:00+07:00"}
        body = json.dumps(said).encode()
        told = {
            "iss": twists.get("iss", "dpupr"),
            "aud": "dpmptsp",
            "jti": "a-1",
            "agr": str(claims["agr"]),
            "int": NAME,
            "rel": twists.get("rel", jws.body_digest(call.body)),
        }
        token = jws.sign_detached(body, agency_identity(signer), told, at=stage.clock())
        return Told(body=body, headers={"Content-Type": "application/json", "X-JWS-Signature": token})

    return answer


def test_a_request_is_signed_acknowledged_and_answered_by_callback(
    stage: Stage, request_over_rest: DeliveryRow
) -> None:
    stage.town.next("dpupr", acknowledges(stage))
    stage.deliver("dpupr")
    assert now(stage, request_over_rest).state == "awaiting"
    said = voices.ask_validity(
        stage,
        jti="callback-1",
        int=NAME,
        agr="dpupr-2026/1.1",
        rel=request_over_rest.message_id,
        path=f"/rest/dpupr/{NAME}",
    )
    assert (said.status, said.json["messageId"]) == (200, "callback-1")
    assert now(stage, request_over_rest).state == "answered"


TWISTS: dict[str, dict[str, Any]] = {
    "another signer": {"signer": "stranger"},
    "an answer to another request": {"rel": "AAAA"},
    "another speaker": {"iss": "bank"},
    "an acknowledgement of another message": {"about": "urn:uuid:other"},
}


@pytest.mark.parametrize("name", TWISTS)
def test_an_acknowledgement_that_is_not_one_proves_nothing_and_the_request_is_repeated(
    stage: Stage, request_over_rest: DeliveryRow, name: str
) -> None:
    stage.town.next("dpupr", acknowledges(stage, **TWISTS[name]), acknowledges(stage))
    stage.deliver("dpupr")
    assert now(stage, request_over_rest).state == "unknown"
    stage.clock.at = now(stage, request_over_rest).due_at
    stage.deliver("dpupr")
    assert now(stage, request_over_rest).state == "awaiting"
    ids = {claims(call)["jti"] for call in stage.town.calls["dpupr"]}
    assert ids == {request_over_rest.message_id}


def claims(call: Call) -> Any:
    head = call.headers["x-jws-signature"].partition(".")[0]
    return json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
