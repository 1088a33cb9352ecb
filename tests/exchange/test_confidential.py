"""Confidential exchanges over SOAP: signed then encrypted, kept as evidence; and keys that roll over."""

from __future__ import annotations

from unittest import mock

import pytest
import zeep.exceptions

from conformance.clients.soap_client import Recommendation, give_recommendation
from conformance.signing import encryption, soap, wss
from gateway.dialect.party import Hub
from gateway.trust.certificates import Use
from gateway.trust.dev_ca import LeafKind
from gateway.trust.keys import fingerprint
from tests.exchange import confidential, voices
from tests.exchange.deliveries import attempts, now
from tests.exchange.keys import agency_identity, hub_leaf
from tests.exchange.stage import Stage


def fault_code(envelope: wss.VerifiedEnvelope) -> str:
    fault = soap.read_fault(envelope.document)
    assert fault is not None
    return fault.code


# --- SOAP, both ways ----------------------------------------------------------------------------------------------


def test_a_recommendation_is_asked_acknowledged_and_answered_without_a_word_in_clear(agreed: Stage) -> None:
    asked = agreed.requested()
    (call,) = agreed.town.calls["dpupr"]
    assert now(agreed, asked).state == "awaiting"
    assert confidential.NAME_IN_THE_REQUEST not in call.body
    said = confidential.answer(agreed, asked)
    assert said.status == 200
    assert b"receivedAt" not in said.body
    assert b"receivedAt" in confidential.clear(said.body)
    told = confidential.sealed(agreed, said)
    assert told.relates_to == "urn:dpupr:1"
    assert now(agreed, asked).state == "answered"
    assert agreed.case(asked.case_id).recommendations
    confidential.verified(agreed)


def test_what_was_decrypted_and_what_was_signed_is_evidence_beside_the_ciphertext(agreed: Stage) -> None:
    asked = agreed.requested()
    said = confidential.answer(agreed, asked)
    (exchange,) = agreed.exchanges("dpupr")
    parts = agreed.parts(exchange.id)
    assert parts["answer"] == said.body
    assert encryption.is_encrypted(parts["request"])
    certificate = agency_identity("dpupr").certificate
    assert wss.verify(parts["request-plain"], [certificate], at=agreed.clock()).relates_to == asked.message_id
    leaf = wss.verify(parts["answer-plain"], [agreed.certificate], at=agreed.clock()).leaf
    assert leaf == agreed.hub.store.reader.leaves_of_exchange(exchange.id)[0].hash.hex()
    assert {"request", "request-plain", "answer", "answer-plain"} <= confidential.commitments(agreed, exchange.id)
    sent = agreed.parts(asked.id)
    assert sent["sent-1"] == agreed.town.calls["dpupr"][0].body
    assert confidential.NAME_IN_THE_REQUEST in sent["sent-1-plain"]
    assert wss.verify(sent["reply-1-plain"], [certificate], at=agreed.clock()).message_id == "urn:dpupr:ack"
    assert {"sent-1", "sent-1-plain", "reply-1", "reply-1-plain"} <= confidential.commitments(agreed, asked.id)


def test_the_same_answer_encrypted_anew_is_the_same_message(agreed: Stage) -> None:
    asked = agreed.requested()
    first = confidential.answer(agreed, asked)
    again = confidential.answer(agreed, asked)
    assert again.body == first.body
    agreed.clock.advance(minutes=10)
    later = confidential.answer(agreed, asked, at=agreed.clock())
    assert later.body != first.body
    assert confidential.sealed(agreed, later).relates_to == "urn:dpupr:1"
    other = confidential.answer(agreed, asked, number="600/18/2026")
    assert fault_code(confidential.sealed(agreed, other)) == "message-id-reused"
    assert len(agreed.exchanges("dpupr")) == 2
    confidential.verified(agreed)


def test_an_answer_in_clear_is_refused_and_the_refusal_is_encrypted(agreed: Stage) -> None:
    asked = agreed.requested()
    with agreed.unchanged():
        said = voices.answer(agreed, asked)
    assert said.status == 400
    assert fault_code(confidential.sealed(agreed, said)) == "encryption-missing"
    assert confidential.answer(agreed, asked).status == 200  # the refusal bound nothing: the same id may be sent again
    assert now(agreed, asked).state == "answered"


def test_a_refused_answer_is_refused_in_secret(agreed: Stage) -> None:
    asked = agreed.requested()
    said = confidential.answer(agreed, asked, case="K-2026-999999")
    assert (said.status, fault_code(confidential.sealed(agreed, said))) == (400, "inconsistent")


def test_without_a_certificate_to_encrypt_to_nothing_is_asked_and_staff_are_told_what_to_do(stage: Stage) -> None:
    stage.take_key(hub_leaf(stage.folder.parent / "ca", LeafKind.RSA))
    stage.agree("dpupr", ("confidential = false", "confidential = true"))
    stage.town.always["dpupr"] = confidential.acknowledging(stage)
    asked = stage.requested()
    assert stage.town.calls["dpupr"] == []
    held = now(stage, asked)
    assert held.state == "queued"
    assert "simojo agency certify dpupr" in (held.cause or "")
    confidential.register(stage, confidential.encrypting(), Use.ENCRYPT)
    stage.clock.advance(minutes=2)
    stage.deliver("dpupr")
    assert now(stage, asked).state == "awaiting"


@pytest.mark.parametrize(
    ("twist", "cause"),
    [
        ({"answers_encrypted": False}, "came in clear"),
        ({"to": agency_identity("stranger", "rsa").certificate}, "cannot be decrypted"),
    ],
)
def test_an_acknowledgement_that_is_not_encrypted_to_us_is_none(
    agreed: Stage, twist: dict[str, object], cause: str
) -> None:
    agreed.town.next("dpupr", confidential.acknowledging(agreed, **twist))  # type: ignore[arg-type]  # as listed above
    asked = agreed.requested()
    assert now(agreed, asked).state == "unknown"
    assert cause in (attempts(agreed, asked)[0][1] or "")
    agreed.clock.advance(minutes=2)
    agreed.deliver("dpupr")
    assert now(agreed, asked).state == "awaiting"


def test_a_fault_in_clear_is_heard_as_a_fault(agreed: Stage) -> None:
    agreed.town.next("dpupr", agreed.town.faults(sender=False))
    asked = agreed.requested()
    assert now(agreed, asked).state == "not-sent"


def test_a_client_with_zeep_gives_a_confidential_recommendation(agreed: Stage) -> None:
    asked = agreed.requested()
    both = agency_identity("dpupr-both", "rsa")
    agreed.clock.advance(seconds=1)
    confidential.register(agreed, both, Use.SIGN, Use.ENCRYPT)
    said = Recommendation(
        relates_to=asked.message_id,
        case=asked.case_id,
        number="600/17/2026",
        date=agreed.clock().date(),
        favourable=True,
        official="Budi Contoh",
    )

    def give(*, in_secret: bool) -> wss.VerifiedEnvelope:
        return give_recommendation(
            f"{agreed.door.url}{voices.SOAP_PATH}?wsdl",
            said,
            both,
            [agreed.certificate],
            message_id="urn:dpupr:zeep",
            clock=agreed.clock,
            confidential=in_secret,
        )

    with pytest.raises(zeep.exceptions.Fault, match="confidential, and the message came in clear"):
        give(in_secret=False)
    taken = give(in_secret=True)
    assert soap.acknowledged_id(taken.document) == "urn:dpupr:zeep"
    assert now(agreed, asked).state == "answered"


# --- what is not agreed, keys that roll over ----------------------------------------------------------------------


def test_an_inquiry_that_need_not_be_secret_may_be_and_is_then_answered_so(stage: Stage) -> None:
    confidential.issue(stage)
    confidential.register(stage, confidential.encrypting(), Use.ENCRYPT)
    said = confidential.ask_validity(stage, agreement="dpupr-2026/1.0")
    assert confidential.heard(stage, said).json["valid"] is True
    assert voices.ask_validity(stage, jti="v-2").json["valid"] is True


def test_a_secret_question_is_not_answered_in_clear_for_want_of_a_certificate(stage: Stage) -> None:
    confidential.issue(stage)
    with stage.unchanged():
        said = confidential.ask_validity(stage, agreement="dpupr-2026/1.0")
    assert (said.status, said.code) == (500, "encryption-certificate-missing")
    confidential.register(stage, confidential.encrypting(), Use.ENCRYPT)
    assert confidential.heard(stage, confidential.ask_validity(stage, agreement="dpupr-2026/1.0")).said.status == 200


def test_an_encrypted_soap_message_needs_an_rsa_key_of_the_hub(stage: Stage) -> None:
    asked = stage.requested()
    said = confidential.answer(stage, asked, to=hub_leaf(stage.folder.parent / "ca", LeafKind.RSA).key.certificate)
    assert (said.status, said.code) == (500, "key-not-for-encryption")
    assert voices.answer(stage, asked).status == 200


def test_what_was_encrypted_to_the_key_before_a_roll_over_is_still_read(agreed: Stage) -> None:
    before = agreed.certificate
    previous = hub_leaf(agreed.folder.parent / "ca", LeafKind.RSA).key
    agreed.take_key(hub_leaf(agreed.folder.parent / "ca2", LeafKind.RSA))
    assert confidential.ask_validity(agreed, to=before).code == "decryption-failed"
    with mock.patch("gateway.app.parts.Hub", lambda **said: Hub(**{**said, "previous": (previous,)})):
        agreed.restart()
    assert confidential.heard(agreed, confidential.ask_validity(agreed, to=before)).said.status == 200
    assert confidential.heard(agreed, confidential.ask_validity(agreed, jti="v-2")).said.status == 200


def test_the_newest_certificate_is_encrypted_to_and_a_revoked_one_no_longer(agreed: Stage) -> None:
    newer = agency_identity("dpupr-next", "rsa")
    agreed.clock.advance(seconds=1)
    confidential.register(agreed, newer, Use.ENCRYPT)
    assert confidential.heard(agreed, confidential.ask_validity(agreed), newer).said.status == 200
    agreed.hub.store.registry.revoke_certificate(fingerprint(newer.certificate), "kunci hilang", "staff/siti")
    said = confidential.ask_validity(agreed, jti="v-2")
    assert confidential.heard(agreed, said, confidential.encrypting()).said.status == 200


def test_an_answer_given_in_clear_is_sealed_anew_for_who_asks_again_encrypted(stage: Stage) -> None:
    confidential.issue(stage)
    confidential.register(stage, confidential.encrypting(), Use.ENCRYPT)
    first = voices.ask_validity(stage, confidential.VALIDITY)
    assert (first.status, first.headers["content-type"]) == (200, voices.JSON)
    with stage.unchanged("exchange"):
        again = confidential.ask_validity(stage, agreement="dpupr-2026/1.0")
    assert confidential.heard(stage, again).body == first.body
    (row,) = stage.exchanges("dpupr")
    assert stage.parts(row.id)[f"answer-at-{int(stage.clock().timestamp())}-plain"] == first.body
    with stage.unchanged("exchange", "exchange_part", "leaf"):  # it is encrypted now, and is given as it is
        assert confidential.ask_validity(stage, agreement="dpupr-2026/1.0").body == again.body
    confidential.verified(stage)


def test_an_answer_given_before_the_agreement_called_it_confidential_is_not_repeated_in_clear(stage: Stage) -> None:
    first = voices.ask_validity(stage)
    assert first.code == "not-found"
    confidential.register(stage, confidential.encrypting(), Use.ENCRYPT)
    stage.agree("dpupr", ("confidential = false", "confidential = true"))
    stage.clock.advance(seconds=30)
    assert confidential.heard(stage, confidential.ask_validity(stage)).json["code"] == "not-found"


def test_beyond_the_rate_it_is_said_in_clear_and_nothing_of_the_body_is(stage: Stage) -> None:
    stage.seconds = lambda: 1000.0
    confidential.agree(stage)
    secret = b'{"permitNumber":"Rahasia/Contoh"}'
    for number in range(20):
        said = confidential.ask_validity(stage, secret, jti=f"n-{number}")
        assert confidential.heard(stage, said).said.status == 200
    said = confidential.ask_validity(stage, secret, jti="n-20")
    assert (said.status, said.code) == (429, "rate-limited")
    assert "x-jws-signature" not in said.headers
    assert b"Rahasia" not in said.body
