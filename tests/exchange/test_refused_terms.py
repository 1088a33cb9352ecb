"""Pasal 21(2): what no active agreement covers is refused, recorded, and changes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TypeAlias

import pytest

from gateway.domain.errors import Unauthorised
from gateway.exchange.directory import Terms
from gateway.exchange.entry import Entry
from gateway.store.tables import ExchangeRow
from gateway.validation.agreement_file import packaged_agreements
from tests.exchange import voices
from tests.exchange.stage import Stage

Deed: TypeAlias = Callable[[Stage, str], None]

TROUBLES: Mapping[str, Deed] = {
    "no-agreement": Stage.cease,
    "agreement-expired": lambda stage, agency: stage.agree(
        agency, ("valid_until = 2028-12-31", "valid_until = 2026-03-01")
    ),
    "agreement-not-yet": lambda stage, agency: stage.agree(
        agency, ("valid_from = 2026-01-01", "valid_from = 2026-03-03")
    ),
    "agency-suspended": Stage.suspend,
}
IN_ITS_FORM: Mapping[str, Callable[[voices.Said], object]] = {
    "soap": lambda said: (said.status, said.headers["content-type"].partition(";")[0]),
    "jws": lambda said: (said.status, said.headers["content-type"]),
    "sms": lambda said: (said.status, said.headers["content-type"]),
    "snap": lambda said: (said.status // 100, sorted(said.json)),
    "oss": lambda said: (said.status // 100, said.json["responreceiveNIB"]["status"]),
}
EXPECTED_FORM = {
    "soap": (400, "application/soap+xml"),
    "jws": (403, "application/problem+json"),
    "sms": (403, "application/problem+json"),
    "snap": (4, ["responseCode", "responseMessage"]),
    "oss": (4, "2"),
}


def recorded(stage: Stage, agency: str, code: str) -> ExchangeRow:
    """The one exchange with the agency: refused with that code, on a leaf that says so, its request kept."""
    (row,) = stage.exchanges(agency)
    assert (row.verdict, row.code) == ("refused", code)
    leaf = json.loads(stage.leaves(row.id)[0])
    assert (leaf["kind"], leaf["extra"]["code"]) == ("refused", code)
    assert set(stage.parts(row.id)) >= {"request", "request-headers", "answer", "answer-body", "answer-headers"}
    return row


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", voices.VOICES)
def test_a_known_sender_without_an_agreement_in_force_is_refused_and_recorded(
    stage: Stage, name: str, trouble: str
) -> None:
    agency, say = voices.VOICES[name]
    TROUBLES[trouble](stage, agency)
    with stage.unchanged():
        said = say(stage)
    assert IN_ITS_FORM[name](said) == EXPECTED_FORM[name]
    if name in ("soap", "jws", "sms"):
        assert said.code == trouble
        assert said.clause
    assert recorded(stage, agency, trouble).message_id is None
    assert stage.refusals() == {}


def test_a_refusal_for_want_of_an_agreement_is_signed_and_binds_no_message_id(stage: Stage) -> None:
    delivery = stage.requested()
    stage.suspend("dpupr")
    refused = voices.answer(stage, delivery)
    assert (refused.code, voices.sealed(stage, refused).relates_to) == ("agency-suspended", "urn:dpupr:1")
    stage.suspend("dpupr", None)
    accepted = voices.answer(stage, delivery)
    assert (accepted.status, accepted.code) == (200, "")
    assert stage.state(delivery) == "answered"


def test_an_agreement_activated_while_a_message_is_looked_at_covers_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.cease("dpupr")
    directory = stage.hub.directory
    look = directory.terms
    refusals: list[str] = []

    def then_activated(agency: str, interaction: str, at: datetime, entry: Entry | None = None) -> Terms:
        try:
            return look(agency, interaction, at, entry)
        except Unauthorised as refusal:
            refusals.append(refusal.code)
            stage.agree(agency)
            raise

    monkeypatch.setattr(directory, "terms", then_activated)
    assert voices.ask_validity(stage, jti="a", agr="dpupr-2026/1.1").code == "not-found"
    assert refusals == ["no-agreement"]
    assert [row.agreement for row in stage.exchanges("dpupr")] == ["dpupr-2026/1.1"]


def test_an_interaction_that_the_agreement_does_not_name_is_refused(stage: Stage) -> None:
    said = packaged_agreements()["dpupr-2026"]
    stage.agree("dpupr", (said[said.rindex("[[interaction]]") :], ""))
    with stage.unchanged():
        refused = voices.ask_validity(stage, agr="dpupr-2026/1.1")
    assert (refused.status, refused.code, refused.clause) == (403, "not-agreed", "dpupr-2026 (Pasal 21(2)c.2)")
    recorded(stage, "dpupr", "not-agreed")


def test_a_message_under_another_version_of_the_agreement_is_refused(stage: Stage) -> None:
    with stage.unchanged():
        refused = voices.ask_validity(stage, agr="dpupr-2025/1.0")
    assert (refused.status, refused.code, refused.clause) == (403, "agreement-mismatch", "dpupr-2026/1.0")
    recorded(stage, "dpupr", "agreement-mismatch")


def test_of_two_active_versions_the_one_that_began_last_is_in_force(stage: Stage) -> None:
    stage.agree("dpupr", ("valid_from = 2026-01-01", "valid_from = 2026-03-01"))
    assert voices.ask_validity(stage, jti="a", agr="dpupr-2026/1.1").code == "not-found"
    assert voices.ask_validity(stage, jti="b", agr="dpupr-2026/1.0").code == "agreement-mismatch"


def test_a_service_outside_the_agreement_opens_no_case(stage: Stage) -> None:
    stage.agree("oss", ('services = ["krk", "pbg", "reklame", "trayek"]', 'services = ["krk"]'))
    with stage.unchanged():
        refused = voices.send_nib(stage)
    assert refused.json["responreceiveNIB"]["status"] == "2"
    row = recorded(stage, "oss", "service-not-agreed")
    assert row.message_id is None  # made from content: a refusal binds nothing, the agreement may be mended


def test_a_permit_of_a_service_outside_the_agreement_is_not_told_of(stage: Stage) -> None:
    stage.agree("sms", ('services = ["*"]', 'services = ["pbg"]'))
    case = stage.validated("krk")
    with stage.unchanged():
        report = {**voices.REPORT, "reference": "0198c0de-0000-7000-8000-000000000017/charge"}
        assert voices.report(stage, report).code == "not-found"
    assert stage.town.calls["sms"] == []
    assert "Tidak ada perjanjian yang berlaku untuk NotifyApplicant" in " ".join(case.attention)


UNSERVED = {
    "/soap/nobody/technical-recommendation": "agency-unknown",
    "/soap/dpupr/nothing": "interaction-unknown",
    "/soap/dpupr/permit-validity": "interaction-unknown",
    "/rest/nobody/permit-validity": "agency-unknown",
    "/rest/dpupr/nothing": "interaction-unknown",
    "/rest/dpupr/technical-recommendation": "interaction-unknown",
    "/rest/sms/send-message": "interaction-unknown",
    "/rest/dpupr/v1.0/access-token/b2b": "interaction-unknown",
}


@pytest.mark.parametrize("path", UNSERVED)
def test_what_nobody_serves_is_refused_in_the_form_of_the_address_and_counted(stage: Stage, path: str) -> None:
    over_soap = path.startswith("/soap")
    with stage.unchanged("exchange"):
        said = voices.post(stage, path, b"<a/>" if over_soap else b"{}", voices.SOAP_12 if over_soap else voices.JSON)
    assert (said.status, said.code) == (400 if over_soap else 404, UNSERVED[path])
    assert stage.refusals() == {UNSERVED[path]: 1}


def test_a_wsdl_of_nothing_is_a_problem(stage: Stage) -> None:
    for path, code in (("/soap/nobody/x", "agency-unknown"), ("/soap/dpupr/permit-validity", "interaction-unknown")):
        said = voices.read(stage.client.get(f"{path}?wsdl"))
        assert (said.status, said.code) == (404, code)
    assert stage.client.get(f"{voices.SOAP_PATH}?wsdl").status_code == 200


def test_an_openapi_document_stands_on_an_agreement_in_force_and_else_has_meta_services_alone(stage: Stage) -> None:
    def agreed() -> set[str]:
        paths = stage.client.get("/rest/dpupr/openapi.json").json()["paths"]
        assert "/rest/dpupr/meta/echo" in paths
        return {each for each in paths if not each.startswith("/rest/dpupr/meta/")}

    assert agreed() == {"/rest/dpupr/permit-validity"}
    stage.cease("dpupr")
    assert agreed() == set()
    assert voices.read(stage.client.get("/rest/nobody/openapi.json")).code == "agency-unknown"


def test_the_schemas_of_a_wsdl_are_served_by_name(stage: Stage) -> None:
    wsdl = stage.client.get(f"{voices.SOAP_PATH}?wsdl").text
    name = wsdl.split("/xsd/", 1)[1].split('"', 1)[0]
    assert b"RecommendationAnswer" in stage.client.get(f"{voices.SOAP_PATH}/xsd/{name}").content or name
    assert voices.read(stage.client.get(f"{voices.SOAP_PATH}/xsd/nothing.xsd")).code == "document-unknown"
