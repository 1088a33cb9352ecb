"""The same message twice is done once (Pasal 22(1)): by message id, by content, and after the answer has grown old."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future

import pytest
from lxml import etree

from conformance.signing import jws
from gateway.domain import events as e
from gateway.store.plan import Outcome, Plan
from gateway.store.tables import ExchangeRow
from gateway.store.unit_of_work import GroupCommit
from tests.exchange import voices
from tests.exchange.stage import RINA, Stage
from tests.exchange.test_refused_terms import recorded


def test_the_same_bytes_again_get_the_same_stored_bytes_and_do_nothing(stage: Stage) -> None:
    delivery = stage.requested()
    body = voices.callback(stage, delivery)
    first = voices.post(stage, voices.SOAP_PATH, body, voices.SOAP_12)
    stage.clock.advance(seconds=239)
    with stage.unchanged("exchange", "exchange_part", "leaf"):
        again = voices.post(stage, voices.SOAP_PATH, body, voices.SOAP_12)
    assert (again.status, again.body) == (first.status, first.body)


def test_a_re_signed_retry_is_the_same_message(stage: Stage) -> None:
    delivery = stage.requested()
    first = voices.answer(stage, delivery)
    stage.clock.advance(seconds=60)
    with stage.unchanged("exchange", "leaf"):
        again = voices.answer(stage, delivery)
    assert again.body == first.body


def test_after_240_seconds_the_identical_body_is_sealed_anew_and_recorded(stage: Stage) -> None:
    delivery = stage.requested()
    first = voices.answer(stage, delivery)
    bodies = {etree.tostring(voices.sealed(stage, first).document)}
    leaf = voices.sealed(stage, first).leaf
    for wait in (240, 241):
        stage.clock.advance(seconds=wait)
        with stage.unchanged():
            again = voices.answer(stage, delivery)
        assert again.body != first.body
        verified = voices.sealed(stage, again)
        assert verified.leaf == leaf
        bodies.add(etree.tostring(verified.document))
        (row,) = stage.exchanges("dpupr")
        assert stage.parts(row.id)[f"answer-at-{int(stage.clock().timestamp())}"] == again.body
        with stage.unchanged("exchange", "leaf"):
            assert voices.answer(stage, delivery).body == again.body
    assert len(bodies) == 1
    kinds = [json.loads(leaf)["kind"] for leaf in stage.leaves(row.id)]
    assert kinds == ["accepted", "answered", "answered", "answered"]


def test_a_repeated_inquiry_is_answered_as_before_over_jws(stage: Stage) -> None:
    first = voices.ask_validity(stage)
    assert voices.ask_validity(stage).body == first.body
    stage.clock.advance(seconds=300)
    again = voices.ask_validity(stage)
    assert again.body == first.body
    assert again.headers[jws.HEADER] != first.headers[jws.HEADER]
    assert again.headers["content-type"] == "application/problem+json"
    jws.verify_detached(
        again.headers[jws.HEADER], again.body, [stage.certificate], issuer="dpmptsp", audience="dpupr", at=stage.clock()
    )


def test_the_same_content_spaced_differently_is_the_same_message(stage: Stage) -> None:
    first = voices.ask_validity(stage, b'{"permitNumber":"001"}')
    again = voices.ask_validity(stage, b'{ "permitNumber" : "001" }')
    assert again.body == first.body
    assert len(stage.exchanges("dpupr")) == 1


@pytest.mark.parametrize("age", [0, 300])
def test_the_same_id_with_other_content_is_refused_and_recorded_over_soap(stage: Stage, age: int) -> None:
    delivery = stage.requested()
    voices.answer(stage, delivery)
    stage.clock.advance(seconds=age)
    with stage.unchanged():
        said = voices.answer(stage, delivery, number="600/99/2026")
    assert (said.status, said.code, said.clause) == (400, "message-id-reused", "Pasal 22(1)")
    row = next(each for each in stage.exchanges("dpupr") if each.code is not None)
    assert (row.code, row.message_id) == ("message-id-reused", None)


def test_the_same_id_with_other_content_is_a_conflict_over_rest(stage: Stage) -> None:
    voices.ask_validity(stage, b'{"permitNumber":"001"}')
    said = voices.ask_validity(stage, b'{"permitNumber":"002"}')
    assert (said.status, said.code) == (409, "message-id-reused")
    assert voices.ask_validity(stage, b'{"permitNumber":"002"}', jti="v-2").code == "not-found"


def test_an_external_id_is_unique_for_its_day_whatever_the_service(stage: Stage) -> None:
    assert voices.ask_bill(stage, external="17").json["responseCode"] == "4042412"
    other = {**voices.INQUIRY, "inquiryRequestId": "2"}
    assert voices.ask_bill(stage, other, external="17").json["responseCode"] == "4092400"
    assert voices.ask_bill(stage, service="status", external="17").json["responseCode"] == "4092600"
    stage.clock.advance(days=1)
    assert voices.ask_bill(stage, other, external="17").json["responseCode"] == "4042412"


def test_a_nib_without_a_message_id_is_known_by_its_content(stage: Stage) -> None:
    first = voices.send_nib(stage)
    with stage.unchanged("exchange"):
        assert voices.send_nib(stage).body == first.body
    assert voices.send_nib(stage, voices.nib(stage, nama_perseroan="PT LAIN CONTOH")).status == 200
    assert len(stage.rows("permit_case")["permit_case"]) == 1


def test_what_the_office_has_mended_is_taken_when_a_nib_without_an_id_comes_again(stage: Stage) -> None:
    registry = stage.hub.store.registry
    stage.agree("oss", ('"pbg", ', ""), version="0.9")
    said = voices.send_nib(stage)
    assert (said.status, said.json["responreceiveNIB"]["status"]) == (403, "2")
    stage.clock.advance(minutes=5)
    assert voices.send_nib(stage).status == 403
    stage.cease("oss")
    registry.activate_for_development("oss-2026", "1.0", "staff/siti")
    stage.clock.advance(minutes=5)
    first = voices.send_nib(stage)
    assert (first.status, first.json["responreceiveNIB"]["status"]) == (200, "1")
    assert voices.send_nib(stage).body == first.body
    assert len(stage.rows("permit_case")["permit_case"]) == 1
    assert [row.code for row in reversed(stage.exchanges("oss"))] == ["service-not-agreed"] * 2 + [None]


def test_an_update_back_to_an_earlier_state_is_no_repeat(stage: Stage) -> None:
    def update(name: str, status: str = "01") -> voices.Said:
        stage.clock.advance(minutes=1)
        said = voices.nib(stage, tipe_dokumen="5", nama_perseroan=name, status_nib=status)
        answer = voices.send_nib(stage, said)
        assert answer.json["responreceiveNIB"]["status"] == "1"
        return answer

    voices.send_nib(stage)
    case_id = stage.rows("permit_case")["permit_case"][0][0]
    for name in ("PT SATU CONTOH", "PT DUA CONTOH", "PT SATU CONTOH"):
        update(name)
        assert stage.case(case_id).applicant.company == name
    for status in ("05", "01", "05"):
        update("PT SATU CONTOH", status)
        if status == "01":
            stage.hub.deeds.record(case_id, RINA.actor, e.AttentionSettled(officer="Rina Contoh", text="dilihat"))
        assert len(stage.case(case_id).attention) == (status == "05")
    with stage.unchanged():  # the last word, said again
        update("PT SATU CONTOH", "05")


def test_a_second_report_of_another_time_moves_nothing(stage: Stage) -> None:
    case = stage.validated()
    reference = json.loads(stage.town.calls["sms"][0].body)["reference"]
    told = {**voices.REPORT, "reference": reference}
    voices.report(stage, told)
    with stage.unchanged():
        said = voices.report(stage, {**told, "done_at": "2026-03-02T09:06:00+07:00"})
    assert (said.status, said.code) == (409, "message-id-reused")
    assert stage.case(case.id).version == case.version + 1


def test_a_refusal_by_the_case_binds_its_id_and_is_repeated_word_for_word(stage: Stage) -> None:
    delivery = stage.requested()
    first = voices.answer(stage, delivery, case="K-2026-OTHER")
    with stage.unchanged("exchange", "leaf"):
        again = voices.answer(stage, delivery, case="K-2026-OTHER")
    assert again.body == first.body
    recorded(stage, "dpupr", "inconsistent")


class Overtaken(GroupCommit):
    """Before the first plan that claims an exchange is written, `first` happens."""

    first: Callable[[], object] | None = None

    def submit(self, plan: Plan) -> Future[Outcome]:
        then = type(self).first
        if then is not None and any(change.model is ExchangeRow for change in plan.changes):
            type(self).first = None
            then()
        return super().submit(plan)


def test_of_two_copies_of_one_message_at_the_same_moment_one_acts_and_both_get_its_answer(stage: Stage) -> None:
    delivery = stage.requested()
    stage.restart(Overtaken)
    body = voices.callback(stage, delivery)
    answers = []
    Overtaken.first = lambda: answers.append(voices.post(stage, voices.SOAP_PATH, body, voices.SOAP_12).body)
    answers.append(voices.post(stage, voices.SOAP_PATH, body, voices.SOAP_12).body)
    assert len(answers) == 2
    assert answers[0] == answers[1]
    assert len(stage.exchanges("dpupr")) == 1
    facts = [row[2] for row in stage.rows("case_event")["case_event"]]
    assert facts.count("RecommendationGiven") == 1


def test_a_message_of_another_agency_may_carry_the_same_id(stage: Stage) -> None:
    voices.ask_validity(stage, jti="20260302-17")
    assert voices.ask_bill(stage, external="17").json["responseCode"] == "4042412"
