"""The happy twins of everything else here."""

from __future__ import annotations

import json

import pytest

from conformance.signing import jws
from gateway.domain.case import Stage as CaseStage
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage


def test_a_case_is_checked_notified_and_sent_to_dpupr_in_the_agreed_forms(stage: Stage) -> None:
    delivery = stage.requested()
    assert delivery.state == "awaiting"
    (asked,) = stage.town.calls["dukcapil"]
    assert asked.path == "/dukcapil/CALL_VERIFY_BY_ELEMEN"
    assert voices.basic_of(asked.headers) == "basic-user-7Q:basic-password-7Q"
    assert asked.json["PASSWORD"] == "body-password-7Q"
    (told,) = stage.town.calls["sms"]
    assert (told.path, told.json["passkey"]) == ("/sms/messages", "sms-passkey-7Q")
    assert stage.state(stage.delivery(delivery.case_id, "sms")) == "answered"
    (request,) = stage.town.calls["dpupr"]
    assert request.message_id == delivery.message_id


def test_dpuprs_signed_answer_becomes_a_fact_and_gets_a_signed_acknowledgement_naming_its_leaf(stage: Stage) -> None:
    delivery = stage.requested()
    said = voices.answer(stage, delivery)
    acknowledged = voices.sealed(stage, said)
    assert (said.status, acknowledged.relates_to) == (200, "urn:dpupr:1")
    assert stage.case(delivery.case_id).stage is CaseStage.RECOMMENDED
    assert stage.state(delivery) == "answered"
    (exchange,) = stage.exchanges("dpupr")
    row = stage.hub.store.reader.leaves_of_exchange(exchange.id)[0]
    assert acknowledged.leaf == row.hash.hex()
    assert stage.parts(exchange.id)["answer"] == said.body


def test_the_answer_to_an_inquiry_is_signed_over_request_and_leaf(stage: Stage) -> None:
    said = voices.ask_validity(stage)
    assert (said.status, said.code) == (404, "not-found")
    claims = jws.verify_detached(
        said.headers[jws.HEADER], said.body, [stage.certificate], issuer="dpmptsp", audience="dpupr", at=stage.clock()
    )
    (exchange,) = stage.exchanges("dpupr")
    assert claims["rel"] == jws.body_digest(stage.parts(exchange.id)["request"])
    assert claims["leaf"] == stage.hub.store.reader.leaves_of_exchange(exchange.id)[0].hash.hex()


def test_a_nib_opens_a_case_and_the_bank_is_told_in_snap(stage: Stage) -> None:
    taken = voices.send_nib(stage)
    assert taken.json["responreceiveNIB"]["status"] == "1"
    assert len(stage.rows("permit_case")["permit_case"]) == 1
    unknown = voices.ask_bill(stage)
    assert (unknown.status, unknown.json["responseCode"]) == (404, "4042412")


def test_a_delivery_report_is_the_evidence_of_a_notice(stage: Stage) -> None:
    case = stage.validated()
    reference = json.loads(stage.town.calls["sms"][0].body)["reference"]
    said = voices.report(stage, {**voices.REPORT, "reference": reference})
    assert said.status == 200
    assert said.json["messageId"] == f"{reference}:DELIVRD"
    assert stage.case(case.id).version == case.version + 1


@pytest.mark.parametrize("name", voices.VOICES)
def test_no_genuine_message_is_counted_among_strangers(stage: Stage, name: str) -> None:
    voices.VOICES[name][1](stage)
    assert stage.refusals() == {}
    assert agency_identity("dpupr").certificate != stage.certificate
