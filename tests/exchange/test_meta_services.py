"""What an agency may ask about its own exchanges: what is allowed, agreements, documents.

Who asks wrongly, too early or for another is a row of `tests.exchange.tables.meta`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from gateway.contract.agreement import agreement_from_document
from gateway.operations.ledger_export import verify_store
from tests.exchange import meta_voices, voices
from tests.exchange.meta_voices import ask_rest, tell
from tests.exchange.stage import Stage
from tests.exchange.tables.meta import LEAST, NAMES

BOTH = pytest.mark.parametrize("transport", meta_voices.BOTH)


def without_empty(value: Any) -> Any:
    if isinstance(value, list):
        return [without_empty(each) for each in value]
    if isinstance(value, dict):
        return {name: without_empty(each) for name, each in value.items() if each != []}
    return value


# --- allowed ------------------------------------------------------------------------------------------------------


@BOTH
def test_allowed_tells_each_interaction_as_it_is_agreed(stage: Stage, transport: str) -> None:
    told = without_empty(tell(stage, transport, "allowed"))
    url = stage.door.url
    assert (told["agency"], told["agreement"], told["validUntil"]) == ("dpupr", "dpupr-2026/1.0", "2028-12-31")
    request, inquiry = told["interaction"]
    assert request == {
        "name": "technical-recommendation",
        "model": "request",
        "direction": "we-call-you",
        "transport": "soap-1.2",
        "security": "wss-x509",
        "service": ["krk", "pbg"],
        "url": f"{url}/soap/dpupr/technical-recommendation",
        "description": f"{url}/soap/dpupr/technical-recommendation?wsdl",
        "yourUrl": f"{stage.street.url}/dpupr",
        "yourDescription": f"{url}/soap/dpupr/technical-recommendation/required?wsdl",
        "request": "dpupr/technical-recommendation/1.0/request",
        "answer": "dpupr/technical-recommendation/1.0/answer",
        "maxBytes": 5 * 2**20,
        "ratePerMinute": 1200,
        "confidential": False,
        "personalField": ["applicant/name", "location/address", "official"],
        "personalPurpose": "pertimbangan teknis",
        "callTimeoutMs": 10_000,
        "answerWithinDays": 3,
    }
    assert inquiry["direction"] == "you-call-us"
    assert inquiry["url"] == f"{url}/rest/dpupr/permit-validity"
    assert inquiry["description"] == f"{url}/rest/dpupr/openapi.json"
    assert inquiry["maxBytes"] == 16 * 1024
    assert not {"yourUrl", "yourDescription", "answer", "answerWithinDays", "personalField"} & set(inquiry)
    assert "notAllowed" not in told


@BOTH
def test_every_address_that_allowed_tells_is_served(stage: Stage, transport: str) -> None:
    told = tell(stage, transport, "allowed")
    names = ("description", "yourDescription")
    described = [each[name] for each in told["interaction"] for name in names if name in each]
    described += [each["wsdl"] for each in told["metaService"]]
    assert len(described) == 3 + len(NAMES)
    assert {stage.client.get(each).status_code for each in described} == {200}
    assert {each["name"] for each in told["metaService"]} == {f"meta.{name}" for name in NAMES}
    for each in told["metaService"]:
        unsigned = stage.client.post(each["rest"], content=b"{}", headers={"Content-Type": voices.JSON})
        assert voices.read(unsigned).code == "signature-missing"


@BOTH
def test_what_is_not_agreed_is_told_with_why(stage: Stage, transport: str) -> None:
    said = (stage.hub.store.reader.agreements(agency="dpupr")[0]).body
    document = json.loads(said)
    document["interaction"] = document["interaction"][:1]
    # one interaction fewer, as a next version could have it; the adapter still declares both
    document["agreement"]["version"] = "1.1"
    less = agreement_from_document(document)
    stage.cease("dpupr")
    stage.hub.store.registry.import_agreement(less, stage.adapters["dpupr"], "staff/siti")
    stage.hub.store.registry.activate_for_development(less.id, "1.1", "staff/siti")
    told = tell(stage, transport, "allowed")
    assert [each["name"] for each in told["interaction"]] == ["technical-recommendation"]
    (refused,) = told["notAllowed"]
    assert (refused["name"], refused["model"]) == ("permit-validity", "inquiry")
    assert refused["why"].startswith("agreement dpupr-2026/1.1 has no interaction permit-validity")


@BOTH
def test_without_an_agreement_nothing_is_allowed_and_the_reason_is_told(stage: Stage, transport: str) -> None:
    stage.cease("dpupr")
    told = tell(stage, transport, "allowed")
    assert "interaction" not in told
    assert "agreement" not in told
    assert {each["why"] for each in told["notAllowed"]} == {"none active: dpupr-2026/1.0 is suspended"}


@BOTH
def test_while_suspended_nothing_is_allowed_and_the_reason_is_told(stage: Stage, transport: str) -> None:
    stage.suspend("dpupr", "pemeriksaan")
    told = tell(stage, transport, "allowed")
    assert (told["suspended"], told["agreement"]) == ("pemeriksaan", "dpupr-2026/1.0")
    assert {each["why"] for each in told["notAllowed"]} == {"the agency is suspended: pemeriksaan"}
    assert "interaction" not in told


# --- agreements ---------------------------------------------------------------------------------------------------


@BOTH
def test_agreements_tells_every_version_with_its_state_and_hash(stage: Stage, transport: str) -> None:
    stage.clock.advance(hours=1)
    stage.agree("dpupr", ("503/12/417.309/2026", "503/13/417.309/2026"))
    told = tell(stage, transport, "agreements")
    first, second = told["agreement"]
    rows = {row.version: row for row in stage.hub.store.reader.agreements(agency="dpupr")}
    assert (first["state"], first["inForce"], second["state"], second["inForce"]) == (
        "suspended",
        False,
        "active",
        True,
    )
    assert second == {
        "id": "dpupr-2026",
        "version": "1.1",
        "number": "503/13/417.309/2026",
        "state": "active",
        "inForce": True,
        "validFrom": "2026-01-01",
        "validUntil": "2028-12-31",
        "hash": rows["1.1"].hash,
        "activatedAt": "2026-03-02T04:00:00.000Z",
        "activatedAs": "development",
    }
    assert second["hash"] == hashlib.sha256(rows["1.1"].body.encode()).hexdigest() != first["hash"]


@BOTH
def test_agreements_are_those_of_the_asker_alone(stage: Stage, transport: str) -> None:
    told = tell(stage, transport, "agreements", agency="bank")
    assert [each["id"] for each in told["agreement"]] == ["bank-2026"]


# --- documents ----------------------------------------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize("agency", ["dpupr", "bank"])
def test_the_digests_are_those_of_what_is_served(stage: Stage, transport: str, agency: str) -> None:
    told = tell(stage, transport, "documents", agency=agency)
    for each in told["document"]:
        served = stage.client.get(each["url"])
        assert served.status_code == 200, each
        assert (hashlib.sha256(served.content).hexdigest(), len(served.content)) == (each["sha256"], each["bytes"])
    kinds = {(each.get("interaction"), each["kind"], each["servedBy"]) for each in told["document"]}
    assert {(f"meta.{name}", "wsdl", "hub") for name in NAMES} <= kinds
    assert (None, "openapi", "hub") in kinds
    assert (("technical-recommendation", "wsdl", "agency") in kinds) is (agency == "dpupr")
    assert (("technical-recommendation", "xsd", "hub") in kinds) is (agency == "dpupr")


def test_another_agreement_changes_the_digest_of_the_openapi_document_alone(stage: Stage) -> None:
    def digests() -> dict[str, str]:
        told = tell(stage, "rest", "documents", message_id=f"m-{stage.clock().timestamp()}")
        return {each["url"]: each["sha256"] for each in told["document"]}

    before = digests()
    stage.clock.advance(seconds=1)
    assert digests() == before
    stage.cease("dpupr")
    stage.clock.advance(seconds=1)
    after = digests()
    assert {url for url in before if before[url] != after[url]} == {f"{stage.door.url}/rest/dpupr/openapi.json"}


def test_the_openapi_document_describes_the_meta_services_of_every_agency(stage: Stage) -> None:
    for agency in stage.adapters:
        document = stage.client.get(f"/rest/{agency}/openapi.json").json()
        for name in NAMES:
            operation = document["paths"][f"/rest/{agency}/meta/{name}"]["post"]
            assert (operation["operationId"], operation["security"]) == (f"meta.{name}", [{"jws": []}])
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            assert schema == stage.hub.library.json(f"simojo/meta-{name}/1.0/request").schema
            assert "application/problem+json" in operation["responses"]["4XX"]["content"]
        assert "jws" in document["components"]["securitySchemes"]


# --- all of them --------------------------------------------------------------------------------------------------


def test_none_of_them_changes_anything_but_the_record_of_itself(stage: Stage) -> None:
    stage.requested()
    with stage.unchanged("agreement", "agency", "certificate"):
        for name in NAMES:
            ask_rest(stage, name, LEAST.get(name), message_id=f"m-{name}")
    assert len([row for row in stage.exchanges("dpupr") if row.interaction.startswith("meta.")]) == len(NAMES)
    stage.hub.integrator.run_once()
    store = stage.hub.store
    assert verify_store(store.reader, store.vault, store.note_key.verifier).pending == 0


def test_dukcapil_has_its_meta_services_once_it_has_a_certificate(stage: Stage) -> None:
    """An agency whose own interactions know no signature registers a certificate, and may ask."""
    ask = meta_voices.ask_rest
    assert ask(stage, "allowed", agency="dukcapil").code == "certificate-unknown"
    meta_voices.enrol(stage, "dukcapil")
    told = meta_voices.read_rest(stage, ask(stage, "allowed", agency="dukcapil"), "dukcapil").payload
    (query,) = told["interaction"]
    assert (query["direction"], query["security"]) == ("we-call-you", "basic")
    assert query["yourUrl"] == f"{stage.street.url}/dukcapil/CALL_VERIFY_BY_ELEMEN"
    assert not {"url", "description", "yourDescription"} & set(query)
