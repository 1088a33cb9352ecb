"""The bank's daily settlement as a file, through a hub: its own dialect does not touch it, and a person is called."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime

from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA
from gateway.domain.case import Stage as At
from gateway.domain.events import CaseEvent
from gateway.exchange.batch.lines import telling_lines
from gateway.operations.ledger_export import verify_store
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange import pasar, voices
from tests.exchange.settling import announced, attention, period, settle, written
from tests.exchange.stage import RINA, Stage
from tests.exchange.tables.scenes import brought

ONE, TWO = "00000000000051", "00000000000052"


def charged(stage: Stage, customer: str) -> str:
    """A case that owes by the virtual account of that customer."""

    def owed(fact: CaseEvent) -> CaseEvent:
        if isinstance(fact, e.ChargeIssued):
            return replace(fact, skrd=replace(fact.skrd, payment_code=f"88726{customer}"))
        return fact

    return brought(stage, At.CHARGED, change=owed).id


def pay(stage: Stage, customer: str, reference: str, paid_at: str = "") -> voices.Said:
    """The bank tells of a payment of now or then, in its own dialect."""
    owed = {"value": "350000.00", "currency": "IDR"}
    said = {
        "partnerServiceId": "   88726",
        "customerNo": customer,
        "virtualAccountNo": f"   88726{customer}",
        "paymentRequestId": reference,
        "paidAmount": owed,
        "totalAmount": owed,
        "trxDateTime": paid_at or stage.clock().astimezone(JAKARTA).isoformat(timespec="seconds"),
        "flagAdvise": "N",
    }
    return voices.ask_bill(stage, said, service="payment", external=f"17{customer}")


def goes_over(stage: Stage) -> None:
    """The agreement that has settlements is in force."""
    stage.clock.at = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)
    agreement = read_agreement(packaged_agreements()["bank-2026-1.2"])
    stage.hub.store.registry.import_agreement(agreement, stage.adapters["bank"], "staff/siti")
    stage.hub.store.registry.activate_for_development(agreement.id, agreement.version, "staff/siti")


def line(customer: str, reference: str, amount: str = "350000") -> dict[str, str]:
    return {"virtualAccountNo": f"88726{customer}", "amount": amount, "bankReference": reference}


def test_a_settlement_is_held_against_the_payments_of_cases_line_by_line(stage: Stage) -> None:
    paid, unpaid = charged(stage, ONE), charged(stage, TWO)
    assert pay(stage, ONE, "R-16").status == 200
    goes_over(stage)
    content = written((line(ONE, "R-16"), line(TWO, "R-17"), line("999", "R-18"), line(TWO, "R-19", "350000,50")))
    refused = announced(stage, content, 4, "2026-11-15", format="xml")  # told as to anybody, and not as SNAP BI does
    assert (refused.status, refused.code) == (400, "batch-format")
    said = announced(stage, content, 4, "2026-11-15")
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
    (told,) = attention(stage, unpaid)
    assert "R-17" in told
    assert attention(stage, paid) == []
    verified(stage)

    store, row = stage.hub.store, pasar.batch(stage)
    lines = telling_lines(row, store.reader, stage.hub.directory, stage.hub.library)
    assert [(each["number"], each["outcome"]) for each in lines] == [(2, "differs"), (3, "unknown"), (4, "invalid")]
    assert lines[1]["bankReference"] == "R-18"
    assert "Rp350.000" in str(lines[1]["text"])
    (last,) = telling_lines(row, store.reader, stage.hub.directory, stage.hub.library, skip=2, limit=1)
    assert last["number"] == 4


def test_a_payment_that_no_settlement_of_its_day_names_calls_a_person_until_a_later_one_does(stage: Stage) -> None:
    known, lacked = charged(stage, ONE), charged(stage, TWO)
    assert pay(stage, ONE, "R-16").status == 200
    assert pay(stage, TWO, "R-17").status == 200
    day = f"{stage.clock().astimezone(JAKARTA):%Y-%m-%d}"
    goes_over(stage)
    other = e.AttentionRaised(source="petugas", text="berkas perlu dilihat")
    stage.hub.deeds.record(lacked, RINA.actor, other)

    settle(stage, "hari-lain", line(ONE, "R-16"), days=("2026-11-15", "2026-11-15"))
    assert attention(stage, lacked) == []
    settle(stage, "hari-ini", line(ONE, "R-16"), days=(day, day))
    (told,) = attention(stage, lacked)
    assert all(each in told for each in ("Rp350.000", "R-17", day, "tidak ada baris setelmen yang sah"))
    assert attention(stage, known) == []
    missed = stage.hub.store.reader.batch_by_name("bank", "settlement", "hari-ini")
    assert missed is not None
    assert stage.hub.store.reader.unnamed(missed.id) == [lacked]

    settle(stage, "sekali-lagi", line(ONE, "R-16"), days=(day, day))
    assert len(attention(stage, lacked)) == 1
    settle(stage, "terlambat", line(TWO, "R-17"), days=("2026-11-16", "2026-11-16"))
    assert attention(stage, lacked) == []
    assert stage.hub.store.reader.unnamed(missed.id) == []
    assert "petugas: berkas perlu dilihat" in stage.case(lacked).attention
    settle(stage, "ulangan", line(ONE, "R-16"), days=(day, day))  # the other one was named before
    assert attention(stage, lacked) == []
    verified(stage)


def test_a_file_that_is_not_whole_misses_nobody(stage: Stage) -> None:
    lacked = charged(stage, TWO)
    assert pay(stage, TWO, "R-17").status == 200
    day = f"{stage.clock().astimezone(JAKARTA):%Y-%m-%d}"
    goes_over(stage)
    content = written((line("999", "R-18"),))
    said = announced(stage, content, 2, "kurang", period={"from": day, "until": day})
    assert pasar.send(stage, said.json["upload"], content, 0, last=True).status_code == 204
    pasar.work(stage)
    assert pasar.batch(stage).cause is not None
    assert attention(stage, lacked) == []


def test_a_file_that_is_compared_both_ways_has_to_say_its_days(stage: Stage) -> None:
    goes_over(stage)
    content = written((line("999", "R-18"),))
    for name, days in {
        "tanpa": None,
        "salah-tahun": period("2016-03-02", "2026-03-02"),
        "terbalik": period("2026-11-15", "2026-11-14"),
        "besok": period("2026-11-15", "2026-11-17"),
    }.items():
        said = announced(stage, content, 1, name, period=days)
        assert (said.status, said.code) == (422, "batch-period"), name
        assert "say for which days this file is complete" in str(said.json)
        assert stage.hub.store.reader.batch_by_name("bank", "settlement", name) is None
    assert announced(stage, content, 1, "kuartal", period=period("2026-08-16", "2026-11-16")).status == 200


def test_a_line_of_other_money_does_not_stand_for_a_payment_that_is_told_later(stage: Stage) -> None:
    case = charged(stage, TWO)
    goes_over(stage)
    settle(stage, "salah", line(TWO, "R-WRONG", "17000"))
    assert len(attention(stage, case)) == 1
    stage.hub.deeds.record(case, RINA.actor, e.AttentionSettled(officer=RINA.actor, text="Bank membetulkan barisnya."))
    assert pay(stage, TWO, "R-17").status == 200
    day = f"{stage.clock().astimezone(JAKARTA):%Y-%m-%d}"
    settle(stage, "lengkap", line("999", "R-18"), days=(day, day))
    (told,) = attention(stage, case)
    assert "R-17" in told

    settle(stage, "lain", line(TWO, "R-404"), days=(day, day))  # the payment itself is lacking as before
    assert told in attention(stage, case)
    settle(stage, "terlambat", line(TWO, "R-17"), days=(day, day))
    assert told not in attention(stage, case)
    verified(stage)


def test_a_payment_that_is_told_after_the_file_of_its_day_is_compared_at_the_next_one(stage: Stage) -> None:
    late, older = charged(stage, TWO), charged(stage, ONE)
    assert pay(stage, ONE, "R-16").status == 200  # in March: of no file's days, and told before the first
    goes_over(stage)
    settle(stage, "hari-1", line("999", "R-18"), days=("2026-11-15", "2026-11-15"))
    stage.clock.advance(hours=1)
    assert pay(stage, TWO, "R-17", paid_at="2026-11-15T09:00:00+07:00").status == 200
    stage.clock.advance(days=2)
    settle(stage, "hari-2-3", line("999", "R-19"), days=("2026-11-16", "2026-11-17"))
    assert "R-17" in attention(stage, late)[0]
    assert attention(stage, older) == []


def verified(stage: Stage) -> None:
    store = stage.hub.store
    verify_store(store.reader, store.vault, store.note_key.verifier)
