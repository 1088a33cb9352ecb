"""Confidential inquiries over REST: signed then encrypted, answered and refused in secret."""

from __future__ import annotations

import base64
import json

import pytest

from conformance.signing import encryption, jws
from gateway.trust.certificates import Use
from gateway.trust.dev_ca import LeafKind
from tests.exchange import confidential, voices
from tests.exchange.keys import agency_identity, hub_leaf
from tests.exchange.stage import Stage


def type_of(token: bytes) -> str:
    """The cty of a JWE."""
    header = token.partition(b".")[0]
    said: dict[str, str] = json.loads(base64.urlsafe_b64decode(header + b"=="))
    return said["cty"]


@pytest.mark.parametrize("kind", ["rsa", "ec"])
@pytest.mark.parametrize("hub", [LeafKind.RSA, LeafKind.EC])
def test_a_confidential_inquiry_is_answered_in_secret(stage: Stage, kind: str, hub: LeafKind) -> None:
    confidential.issue(stage)
    stage.take_key(hub_leaf(stage.folder.parent / "ca", hub))
    confidential.register(stage, confidential.encrypting(kind), Use.ENCRYPT)
    stage.agree("dpupr", ("confidential = false", "confidential = true"))
    said = confidential.ask_validity(stage)
    heard = confidential.heard(stage, said, confidential.encrypting(kind))
    assert (said.status, heard.json["valid"]) == (200, True)
    assert heard.header["rel"] == jws.body_digest(confidential.VALIDITY)
    (exchange,) = stage.exchanges("dpupr")
    parts = stage.parts(exchange.id)
    assert parts["request-plain"] == confidential.VALIDITY
    assert parts["answer-plain"] == parts["answer-body"] == heard.body
    assert {"request-plain", "answer-plain"} <= confidential.commitments(stage, exchange.id)
    confidential.verified(stage)


def test_an_inquiry_sealed_anew_keeps_its_type_and_its_secret(agreed: Stage) -> None:
    first = confidential.heard(agreed, confidential.ask_validity(agreed))
    agreed.clock.advance(minutes=10)
    later = confidential.heard(agreed, confidential.ask_validity(agreed, at=agreed.clock()))
    assert later.body == first.body
    assert later.said.body != first.said.body
    assert len(agreed.exchanges("dpupr")) == 1
    confidential.verified(agreed)


def test_an_inquiry_in_clear_is_refused_and_the_refusal_is_encrypted(agreed: Stage) -> None:
    said = voices.ask_validity(agreed, agr="dpupr-2026/1.1")
    heard = confidential.heard(agreed, said)
    assert (said.status, heard.json["code"]) == (403, "encryption-missing")
    assert heard.json["clause"].endswith("confidential (Pasal 20 c)")
    assert type_of(said.body) == "problem+json"
    assert confidential.heard(agreed, confidential.ask_validity(agreed)).said.status == 200


def test_a_schema_violation_is_refused_in_secret(agreed: Stage) -> None:
    said = confidential.ask_validity(agreed, b'{"permitNumber":17}')
    heard = confidential.heard(agreed, said)
    assert (said.status, heard.json["code"]) == (422, "schema-violation")
    assert [each["path"] for each in heard.json["violations"]] == ["/permitNumber"]


def test_what_cannot_be_decrypted_is_counted_and_refused_to_nobody_in_particular(agreed: Stage) -> None:
    stranger = agency_identity("stranger", "rsa").certificate
    said = confidential.ask_validity(agreed, to=stranger)
    assert (said.status, said.code) == (401, "decryption-failed")
    assert said.body.count(b"none of ours") == 1
    token = encryption.encrypt_json(confidential.VALIDITY, agreed.certificate)
    flipped = token[:-1] + (b"A" if token[-1:] != b"A" else b"Q")
    assert confidential.ask_validity(agreed, encrypted=flipped).code == "decryption-failed"
    assert confidential.ask_validity(agreed, encrypted=confidential.VALIDITY).code == "encryption-malformed"
    assert agreed.refusals() == {"decryption-failed": 2, "encryption-malformed": 1}
    assert agreed.exchanges("dpupr") == []


def test_a_signature_over_other_content_than_was_encrypted_is_refused(agreed: Stage) -> None:
    other = encryption.encrypt_json(b'{"permitNumber":"002/KRK/III/2026"}', agreed.certificate)
    assert confidential.ask_validity(agreed, encrypted=other).code == "signature-wrong"


def test_an_encrypted_problem_is_no_inquiry(agreed: Stage) -> None:
    token = encryption.encrypt_json(confidential.VALIDITY, agreed.certificate, cty="problem+json")
    assert confidential.ask_validity(agreed, encrypted=token).code == "content-type-wrong"


def test_the_agreed_size_is_that_of_the_plaintext(agreed: Stage) -> None:
    name = "9" * 13_000  # 16 KiB are agreed; in base64 it is more
    said = confidential.ask_validity(agreed, json.dumps({"permitNumber": name}).encode())
    assert (
        len(json.dumps({"permitNumber": name}))
        < 16 * 1024
        < len(encryption.encrypt_json(json.dumps({"permitNumber": name}).encode(), agreed.certificate))
    )
    assert confidential.heard(agreed, said).json["code"] == "schema-violation"
    beyond = confidential.ask_validity(agreed, json.dumps({"permitNumber": "9" * 17_000}).encode(), jti="v-2")
    assert confidential.heard(agreed, beyond).json["code"] == "body-too-large"
