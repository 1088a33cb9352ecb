"""What an agency without an endpoint collects and acknowledges: items, order, words, cases, restarts.

What it does late, twice, never or wrongly are rows of `tests.exchange.tables.satpolpp`.
"""

from __future__ import annotations

import base64
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes

from conformance.signing import encryption, wss
from gateway.contract.adapter import Accept, Effect, Mailbox
from gateway.domain.errors import Refused
from gateway.domain.events import AttentionRaised, RequestRecommendation
from gateway.operations.ledger_export import verify_store
from gateway.trust.certificates import Use
from tests.exchange import mailbox_voices as mailbox
from tests.exchange import meta_voices
from tests.exchange.keys import agency_identity
from tests.exchange.mailbox_voices import Visitor, asked, dpupr_collects, laid, opened, outcomes, row_of
from tests.exchange.stage import RINA, Stage, proof

BOTH = pytest.mark.parametrize("transport", mailbox.BOTH)


@pytest.fixture
def visitor(stage: Stage) -> Visitor:
    """Satpol PP over REST."""
    return Visitor(stage)


# --- collecting and acknowledging ---------------------------------------------------------------------------------


@BOTH
def test_an_item_is_the_message_that_would_have_been_sent_and_is_done_once_it_is_acknowledged(
    stage: Stage, transport: str
) -> None:
    visitor, delivery = Visitor(stage, transport), laid(stage)
    assert stage.hub.store.reader.exchange(delivery.id) is None  # nothing has left
    (item,) = visitor.collect()
    assert {name: item[name] for name in ("messageId", "interaction", "agreement", "collected", "mediaType")} == {
        "messageId": delivery.message_id,
        "interaction": "recommendation-task",
        "agreement": "satpolpp-2026/1.0",
        "collected": 1,
        "mediaType": "application/json",
    }
    task = opened(stage, item)
    assert stage.hub.library.json("satpolpp/recommendation-task/1.0/request").check(task) == ()
    assert (task["case"], task["applicant"]) == (delivery.case_id, {"name": "Siti Contoh"})
    row, exchange = row_of(stage, delivery.id), stage.hub.store.reader.exchange(delivery.id)
    assert exchange is not None
    assert (row.state, row.attempts, row.fence, exchange.verdict) == ("collected", 1, 2, "collected")
    visit = stage.exchanges("satpolpp")[0].id
    taken = stage.hub.store.reader.attempts(delivery.id)[0].detail
    fingerprint = agency_identity("satpolpp").certificate.fingerprint(hashes.SHA256()).hex()
    assert taken == f"taken by certificate/{fingerprint} in exchange {visit}"
    assert stage.parts(delivery.id)["sent-1"] == base64.b64decode(item["body"])
    assert len(stage.leaves(delivery.id)) == 1
    assert visitor.collect() == []
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    row, exchange = row_of(stage, delivery.id), stage.hub.store.reader.exchange(delivery.id)
    assert exchange is not None
    assert (row.state, exchange.verdict, outcomes(stage, delivery)) == ("answered", "answered", ["answered"])
    assert visitor.acknowledge(delivery.message_id) == ["already"]
    assert stage.town.calls["satpolpp"] == []
    while stage.hub.integrator.run_once():
        pass
    store = stage.hub.store
    assert verify_store(store.reader, store.vault, store.note_key.verifier).ledger.size > 0


def test_the_oldest_comes_first_and_a_queue_holds_its_next_until_this_one_is_acknowledged(
    stage: Stage, visitor: Visitor
) -> None:
    first = laid(stage)
    behind = asked(stage, first.case_id)
    assert not stage.hub.outbound.deliver(behind.id)
    stage.clock.advance(seconds=1)
    other = laid(stage)
    assert [each["messageId"] for each in visitor.collect(atMost=1)] == [first.message_id]
    assert [each["messageId"] for each in visitor.collect()] == [other.message_id]
    assert row_of(stage, behind.id).state == "queued"
    assert visitor.acknowledge(first.message_id) == ["acknowledged"]
    assert not stage.hub.outbound.deliver(behind.id)
    assert [each["messageId"] for each in visitor.collect(interaction="recommendation-task")] == [behind.message_id]


def test_of_collectors_that_come_at_once_no_two_hold_the_same_item(stage: Stage) -> None:
    wanted = {laid(stage).message_id for _ in range(6)}
    together = threading.Barrier(6)
    given: list[str] = []

    def come(number: int) -> None:
        together.wait()
        said = mailbox.say_rest(stage, "collect", {"atMost": 1}, message_id=f"at-once-{number}")
        given.extend(each["messageId"] for each in mailbox.read_rest(stage, said, "satpolpp")["item"])

    threads = [threading.Thread(target=come, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(given) == sorted(wanted)


# --- words --------------------------------------------------------------------------------------------------------


@BOTH
def test_what_the_agency_refuses_is_a_dead_letter_with_its_words_and_calls_a_person(
    stage: Stage, transport: str
) -> None:
    visitor, delivery = Visitor(stage, transport), laid(stage)
    visitor.collect()
    assert visitor.acknowledge(delivery.message_id, outcome="refused", text="Bukan wewenang kami.") == ["acknowledged"]
    row = row_of(stage, delivery.id)
    assert (row.state, row.outcome) == ("dead", "refused")
    assert row.cause == "Instansi menolak pesan ini: Bukan wewenang kami."
    assert row.cause in stage.case(delivery.case_id).attention[-1]
    assert visitor.acknowledge(delivery.message_id) == ["already"]
    stage.letters.redrive(delivery.id, RINA.actor)
    assert not stage.hub.outbound.deliver(delivery.id)
    assert [each["collected"] for each in visitor.collect()] == [2]


def test_every_item_of_a_message_has_its_own_word(stage: Stage, visitor: Visitor) -> None:
    taken, cancelled, lying = laid(stage), laid(stage), laid(stage)
    visitor.collect(atMost=2)
    stage.letters.cancel(cancelled.id, "dobel", RINA.actor)
    assert outcomes(stage, cancelled) == ["cancelled"]
    ids = (taken.message_id, cancelled.message_id, lying.message_id, taken.message_id, "urn:uuid:nobody")
    assert visitor.acknowledge(*ids) == ["acknowledged", "cancelled", "not-collected", "already", "unknown"]
    stage.letters.cancel(lying.id, "dobel", RINA.actor)
    assert visitor.collect() == []
    with pytest.raises(Refused):
        stage.letters.cancel(taken.id, "dobel", RINA.actor)


# --- cases --------------------------------------------------------------------------------------------------------


def test_what_the_adapter_says_of_an_acknowledgement_happens_to_the_case_and_a_mapping_that_raises_waits(
    stage: Stage, visitor: Visitor
) -> None:
    adapter = stage.adapters["satpolpp"]
    broken = [True]

    def told(case: Any, _ask: RequestRecommendation) -> Accept:
        if broken:
            raise KeyError("mapping")
        event = AttentionRaised(source="satpolpp", text="Tugas diambil.")
        return Accept(effects=(Effect(case=case.id, events=(event,)),))

    box, submission = adapter.interactions
    assert isinstance(box, Mailbox)
    stage.adapters["satpolpp"] = replace(adapter, interactions=(replace(box, on_collected=told), submission))
    stage.restart()
    first, second = laid(stage), laid(stage)
    visitor.collect()
    assert visitor.acknowledge(first.message_id, second.message_id) == ["later", "later"]
    assert row_of(stage, first.id).state == "collected"
    broken.clear()
    assert visitor.acknowledge(first.message_id, second.message_id) == ["acknowledged", "acknowledged"]
    assert all("Tugas diambil." in stage.case(each.case_id).attention[-1] for each in (first, second))


def test_a_mapping_that_raises_lays_nothing_down_and_the_delivery_waits_for_staff(stage: Stage) -> None:
    adapter = stage.adapters["satpolpp"]
    box, submission = adapter.interactions
    assert isinstance(box, Mailbox)
    stage.adapters["satpolpp"] = replace(
        adapter, interactions=(replace(box, to_agency=lambda *_: {"NIK": "x"}), submission)
    )
    stage.restart()
    delivery = asked(stage)
    assert not stage.hub.outbound.deliver(delivery.id)
    row = row_of(stage, delivery.id)
    assert (row.state, row.due_at > stage.clock()) == ("queued", True)
    assert "breaks the agreed schema" in (row.cause or "")


# --- who may ------------------------------------------------------------------------------------------------------


@BOTH
def test_without_an_active_agreement_that_has_a_mailbox_nothing_is_collected(stage: Stage, transport: str) -> None:
    say, _ = mailbox.BOTH[transport]
    delivery = laid(stage)
    with stage.unchanged():
        assert say(stage, "collect", {}, agency="dpupr", message_id="a").code == "interaction-unknown"
        assert say(stage, "collect", {}, signer=agency_identity("dpupr"), message_id="b").status in (400, 401, 403)
    assert say(stage, "collect", {"interaction": "technical-recommendation"}, message_id="c").code == "not-agreed"
    stage.suspend("satpolpp")
    assert say(stage, "collect", {}, message_id="d").code == "agency-suspended"
    stage.suspend("satpolpp", None)
    stage.cease("satpolpp")
    assert say(stage, "collect", {}, message_id="e").code == "no-agreement"
    assert row_of(stage, delivery.id).state == "laid-down"


def test_a_soap_item_is_a_signed_envelope_and_nobody_sees_what_is_for_another_agency(
    stage: Stage, visitor: Visitor
) -> None:
    dpupr_collects(stage)
    ours, theirs = laid(stage), laid(stage, agency="dpupr")
    dpupr = Visitor(stage, "soap", "dpupr", "dpupr-2026/1.1")
    (item,) = dpupr.collect()
    assert (item["messageId"], "signature" in item) == (theirs.message_id, False)
    assert item["mediaType"].startswith("application/soap+xml")
    verified = wss.verify(base64.b64decode(item["body"]), [stage.certificate], at=stage.clock())
    assert (verified.message_id, verified.document.findtext("{*}case")) == (theirs.message_id, theirs.case_id)
    assert visitor.acknowledge(theirs.message_id) == ["unknown"]
    assert [each["messageId"] for each in visitor.collect()] == [ours.message_id]
    assert dpupr.acknowledge(ours.message_id, theirs.message_id) == ["unknown", "acknowledged"]


def test_a_confidential_item_is_encrypted_to_its_agency_and_one_that_cannot_be_is_told(
    stage: Stage, visitor: Visitor
) -> None:
    stage.agree("satpolpp", ("confidential = false", "confidential = true"))
    visitor.agreement = "satpolpp-2026/1.1"
    delivery = laid(stage)
    told = mailbox.say_rest(stage, "collect", {}, agreement=visitor.agreement, message_id="too-early")
    assert (told.status >= 500, row_of(stage, delivery.id).state) == (True, "laid-down")
    identity = agency_identity("satpolpp-encrypting", "rsa")
    registry = stage.hub.store.registry
    challenge = registry.challenge("satpolpp", identity.certificate, "nonce-19")
    signed = proof(identity, challenge)
    uses = frozenset({Use.ENCRYPT})
    registry.register_certificate("satpolpp", identity.certificate, challenge, signed, "staff/siti", uses)
    (item,) = visitor.collect()
    assert item["mediaType"] == "application/jose"
    plain = encryption.decrypt_json(base64.b64decode(item["body"]), identity)
    task = opened(stage, {**item, "body": base64.b64encode(plain).decode()})
    assert task["case"] == delivery.case_id
    assert stage.parts(delivery.id)["sent-1-plain"] == plain
    assert b"Siti Contoh" not in base64.b64decode(item["body"])


# --- what describes it ----------------------------------------------------------------------------------------------


def test_how_to_collect_is_told_and_described(stage: Stage) -> None:
    url = stage.door.url
    told = stage.client.get("/rest/satpolpp/openapi.json").json()["paths"]
    assert {f"/rest/satpolpp/mailbox/{name}" for name in ("collect", "acknowledge")} <= set(told)
    assert "/rest/dpupr/mailbox/collect" not in stage.client.get("/rest/dpupr/openapi.json").json()["paths"]
    for name in ("collect", "acknowledge"):
        assert f"mailbox.{name}" in stage.client.get(f"/soap/satpolpp/mailbox.{name}?wsdl").text
    assert stage.client.get("/soap/dpupr/mailbox.collect?wsdl").status_code >= 400
    for ask, read in meta_voices.BOTH.values():
        allowed = read(stage, ask(stage, "allowed", agency="satpolpp", message_id=ask.__name__), "satpolpp").payload
        box = next(each for each in allowed["interaction"] if each["model"] == "mailbox")
        assert {
            name: box[name] for name in ("direction", "url", "acknowledgeUrl", "visibleAgainS", "mostCollections")
        } == {
            "direction": "you-collect",
            "url": f"{url}/rest/satpolpp/mailbox/collect",
            "acknowledgeUrl": f"{url}/rest/satpolpp/mailbox/acknowledge",
            "visibleAgainS": 300,
            "mostCollections": 20,
        }


# --- restarts -----------------------------------------------------------------------------------------------------


def test_nothing_is_lost_or_given_twice_by_a_process_that_ends_in_between(stage: Stage, visitor: Visitor) -> None:
    delivery = laid(stage)
    stage.restart()
    assert stage.hub.outbound.recover(alone=True) == 0
    (item,) = visitor.collect()
    stage.restart()
    assert stage.hub.outbound.recover(alone=True) == 0
    assert (visitor.collect(), row_of(stage, delivery.id).state) == ([], "collected")
    stage.clock.advance(minutes=4)
    assert visitor.acknowledge(item["messageId"]) == ["acknowledged"]
    stage.clock.advance(minutes=2)
    assert (stage.hub.lapsing.run_once(), visitor.collect()) == (0, [])


def test_a_registry_that_moves_while_an_item_is_laid_down_lets_it_be_claimed_again(stage: Stage) -> None:
    delivery, prepare = asked(stage), stage.hub.outbound._preparing.prepare

    def overtaken(*given: Any) -> object:
        laid_down = prepare(*given)
        stage.endpoint("sms", f"{stage.street.url}/moved")
        return laid_down

    stage.hub.outbound._preparing.prepare = overtaken  # type: ignore[assignment,method-assign]  # between preparing and commit there is no other door
    assert not stage.hub.outbound.deliver(delivery.id)
    assert (row_of(stage, delivery.id).state, row_of(stage, delivery.id).lease_until) == ("queued", None)
    stage.hub.outbound._preparing.prepare = prepare  # type: ignore[method-assign]  # as before
    assert not stage.hub.outbound.deliver(delivery.id)
    assert row_of(stage, delivery.id).state == "laid-down"


def test_an_item_that_was_collected_by_a_clock_that_was_set_back_is_not_hidden(stage: Stage, visitor: Visitor) -> None:
    delivery = laid(stage)
    stage.clock.advance(days=1)
    visitor.collect()
    stage.clock.at -= timedelta(days=1)
    assert [each["messageId"] for each in visitor.collect()] == [delivery.message_id]
