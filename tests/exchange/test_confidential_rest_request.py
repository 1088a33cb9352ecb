"""A confidential Request over REST: what the hub says first is a JWE, and only an encrypted acknowledgement is one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.signing import encryption, jws
from gateway.store.tables import DeliveryRow
from gateway.trust.certificates import Use
from tests.exchange import confidential
from tests.exchange.deliveries import asked, attempts, now
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.test_rest_request import NAME, REQUEST
from tests.exchange.town import Answer, Call, Told, raw


@pytest.fixture
def secret(stage: Stage) -> DeliveryRow:
    """DPUPR's recommendations over REST and confidential, and one that is to be asked for."""
    kept = [each for each in stage.adapters["dpupr"].interactions if each.name != NAME]
    stage.adapters["dpupr"] = replace(stage.adapters["dpupr"], interactions=(REQUEST, *kept))
    confidential.register(stage, confidential.encrypting("ec"), Use.ENCRYPT)
    old = "dpupr/technical-recommendation/1.0"
    stage.agree(
        "dpupr",
        ('transport = "soap-1.2"\nsecurity = "wss-x509"', 'transport = "rest"\nsecurity = "jws"'),
        (f'"{old}/request"', '"dpupr/permit-validity/1.0/request"'),
        (f'"{old}/answer"', '"dpupr/permit-validity/1.0/request"'),
        ("confidential = false", "confidential = true"),
    )
    return asked(stage, "dpupr")


def acknowledges(stage: Stage, *, in_secret: bool = True, status: int = 200, of_ciphertext: bool = False) -> Answer:
    """DPUPR decrypts, verifies over the plaintext, and answers."""

    def answer(call: Call) -> Told:
        assert call.headers["content-type"] == call.headers["accept"] == encryption.JOSE
        said = encryption.decrypt_json(call.body, confidential.encrypting("ec"))
        claims = jws.verify_detached(
            call.headers["x-jws-signature"],
            said,
            [stage.certificate],
            issuer="dpmptsp",
            audience="dpupr",
            at=stage.clock(),
        )
        acknowledgement = {"messageId": claims["jti"], "receivedAt": "2026-03-02T10:00:00+07:00"}
        body = json.dumps(acknowledgement).encode()
        told = {
            "iss": "dpupr",
            "aud": "dpmptsp",
            "jti": "a-1",
            "agr": str(claims["agr"]),
            "int": NAME,
            "rel": jws.body_digest(call.body if of_ciphertext else said),
        }
        token = jws.sign_detached(body, agency_identity("dpupr"), told, at=stage.clock())
        kind = encryption.JOSE if in_secret else "application/json"
        sent = encryption.encrypt_json(body, stage.certificate) if in_secret else body
        return Told(status=status, body=sent, headers={"Content-Type": kind, "X-JWS-Signature": token})

    return answer


def test_it_leaves_as_a_jwe_and_its_encrypted_acknowledgement_is_believed(stage: Stage, secret: DeliveryRow) -> None:
    stage.town.next("dpupr", acknowledges(stage))
    stage.deliver("dpupr")
    assert now(stage, secret).state == "awaiting"
    parts = stage.parts(secret.id)
    (call,) = stage.town.calls["dpupr"]
    assert parts["sent-1"] == call.body
    assert json.loads(parts["sent-1-plain"]) == {"permitNumber": secret.case_id}
    assert json.loads(parts["reply-1-plain"])["messageId"] == secret.message_id


@pytest.mark.parametrize(
    ("twist", "outcome", "cause"),
    [
        ({"in_secret": False}, "unknown", "came in clear"),
        ({"in_secret": False, "status": 503}, "not-sent", "503"),
        ({"of_ciphertext": True}, "unknown", "another request"),
    ],
    ids=["in clear", "a refusal in clear", "of the ciphertext"],
)
def test_what_is_no_acknowledgement_in_secret_is_none(
    stage: Stage, secret: DeliveryRow, twist: dict[str, bool], outcome: str, cause: str
) -> None:
    stage.town.next("dpupr", acknowledges(stage, **twist))
    stage.deliver("dpupr")
    assert now(stage, secret).state == outcome
    assert cause in (attempts(stage, secret)[0][1] or "")
    stage.town.next("dpupr", acknowledges(stage))
    stage.clock.advance(minutes=5)
    stage.deliver("dpupr")
    assert now(stage, secret).state == "awaiting"


def test_an_answer_that_does_not_decrypt_is_none(stage: Stage, secret: DeliveryRow) -> None:
    stage.town.next(
        "dpupr", raw(encryption.encrypt_json(b"{}", confidential.encrypting().certificate), 200, "application/jose")
    )
    stage.deliver("dpupr")
    assert now(stage, secret).state == "unknown"
    assert "RSA-OAEP-256" in (attempts(stage, secret)[0][1] or "")
