"""Settled money and the payments of cases: where they agree nothing happens, where they differ a person is called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapters.bank import settlement
from adapters.bpkpd import retribusi
from gateway.contract.adapter import Accept, Decline, Found, Reason
from gateway.contract.message import Json, Payload, Refusal
from gateway.domain.case import PermitCase
from gateway.domain.errors import Violation
from gateway.domain.events import AttentionRaised, AttentionSettled, Reference
from tests.adapters.test_bank import NUMBER, PAYMENT, REQUEST_ID

ACCOUNT = Reference(kind="virtual-account", value=NUMBER)
LINE: dict[str, Json] = {
    "virtualAccountNo": NUMBER,
    "amount": "350000",
    "bankReference": REQUEST_ID,
    "paidAt": "2026-03-02T09:05:00+07:00",
}


def text_of(said: Accept | Decline) -> str:
    assert isinstance(said, Accept)
    (effect,) = said.effects
    (event,) = effect.events
    assert isinstance(event, AttentionRaised)
    return event.text


def test_a_settled_payment_that_the_case_knows_matches_and_changes_nothing(charged_case: PermitCase) -> None:
    case = replace(charged_case, payment=PAYMENT)
    said = settlement.reconciled(LINE, {ACCOUNT: (case,)})
    assert said == Accept()
    row = {"virtualAccountNo": NUMBER, "bankReference": REQUEST_ID, "outcome": "matched"}
    assert settlement.settlement_result(LINE, said) == row


@pytest.mark.parametrize(
    ("edits", "paid", "told"),
    [
        ({}, False, "belum memberitahukan pembayaran itu"),
        ({"amount": "340000"}, True, "yang diberitahukan Rp350.000"),
        ({"bankReference": "PR-18"}, True, f"yang diberitahukan {REQUEST_ID}"),
        ({"paidAt": "2026-03-01T16:59:59+00:00"}, True, "dibayar 2026-03-01; yang diberitahukan dibayar 2026-03-02"),
    ],
    ids=["untold", "amount", "reference", "day"],
)
def test_a_difference_calls_a_person_once_and_records_no_payment(
    charged_case: PermitCase, edits: dict[str, Json], paid: bool, told: str
) -> None:
    case = replace(charged_case, payment=PAYMENT if paid else None)
    said = settlement.reconciled(LINE | edits, {ACCOUNT: (case,)})
    assert told in text_of(said)
    assert settlement.settlement_result(LINE | edits, said)["outcome"] == "differs"
    seen = replace(case, attention=(f"{settlement.SOURCE}: {text_of(said)}",))
    again = settlement.reconciled(LINE | edits, {ACCOUNT: (seen,)})
    assert isinstance(again, Decline)
    assert settlement.settlement_result(LINE | edits, again)["outcome"] == "differs"


@pytest.mark.parametrize("found", [{}, {ACCOUNT: ()}], ids=["not-looked-up", "none"])
def test_money_of_no_charge_of_ours_is_unknown(found: Found) -> None:
    said = settlement.reconciled(LINE, found)
    assert isinstance(said, Decline)
    assert said.reason is Reason.NOT_FOUND
    assert settlement.settlement_result(LINE, said)["outcome"] == "unknown"


@pytest.mark.parametrize("difference", ["", "1"])
def test_a_payment_that_was_lacking_and_comes_later_settles_that_attention_alone(
    charged_case: PermitCase, difference: str
) -> None:
    paid = replace(charged_case, payment=PAYMENT)
    lacking = f"{settlement.SOURCE}: {settlement.unsettled(paid)}"
    said = settlement.reconciled(
        LINE | {"amount": f"35000{difference or 0}"}, {ACCOUNT: (replace(paid, attention=("x", lacking)),)}
    )
    assert isinstance(said, Accept)
    ((settled, *raised),) = (effect.events for effect in said.effects)
    assert isinstance(settled, AttentionSettled)
    assert settled.only == lacking
    assert len(raised) == bool(difference)
    assert settlement.settlement_result(LINE, said)["outcome"] == ("differs" if difference else "matched")
    assert settlement.unsettled(charged_case) == ""


def test_a_booking_that_comes_later_settles_its_attention(charged_case: PermitCase) -> None:
    paid = replace(charged_case, payment=PAYMENT)
    lacking = f"{retribusi.SOURCE}: {retribusi.unbooked(paid)}"
    assert "tidak ada baris pembukuan yang sah" in lacking
    said = retribusi.realised(booked(paid), {ACCOUNT: (replace(paid, attention=(lacking,)),)})
    assert isinstance(said, Accept)
    ((settled,),) = (effect.events for effect in said.effects)
    assert isinstance(settled, AttentionSettled)
    assert settled.only == lacking
    assert retribusi.unbooked(charged_case) == ""


def test_a_line_that_breaks_the_schema_is_invalid() -> None:
    broken = (Violation(path="/amount", rule="pattern", text="no whole rupiah"),)
    said = settlement.settlement_result({}, Refusal(code="schema-violation", text="1 place", violations=broken))
    assert said == {"outcome": "invalid", "text": "1 place"}


@pytest.mark.parametrize("code", ["mapping-fault", "cancelled", "case-refused"])
def test_a_line_that_was_not_compared_keeps_its_keys(code: str) -> None:
    said = settlement.settlement_result(LINE, Refusal(code=code, text="not now"))
    keys = {"virtualAccountNo": NUMBER, "bankReference": REQUEST_ID}
    assert said == {**keys, "outcome": "failed", "text": "not now"}


def booked(charged_case: PermitCase, **edits: Any) -> Payload:
    assert charged_case.skrd is not None
    line = {"kodeBayar": NUMBER, "jumlah": "350000", "tanggal": "2026-03-02"}
    return {"nomorSkrd": charged_case.skrd.number, **line, **edits}


def test_realised_retribusi_that_was_paid_as_booked_changes_nothing(charged_case: PermitCase) -> None:
    case = replace(charged_case, payment=PAYMENT)
    assert retribusi.realised(booked(charged_case), {ACCOUNT: (case,)}) == Accept()


def test_books_that_differ_from_the_case_call_a_person_once(charged_case: PermitCase) -> None:
    line = booked(charged_case)
    told = text_of(retribusi.realised(line, {ACCOUNT: (charged_case,)}))
    assert "belum ada pembayaran" in told
    seen = replace(charged_case, attention=(f"{retribusi.SOURCE}: {told}",))
    assert isinstance(retribusi.realised(line, {ACCOUNT: (seen,)}), Decline)
    paid = replace(charged_case, payment=PAYMENT)
    assert "yang dibayar Rp350.000" in text_of(retribusi.realised(booked(charged_case, jumlah="1"), {ACCOUNT: (paid,)}))


def test_a_booking_of_another_skrd_or_of_none_is_declined(charged_case: PermitCase) -> None:
    other = retribusi.realised(booked(charged_case, nomorSkrd="974/404/2026"), {ACCOUNT: (charged_case,)})
    none = retribusi.realised(booked(charged_case), {ACCOUNT: ()})
    assert isinstance(other, Decline)
    assert isinstance(none, Decline)
    assert (other.reason, none.reason) == (Reason.INCONSISTENT, Reason.NOT_FOUND)
