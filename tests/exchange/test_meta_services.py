"""What an agency may ask about its own exchanges: what is allowed, agreements, status, receipts, documents."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from gateway.contract.agreement import agreement_from_document
from gateway.ledger.receipt import verify_receipt
from gateway.operations.ledger_export import verify_store
from gateway.store.plan import Plan, Update
from gateway.store.tables import DeliveryRow
from tests.exchange import meta_voices, voices
from tests.exchange.keys import agency_identity
from tests.exchange.meta_voices import ask_rest
from tests.exchange.stage import Stage
from tests.exchange.town import raw

BOTH = pytest.mark.parametrize("transport", meta_voices.BOTH)
NAMES = ("echo", "allowed", "agreements", "status", "receipt", "documents")


def tell(stage: Stage, transport: str, name: str, payload: dict[str, Any] | None = None, **twists: Any) -> Any:
    """The payload of a signed answer; over SOAP an empty list is an absent one, and so it is made everywhere."""
    ask, read = meta_voices.BOTH[transport]
    told = read(stage, ask(stage, name, payload, **twists), twists.get("agency", "dpupr")).payload
    return {member: value for member, value in told.items() if value != []}


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


# --- status -------------------------------------------------------------------------------------------------------


@BOTH
def test_an_accepted_message_is_found_by_its_id_and_by_its_exchange(stage: Stage, transport: str) -> None:
    delivery = stage.requested()
    said = voices.answer(stage, delivery)
    (exchange,) = stage.exchanges("dpupr")
    told = tell(stage, transport, "status", {"messageId": "urn:dpupr:1"})
    assert told == tell(stage, transport, "status", {"exchange": exchange.id}, message_id="m-2")
    (message,) = told["message"]
    leaves = stage.hub.store.reader.leaves_of_exchange(exchange.id)
    assert message == {
        "direction": "from-you",
        "messageId": "urn:dpupr:1",
        "exchange": exchange.id,
        "interaction": "technical-recommendation",
        "agreement": "dpupr-2026/1.0",
        "at": "2026-03-02T03:00:00.000Z",
        "state": "accepted",
        "httpStatus": 200,
        "text": "accepted: it took effect, and the same message gets the same answer",
        "leaf": [{"hash": row.hash.hex()} for row in leaves],
    }
    assert message["leaf"][0]["hash"] == voices.sealed(stage, said).leaf
    assert delivery.case_id not in json.dumps(told)


@BOTH
def test_leaves_have_their_place_once_they_are_in_the_ledger(stage: Stage, transport: str) -> None:
    voices.ask_validity(stage)
    stage.hub.integrator.run_once()
    (message,) = tell(stage, transport, "status", {"messageId": "v-1"})["message"]
    rows = stage.hub.store.reader.leaves_of_exchange(message["exchange"])
    assert [each["index"] for each in message["leaf"]] == [row.tree_index for row in rows]


@BOTH
def test_a_final_refusal_is_told_with_its_code_and_status(stage: Stage, transport: str) -> None:
    refused = voices.ask_validity(stage, b'{"permitNumber":""}')
    (message,) = tell(stage, transport, "status", {"messageId": "v-1"})["message"]
    assert (message["state"], message["code"], message["httpStatus"]) == ("refused", "schema-violation", refused.status)
    assert "give it an id of its own" in message["text"]


@BOTH
def test_a_refusal_that_binds_nothing_is_found_by_its_exchange_and_not_by_the_id(stage: Stage, transport: str) -> None:
    voices.ask_validity(stage, agr="another/1.0")
    (exchange,) = stage.exchanges("dpupr")
    told = tell(stage, transport, "status", {"messageId": "v-1"})
    assert (told["known"], "message" in told) == (False, False)
    (message,) = tell(stage, transport, "status", {"exchange": exchange.id}, message_id="m-2")["message"]
    assert (message["state"], message["code"]) == ("refused", "agreement-mismatch")
    assert "messageId" not in message
    assert "the same id may be sent again" in message["text"]


@BOTH
def test_our_message_to_the_agency_is_told_with_every_attempt(stage: Stage, transport: str) -> None:
    case = stage.validated()
    stage.town.next("dpupr", raw(b"closed", 503))
    delivery = stage.delivery(case.id, "dpupr")
    stage.deliver("dpupr")
    (message,) = tell(stage, transport, "status", {"messageId": delivery.message_id})["message"]
    row = stage.hub.store.reader.delivery(delivery.id)
    assert row is not None
    assert (message["direction"], message["state"], message["attempts"]) == ("to-you", "not-sent", 1)
    assert message["nextDue"] > message["at"]
    (attempt,) = message["attempt"]
    assert (attempt["number"], attempt["outcome"]) == (1, "not-sent")
    assert "HTTP 503" in attempt["text"]
    assert len(message["leaf"]) == 2
    assert case.id not in json.dumps(message)
    stage.clock.advance(minutes=1)
    stage.deliver("dpupr")
    (message,) = tell(stage, transport, "status", {"exchange": delivery.id}, message_id="m-2")["message"]
    assert (message["state"], message["attempts"], "nextDue" in message) == ("awaiting", 2, False)


@BOTH
def test_what_waits_for_the_offices_staff_is_told_without_the_hubs_inside(stage: Stage, transport: str) -> None:
    case = stage.validated()
    delivery = stage.delivery(case.id, "dpupr")
    values = {"cause": "no endpoint of dpupr is set: run `simojo agency endpoint dpupr URL`"}
    stage.hub.store.unit_of_work.commit(Plan.of(Update(DeliveryRow, {"id": delivery.id}, {"state": "queued"}, values)))
    (message,) = tell(stage, transport, "status", {"messageId": delivery.message_id})["message"]
    assert (message["state"], message["attempts"]) == ("queued", 0)
    assert "simojo agency" not in json.dumps(message)


@BOTH
def test_another_agencys_messages_are_not_known(stage: Stage, transport: str) -> None:
    voices.ask_bill(stage)
    (bank,) = stage.exchanges("bank")
    delivery = stage.requested()
    foreign: tuple[dict[str, Any], ...] = ({"messageId": bank.message_id}, {"exchange": bank.id})
    for number, asked in enumerate((*foreign, {"exchange": "nothing"}, {"messageId": "nothing"})):
        told = tell(stage, transport, "status", asked, message_id=f"m-{number}")
        assert (told["known"], "message" in told) == (False, False)
    for number, asked in enumerate(({"messageId": delivery.message_id}, {"exchange": delivery.id})):
        told = tell(stage, transport, "status", asked, message_id=f"b-{number}", agency="bank")
        assert told["known"] is False
    assert tell(stage, transport, "status", {"messageId": bank.message_id}, agency="bank")["known"] is True


@BOTH
def test_a_message_that_took_the_id_of_one_of_ours_is_told_beside_it(stage: Stage, transport: str) -> None:
    delivery = stage.requested()
    voices.answer(stage, delivery, message_id=delivery.message_id)
    told = tell(stage, transport, "status", {"messageId": delivery.message_id})
    assert [each["direction"] for each in told["message"]] == ["from-you", "to-you"]
    assert [each["state"] for each in told["message"]] == ["accepted", "answered"]


@BOTH
@pytest.mark.parametrize("name", ["status", "receipt"])
@pytest.mark.parametrize("asked", [{}, {"messageId": "a", "exchange": "b"}, {"messageId": ""}])
def test_one_id_has_to_be_named(stage: Stage, transport: str, name: str, asked: dict[str, str]) -> None:
    ask, _ = meta_voices.BOTH[transport]
    assert ask(stage, name, asked).code == "schema-violation"


# --- receipt ------------------------------------------------------------------------------------------------------


@BOTH
def test_a_receipt_proves_an_exchange_without_the_hub(stage: Stage, transport: str) -> None:
    said = voices.ask_validity(stage)
    (exchange,) = stage.exchanges("dpupr")
    stage.hub.integrator.run_once()
    told = tell(stage, transport, "receipt", {"messageId": "v-1"})
    document = told["receipt"].encode()
    assert (told["exchange"], told["sha256"]) == (exchange.id, hashlib.sha256(document).hexdigest())
    verdict = verify_receipt(
        document,
        stage.hub.store.note_key.verifier.encode(),
        {"answer": said.body, "request": b'{"permitNumber":"001/KRK/III/2026"}'},
    )
    assert (verdict.exchange, verdict.trusted, set(verdict.opened)) == (exchange.id, True, {"answer", "request"})
    assert tell(stage, transport, "receipt", {"exchange": exchange.id}, message_id="m-2") == told


@BOTH
def test_a_receipt_of_what_was_sent_to_the_agency_opens_the_bytes_that_it_got(stage: Stage, transport: str) -> None:
    delivery = stage.requested()
    stage.hub.integrator.run_once()
    told = tell(stage, transport, "receipt", {"messageId": delivery.message_id})
    (call,) = stage.town.calls["dpupr"]
    verifier = stage.hub.store.note_key.verifier.encode()
    assert verify_receipt(told["receipt"].encode(), verifier, {"sent-1": call.body}).exchange == delivery.id


@BOTH
def test_before_its_leaves_have_their_place_a_receipt_is_to_be_asked_for_again(stage: Stage, transport: str) -> None:
    ask, read = meta_voices.BOTH[transport]
    voices.ask_validity(stage)
    early = ask(stage, "receipt", {"messageId": "v-1"})
    assert (early.status, early.code) == (503 if transport == "rest" else 500, "receipt-not-yet")
    assert early.headers["retry-after"] == "5"
    stage.hub.integrator.run_once()
    assert read(stage, ask(stage, "receipt", {"messageId": "v-1"})).payload["exchange"]  # under the same message id


@BOTH
def test_there_is_no_receipt_of_another_agencys_exchange(stage: Stage, transport: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    voices.ask_bill(stage)
    (bank,) = stage.exchanges("bank")
    stage.hub.integrator.run_once()
    named: tuple[dict[str, Any], ...] = ({"exchange": bank.id}, {"messageId": bank.message_id}, {"exchange": "nothing"})
    answers = [ask(stage, "receipt", asked, message_id=f"m-{number}") for number, asked in enumerate(named)]
    assert {each.code for each in answers} == {"exchange-unknown"}
    assert tell(stage, transport, "receipt", {"exchange": bank.id}, agency="bank")["exchange"] == bank.id


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

LEAST = {"status": {"messageId": "nothing"}, "receipt": {"messageId": "nothing"}}


@BOTH
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hindrance", ["suspended", "no-agreement"])
def test_no_agreement_is_needed_for_any_of_them(stage: Stage, transport: str, name: str, hindrance: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    if hindrance == "suspended":
        stage.suspend("dpupr")
    else:
        stage.cease("dpupr")
    said = ask(stage, name, LEAST.get(name))
    assert (said.status, said.code) == (200, "") or (name, said.code) == ("receipt", "exchange-unknown")


@BOTH
@pytest.mark.parametrize("name", NAMES)
def test_none_of_them_is_for_strangers(stage: Stage, transport: str, name: str) -> None:
    ask, _ = meta_voices.BOTH[transport]
    with stage.unchanged("exchange", "leaf"):
        said = ask(stage, name, LEAST.get(name), signer=agency_identity("stranger"))
    assert said.code == "certificate-unknown"


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
