"""Every exchange has its receipt, whoever spoke first and in whatever dialect (Pasal 22(1), 22(4)).

What an agency fetches is judged by `conformance.receipts`, which shares no code with the hub.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from conformance.receipts.judge import Trusted, Verdict, judge
from gateway.store.plan import Delete, Plan
from gateway.store.tables import DataKeyRow, DeliveryRow
from gateway.store.vault import scope_of
from tests.exchange import mailbox_voices as mailbox
from tests.exchange import meta_voices, pasar, voices
from tests.exchange.meta_voices import tell
from tests.exchange.stage import Stage
from tests.exchange.tables import oss
from tests.exchange.tables.bank import external_id
from tests.exchange.town import Call


def fetched(stage: Stage, agency: str, named: dict[str, str], parts: dict[str, bytes]) -> Verdict:
    """What the agency proves with the receipt that it fetches, and with its own copies of the bytes."""
    stage.hub.integrator.run_once()
    told = tell(stage, "rest", "receipt", named, agency=agency, message_id=f"receipt-{agency}")
    return judge(told["receipt"].encode(), Trusted(keys=[stage.hub.store.note_key.verifier.encode()]), parts)


def kinds(verdict: Verdict) -> list[str]:
    return [leaf.kind for _, leaf in sorted(verdict.leaves.items())]


def sent(stage: Stage, agency: str, delivery: DeliveryRow) -> tuple[Call, dict[str, bytes]]:
    """The call that reached the agency, and the stored parts of the exchange."""
    (call,) = stage.town.calls[agency][-1:]
    return call, {row.name: row.body for row in stage.hub.store.reader.parts(delivery.id)}


def test_an_agency_proves_what_it_was_asked_and_what_it_replied(stage: Stage) -> None:
    delivery = stage.requested()
    call, stored = sent(stage, "dpupr", delivery)
    verdict = fetched(
        stage, "dpupr", {"messageId": delivery.message_id}, {"sent-1": call.body, "reply-1": stored["reply-1"]}
    )
    assert (verdict.exchange, kinds(verdict), verdict.opened) == (delivery.id, ["sent", "reply"], ("sent-1", "reply-1"))


def test_a_receipt_from_before_an_erasure_opens_its_parts_and_one_from_after_it_opens_none(stage: Stage) -> None:
    delivery = stage.requested()
    call, _ = sent(stage, "dpupr", delivery)
    store = stage.hub.store
    stage.hub.integrator.run_once()
    row = store.reader.exchange(delivery.id)
    assert row is not None
    before = tell(stage, "rest", "receipt", {"exchange": delivery.id})["receipt"].encode()
    store.unit_of_work.commit(Plan.of(Delete(DataKeyRow, {"scope": scope_of(delivery.case_id, row.at)})))
    after = tell(stage, "rest", "receipt", {"exchange": delivery.id}, message_id="m-2")["receipt"].encode()
    key = store.note_key.verifier.encode()
    assert judge(before, Trusted(keys=[key]), {"sent-1": call.body}).opened == ("sent-1",)
    verdict = judge(after, Trusted(keys=[key]))
    assert (verdict.exchange, verdict.closed, "sent-1" in verdict.sealed) == (delivery.id, (), True)


def test_an_item_of_a_mailbox_is_proven_once_it_was_collected(stage: Stage) -> None:
    visitor, delivery = mailbox.Visitor(stage), mailbox.laid(stage)
    stage.hub.integrator.run_once()
    early = meta_voices.ask_rest(stage, "receipt", {"messageId": delivery.message_id}, agency="satpolpp")
    assert early.code == "exchange-unknown"  # nothing has left
    (item,) = visitor.collect()
    assert visitor.acknowledge(delivery.message_id) == ["acknowledged"]
    stored = {row.name: row.body for row in stage.hub.store.reader.parts(delivery.id)}
    body = base64.b64decode(item["body"])
    assert body in stored.values()
    names = {name for name, each in stored.items() if each == body}
    verdict = fetched(stage, "satpolpp", {"messageId": delivery.message_id}, {names.pop(): body})
    assert (verdict.exchange, verdict.trusted) == (delivery.id, True)


def test_a_batch_is_proven_by_its_manifest_and_its_report_and_they_name_every_byte(market: Stage) -> None:
    pasar.registered(market, "R-1")
    content = pasar.written("jsonl", [{"number": "R-1", "note": "satu"}])
    address = pasar.delivered(market, content, 1)
    pasar.work(market)
    report, manifest = pasar.ask(market, "GET", address).content, json.dumps(pasar.manifest(content, 1)).encode()
    exchange = pasar.batch(market).id
    verdict = fetched(market, "pasar", {"exchange": exchange}, {"request": manifest, "batch-report": report})
    assert (verdict.exchange, verdict.opened) == (exchange, ("request", "batch-report"))
    result = pasar.ask(market, "GET", f"{address}/result").content
    assert json.loads(manifest)["sha256"] == hashlib.sha256(content).hexdigest()
    assert json.loads(report)["resultSha256"] == hashlib.sha256(result).hexdigest()


def test_a_bank_whose_dialect_has_no_room_for_a_leaf_fetches_the_receipt_by_its_external_id(stage: Stage) -> None:
    external = external_id()
    said = voices.ask_bill(stage, external=external)  # about an account with no bill: a refusal is proven alike
    row = stage.exchanges("bank")[0]
    assert row.message_id is not None
    stored: dict[str, Any] = {each.name: each.body for each in stage.hub.store.reader.parts(row.id)}
    mine = {"request": stored["request"], "answer": said.body}
    verdict = fetched(stage, "bank", {"messageId": row.message_id}, mine)
    assert (verdict.exchange, kinds(verdict)) == (row.id, ["refused", "answered"])


def test_oss_that_speaks_no_profile_of_ours_fetches_the_receipt_once_it_has_a_certificate(stage: Stage) -> None:
    stage.town.always["oss"] = oss.answers
    delivery = oss.of_status(stage)
    stage.deliver("oss")
    meta_voices.enrol(stage, "oss")
    call, stored = sent(stage, "oss", delivery)
    verdict = fetched(stage, "oss", {"exchange": delivery.id}, {"sent-1": call.body, "reply-1": stored["reply-1"]})
    assert (verdict.exchange, kinds(verdict)) == (delivery.id, ["sent", "reply"])
