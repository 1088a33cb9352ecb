"""Pasal 21(2)c.3: what cannot be read, breaks the agreed schema or says more than agreed is refused and recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

import pytest
from lxml import etree

from conformance.signing import soap, wss
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.test_refused_terms import recorded

Attempt: TypeAlias = Callable[[Stage], voices.Said]


def _soap(body: bytes, content_type: str = voices.SOAP_12) -> Attempt:
    return lambda stage: voices.post(stage, voices.SOAP_PATH, body, content_type)


def _jws(body: bytes, content_type: str = voices.JSON) -> Attempt:
    return lambda stage: voices.ask_validity(stage, body, content_type=content_type)


DTD = b'<!DOCTYPE x [<!ENTITY e "boom">]><x>&e;</x>'
UNREADABLE: Mapping[str, tuple[Attempt, str, int]] = {
    "soap: no xml": (_soap(b"no xml"), "xml-malformed", 400),
    "soap: empty": (_soap(b""), "xml-malformed", 400),
    "soap: a DTD": (_soap(DTD), "dtd-forbidden", 400),
    "soap: no envelope": (_soap(b"<a/>"), "envelope-invalid", 400),
    "soap: as json": (_soap(b"{}", voices.JSON), "content-type-wrong", 400),
    "soap: no content type": (_soap(b"<a/>", ""), "content-type-wrong", 400),
    "jws: no json": (_jws(b"{"), "json-malformed", 400),
    "jws: not utf-8": (_jws(b'{"a":"\xff"}'), "json-malformed", 400),
    "jws: a member twice": (_jws(b'{"a":"1","a":"2"}'), "json-duplicate-member", 400),
    "jws: too deep": (_jws(b"[" * 100 + b"]" * 100), "json-too-deep", 400),
    "jws: as xml": (_jws(b"{}", "text/xml"), "content-type-wrong", 415),
    "jws: no content type": (_jws(b"{}", ""), "content-type-wrong", 415),
    "sms: no json": (lambda s: voices.report(s, raw=b"{"), "json-malformed", 400),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused_and_counted(stage: Stage, name: str) -> None:
    attempt, code, status = UNREADABLE[name]
    with stage.unchanged("exchange"):
        said = attempt(stage)
    assert (said.status, said.code, said.clause) == (status, code, "Pasal 21(2)c.3")
    assert stage.refusals() == {code: 1}


def test_what_cannot_be_read_is_refused_in_an_agencys_own_dialect(stage: Stage) -> None:
    nib = voices.send_nib(stage, raw=b"{")
    assert (nib.status, nib.json["responreceiveNIB"]["status"]) == (400, "2")
    bill = voices.ask_bill(stage, raw=b"{")
    assert (bill.status, bill.json["responseCode"]) == (400, "4002400")
    assert voices.ask_bill(stage, content_type="text/xml").json["responseCode"] == "4002400"
    assert stage.refusals() == {"json-malformed": 2, "content-type-wrong": 1}


def test_an_envelope_under_the_other_versions_content_type_and_a_fault_are_refused(stage: Stage) -> None:
    eleven = voices.envelope(voices.recommendation("K-1"), relates_to="urn:x", soap_ns=soap.SOAP_11)
    assert _soap(etree.tostring(eleven))(stage).code == "content-type-wrong"
    fault = voices.envelope(soap.fault_document(soap.Fault(code="x", text="x")), relates_to="urn:x")
    assert _soap(etree.tostring(fault))(stage).code == "envelope-invalid"


def test_soap_11_is_spoken_to_those_who_speak_it(stage: Stage) -> None:
    delivery = stage.requested()
    text_xml = soap.CONTENT_TYPES[soap.SOAP_11]
    wrong = voices.post(stage, voices.SOAP_PATH, b"no xml", text_xml)
    assert (wrong.status, wrong.code) == (500, "xml-malformed")
    whole = voices.envelope(
        voices.recommendation(delivery.case_id), relates_to=delivery.message_id, soap_ns=soap.SOAP_11
    )
    said = voices.post(stage, voices.SOAP_PATH, wss.sign(whole, agency_identity("dpupr"), at=stage.clock()), text_xml)
    assert (said.status, said.headers["content-type"]) == (200, text_xml)
    assert soap.acknowledged_id(voices.sealed(stage, said).document) == "urn:dpupr:1"
    assert stage.state(delivery) == "answered"


# --- too large ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        (voices.SOAP_PATH, voices.SOAP_12, 400),
        (voices.JWS_PATH, voices.JSON, 413),
        (voices.NIB_PATH, voices.JSON, 400),
        ("/rest/nobody/x", voices.JSON, 413),
        ("/soap/nobody/x", voices.SOAP_12, 400),
        ("/soap/dpupr/permit-validity", voices.SOAP_12, 400),
        ("/soap/oss/receiveNIB", voices.SOAP_12, 400),
        ("/rest/dpupr/technical-recommendation", voices.JSON, 413),
    ],
)
def test_a_body_beyond_what_is_read_at_all_is_refused_in_its_form(
    stage: Stage, path: str, content_type: str, status: int
) -> None:
    with stage.unchanged("exchange"):
        said = voices.post(stage, path, b"x" * (6 * 2**20 + 1), content_type)
    assert said.status == status
    assert ("soap" in said.headers["content-type"]) is path.startswith("/soap/")
    if path == voices.NIB_PATH:
        assert said.json["responreceiveNIB"]["status"] == "2"
    else:
        assert (said.code, said.clause) == ("body-too-large", "Pasal 21(2)c.3")
    assert stage.refusals() == {"body-too-large": 1}


def test_a_body_beyond_the_agreed_size_is_refused_and_recorded(stage: Stage) -> None:
    body = json.dumps({"permitNumber": "1" + " " * 16 * 1024}).encode()
    with stage.unchanged():
        said = voices.ask_validity(stage, body)
    assert (said.status, said.code, said.clause) == (413, "body-too-large", "dpupr-2026/1.0 max_size")
    recorded(stage, "dpupr", "body-too-large")


# --- the agreed schema --------------------------------------------------------------------------------------------


def test_every_violation_of_a_json_schema_is_told_with_its_path(stage: Stage) -> None:
    with stage.unchanged():
        said = voices.ask_validity(stage, b'{"permitNumber":17,"nik":"9999014506900001"}')
    assert (said.status, said.code) == (422, "schema-violation")
    assert said.clause == "dpupr/permit-validity/1.0/request (Pasal 21(2)c.3)"
    assert "/permitNumber" in said.paths
    assert len(said.paths) == 2
    assert b"9999014506900001" not in said.body
    assert recorded(stage, "dpupr", "schema-violation").message_id == "v-1"


def test_every_violation_of_an_xsd_is_told_with_its_path(stage: Stage) -> None:
    delivery = stage.requested()
    with stage.unchanged():
        said = voices.answer(stage, delivery, date="besok", favourable="ya")
    assert (said.status, said.code) == (400, "schema-violation")
    assert said.clause == "dpupr/technical-recommendation/1.0/answer (Pasal 21(2)c.3)"
    assert {path.rpartition("/")[2].rpartition(":")[2] for path in said.paths} >= {"date", "favourable"}
    recorded(stage, "dpupr", "schema-violation")
    assert voices.answer(stage, delivery, message_id="urn:dpupr:2").code == ""


def test_another_document_than_the_agreed_one_is_refused(stage: Stage) -> None:
    whole = voices.envelope(etree.Element("{urn:other}Thing"), relates_to="urn:x")
    action = whole.find(f".//{{{soap.WSA}}}Action")
    assert action is not None
    action.text = f"{voices.ANSWER}#RecommendationAnswer"
    signed = wss.sign(whole, agency_identity("dpupr"), at=stage.clock())
    with stage.unchanged():
        said = voices.post(stage, voices.SOAP_PATH, signed, voices.SOAP_12)
    assert (said.status, said.code) == (400, "element-not-agreed")
    recorded(stage, "dpupr", "element-not-agreed")


def test_a_schema_violation_is_said_in_snap_and_in_oss(stage: Stage) -> None:
    missing = {name: value for name, value in voices.INQUIRY.items() if name != "inquiryRequestId"}
    assert voices.ask_bill(stage, missing).json["responseCode"] == "4002402"
    wrong = {**voices.INQUIRY, "customerNo": "x"}
    assert voices.ask_bill(stage, wrong, external="18").json["responseCode"] == "4002401"
    refused = voices.send_nib(stage, voices.nib(stage, tipe_dokumen="8"))
    assert refused.json["responreceiveNIB"]["status"] == "2"
    assert {row.code for agency in ("bank", "oss") for row in stage.exchanges(agency)} == {"schema-violation"}


def test_a_body_that_is_no_document_is_refused_under_every_profile(stage: Stage) -> None:
    with stage.unchanged():
        assert voices.ask_validity(stage, b"[]").code == "schema-violation"
        assert voices.report(stage, raw=b"[]").code == "schema-violation"
        assert voices.ask_bill(stage, raw=b'"x"').status == 400
        assert voices.send_nib(stage, raw=b'{"dataNIB":[]}').status == 401


# --- more personal data than agreed -------------------------------------------------------------------------------

NIK_FIELD = '"dataNIB/penanggung_jwb/no_identitas_penanggung_jwb", '


def test_a_personal_field_beyond_the_agreement_is_refused_with_its_path_and_without_its_value(stage: Stage) -> None:
    stage.agree("oss", (NIK_FIELD, ""))
    with stage.unchanged():
        said = voices.send_nib(stage)
    assert said.json["responreceiveNIB"]["status"] == "2"
    assert "/dataNIB/penanggung_jwb/0/no_identitas_penanggung_jwb" in said.body.decode()
    assert b"9999014506900001" not in said.body
    recorded(stage, "oss", "personal-data-excess")


def test_a_personal_element_beyond_the_agreement_is_refused_over_soap(stage: Stage) -> None:
    stage.agree("dpupr", (', "official"]', "]"))
    delivery = stage.requested()
    with stage.unchanged():
        said = voices.answer(stage, delivery)
    assert (said.code, said.clause, said.paths) == (
        "personal-data-excess",
        "dpupr-2026/1.1 personal_data",
        ("/official",),
    )
    assert b"Budi Contoh" not in said.body


# --- what the case refuses ----------------------------------------------------------------------------------------


def test_a_callback_that_answers_nothing_of_ours_is_refused(stage: Stage) -> None:
    with stage.unchanged():
        said = voices.any_callback(stage)
    assert (said.status, said.code, said.clause) == (400, "correlation-unknown", "correlation")
    recorded(stage, "dpupr", "correlation-unknown")


def test_a_callback_without_relates_to_is_refused(stage: Stage) -> None:
    delivery = stage.requested()
    whole = voices.envelope(voices.recommendation(delivery.case_id), relates_to=None)
    signed = wss.sign(whole, agency_identity("dpupr"), at=stage.clock())
    with stage.unchanged():
        assert voices.post(stage, voices.SOAP_PATH, signed, voices.SOAP_12).code == "correlation-unknown"


def test_a_crossed_answer_is_declined_by_the_adapter_and_its_twin_is_taken(stage: Stage) -> None:
    delivery = stage.requested()
    with stage.unchanged():
        said = voices.answer(stage, delivery, case="K-2026-OTHER")
    assert (said.status, said.code, said.clause) == (400, "inconsistent", "adapter")
    recorded(stage, "dpupr", "inconsistent")
    assert voices.answer(stage, delivery, message_id="urn:dpupr:2").status == 200
