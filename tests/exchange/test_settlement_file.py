"""The bank's daily settlement as a file, through a hub: its own dialect does not touch it, and a person is called."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from conformance.signing import jws
from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA
from gateway.domain.case import Stage as At
from gateway.domain.events import CaseEvent
from gateway.operations.ledger_export import verify_store
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange import pasar, voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.tables.scenes import brought

SETTLED = ("virtualAccountNo", "amount", "bankReference", "paidAt")
ONE, TWO = "00000000000051", "00000000000052"
PAID_AT = "2026-11-15T09:05:00+07:00"


def announced(stage: Stage, content: bytes, **edits: Any) -> voices.Said:
    said = {**pasar.manifest(content, 4, "csv", "2026-11-15"), **edits}
    body = json.dumps(said).encode()
    message_id = f"s-{said['format']}"
    claims = {"iss": "bank", "aud": "dpmptsp", "jti": message_id, "agr": "bank-2026/1.2", "int": "settlement"}
    token = jws.sign_detached(body, agency_identity("bank", "rsa"), claims, at=stage.clock())
    headers = {"Content-Type": "application/json", "X-JWS-Signature": token}
    return voices.read(stage.client.post("/rest/bank/settlement", content=body, headers=headers))


def charged(stage: Stage, customer: str) -> str:
    """A case that owes by the virtual account of that customer."""

    def owed(fact: CaseEvent) -> CaseEvent:
        if isinstance(fact, e.ChargeIssued):
            return replace(fact, skrd=replace(fact.skrd, payment_code=f"88726{customer}"))
        return fact

    return brought(stage, At.CHARGED, change=owed).id


def pay(stage: Stage, customer: str, reference: str) -> voices.Said:
    """The bank tells of the payment at its time, in its own dialect."""
    owed = {"value": "350000.00", "currency": "IDR"}
    said = {
        "partnerServiceId": "   88726",
        "customerNo": customer,
        "virtualAccountNo": f"   88726{customer}",
        "paymentRequestId": reference,
        "paidAmount": owed,
        "totalAmount": owed,
        "trxDateTime": stage.clock().astimezone(JAKARTA).isoformat(timespec="seconds"),
        "flagAdvise": "N",
    }
    return voices.ask_bill(stage, said, service="payment", external="1700000001")


def test_a_settlement_is_held_against_the_payments_of_cases_line_by_line(stage: Stage) -> None:
    paid, unpaid = charged(stage, ONE), charged(stage, TWO)
    assert pay(stage, ONE, "R-16").status == 200
    stage.clock.at = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
    agreement = read_agreement(packaged_agreements()["bank-2026-1.2"])
    stage.hub.store.registry.import_agreement(agreement, stage.adapters["bank"], "staff/siti")
    stage.hub.store.registry.activate_for_development(agreement.id, agreement.version, "staff/siti")
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(SETTLED)
    lines.writerow((f"88726{ONE}", "350000", "R-16", PAID_AT))
    lines.writerow((f"88726{TWO}", "350000", "R-17", PAID_AT))
    lines.writerow(("998872600000000000099", "350000", "R-18", PAID_AT))
    lines.writerow((f"88726{TWO}", "350000,50", "R-19", PAID_AT))
    content = text.getvalue().encode()

    refused = announced(stage, content, format="xml")  # told as to anybody, and not as SNAP BI does
    assert (refused.status, refused.code) == (400, "batch-format")
    said = announced(stage, content)
    assert said.status == 200, said.body
    address = said.json["upload"]
    assert pasar.send(stage, address, content, 0, last=True).status_code == 204
    pasar.work(stage)

    rows = pasar.results(stage, address)
    assert [row["outcome"] for row in rows] == ["matched", "differs", "unknown", "invalid"]
    assert rows[0]["bankReference"] == "R-16"
    report = pasar.ask(stage, "GET", address)
    counts = {name: report.json()[name] for name in ("state", "accepted", "declined", "invalid", "failed")}
    assert counts == {"state": "completed", "accepted": 2, "declined": 1, "invalid": 1, "failed": 0}
    result = pasar.ask(stage, "GET", f"{address}/result").content
    assert report.json()["resultSha256"] == hashlib.sha256(result).hexdigest()
    (attention,) = [each for each in stage.case(unpaid).attention if each.startswith("bank/settlement: ")]
    assert "R-17" in attention
    assert not any(each.startswith("bank/settlement") for each in stage.case(paid).attention)
    store = stage.hub.store
    verify_store(store.reader, store.vault, store.note_key.verifier)
