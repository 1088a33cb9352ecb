"""QRIS: what is asked of the bank, what its answer means, and a payment by QR as a fact (Pasal 14)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta, timezone

import pytest

from adapters.bank import ADAPTER
from gateway.contract.adapter import Accept, AskPerson, Decline, Found, Query, Reason, Repeat, Retry, Submission
from gateway.contract.message import Json, Payload, Refusal
from gateway.domain.calendar import JAKARTA, WorkingCalendar
from gateway.domain.case import PermitCase
from gateway.domain.deadlines import payment_due_on
from gateway.domain.errors import Refused
from gateway.domain.events import OfferQris, PaymentReceived, QrisOffered, Reference

ID = "0198c0de-0000-7000-8000-000000000017"
QR = "00020101021252049399530336054063500005802ID5909RETRIBUSI6009MOJOKERTO6304A1B2"
MADE: Payload = {
    "responseCode": "2004700",
    "responseMessage": "Successful",
    "referenceNo": "Q-17",
    "partnerReferenceNo": ID,
    "qrContent": QR,
}
PAID = PaymentReceived(
    amount=350_000,
    bank_reference="P-17",
    channel="qris",
    paid_at=datetime(2026, 3, 2, 9, 5, tzinfo=timezone(timedelta(hours=7))),
)


@pytest.fixture
def offered_case(charged_case: PermitCase) -> PermitCase:
    """Give a charge that has a QR beside its virtual account."""
    return replace(charged_case, qris=QrisOffered(content=QR, bank_reference="Q-17"))


@pytest.fixture
def question() -> Query[OfferQris]:
    declared = ADAPTER.interaction("qris-generate")
    assert isinstance(declared, Query)
    return declared


@pytest.fixture
def payment() -> Submission:
    declared = ADAPTER.interaction("qris-notify")
    assert isinstance(declared, Submission)
    return declared


def _told(**members: Json) -> Payload:
    said: dict[str, Json] = {
        "originalReferenceNo": "P-17",
        "originalPartnerReferenceNo": ID,
        "latestTransactionStatus": "00",
        "amount": {"value": "350000.00", "currency": "IDR"},
        "additionalInfo": {"paidTime": "2026-03-02T09:05:00+07:00"},
    }
    return said | members


def _found(*cases: PermitCase) -> Found:
    return {Reference(kind="message", value=f"urn:uuid:{ID}"): cases}


def test_a_qr_is_asked_for_exactly_the_charge_and_for_nobody_by_name(
    question: Query[OfferQris], charged_case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    asked = question.to_agency(charged_case, OfferQris(), f"urn:uuid:{ID}")
    assert asked == {
        "partnerReferenceNo": ID,
        "amount": {"value": "350000.00", "currency": "IDR"},
        "merchantId": "{{secret:merchant_id}}",
        "validityPeriod": "2026-03-16T23:59:59+07:00",
    }
    assert violations(question.request, asked) == []
    assert (question.redact, question.repeat, question.since) == (("merchantId",), Repeat.SAME_ID, "1.1")


@pytest.mark.parametrize(
    ("issued_on", "received_on"),
    [(date(2026, 7, 3), date(2026, 7, 3)), (date(2026, 7, 3), date(2026, 7, 4)), (date(2026, 7, 5), date(2026, 7, 5))],
)
def test_the_qr_ends_no_later_than_its_charge_can(
    question: Query[OfferQris], charged_case: PermitCase, issued_on: date, received_on: date
) -> None:
    assert charged_case.skrd is not None
    case = replace(charged_case, skrd=replace(charged_case.skrd, issued_on=issued_on))
    ends = str(question.to_agency(case, OfferQris(), f"urn:uuid:{ID}")["validityPeriod"])
    received = datetime.combine(received_on, time(9), JAKARTA)
    assert datetime.fromisoformat(ends).date() <= payment_due_on(received, WorkingCalendar(holidays=frozenset()))


def test_after_the_last_day_of_a_qr_it_is_not_asked_for(question: Query[OfferQris], charged_case: PermitCase) -> None:
    assert question.too_late is not None
    assert question.too_late(charged_case, date(2026, 3, 16)) == ""
    assert "berakhir 2026-03-16: pemohon membayar" in question.too_late(charged_case, date(2026, 3, 17))


def test_without_an_skrd_there_is_nothing_to_ask(question: Query[OfferQris], case: PermitCase) -> None:
    with pytest.raises(Refused):
        question.to_agency(case, OfferQris(), f"urn:uuid:{ID}")


def test_the_qr_becomes_a_fact(question: Query[OfferQris], charged_case: PermitCase) -> None:
    heard = question.to_case(charged_case, OfferQris(), MADE)
    assert isinstance(heard, Accept)
    ((event,),) = (effect.events for effect in heard.effects)
    assert event == QrisOffered(content=QR, bank_reference="Q-17")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("5004700", Retry),
        ("5044700", Retry),
        ("4294700", Retry),
        ("4094700", Retry),
        ("2002400", Retry),
        ("4045219", Retry),
        ("4094701", AskPerson),
        ("4014700", AskPerson),
        ("4034715", AskPerson),
        ("4004702", AskPerson),
    ],
)
def test_a_no_is_tried_again_or_left_to_the_virtual_account(
    question: Query[OfferQris], charged_case: PermitCase, code: str, kind: type
) -> None:
    heard = question.to_case(charged_case, OfferQris(), {"responseCode": code, "responseMessage": "x"})
    assert isinstance(heard, kind)
    assert code in getattr(heard, "text", "")


def test_a_payment_by_qr_is_a_fact_of_the_case_that_the_qr_was_made_for(
    payment: Submission, offered_case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    assert violations(payment.request, _told()) == []
    heard = payment.to_cases(_told(), _found(offered_case))
    assert isinstance(heard, Accept)
    assert [(effect.case, effect.events) for effect in heard.effects] == [(offered_case.id, (PAID,))]


def test_the_same_payment_told_again_changes_nothing(payment: Submission, offered_case: PermitCase) -> None:
    paid = replace(offered_case, payment=PAID)
    assert payment.to_cases(_told(), _found(paid)) == Accept()
    other = payment.to_cases(_told(amount={"value": "350001.00", "currency": "IDR"}), _found(paid))
    assert isinstance(other, Decline)
    assert other.reason is Reason.INCONSISTENT


@pytest.mark.parametrize("status", ["01", "03", "06"])
def test_what_was_not_paid_pays_nothing(payment: Submission, offered_case: PermitCase, status: str) -> None:
    assert payment.to_cases(_told(latestTransactionStatus=status), _found(offered_case)) == Accept()


@pytest.mark.parametrize(
    ("change", "known", "reason"),
    [
        ({}, False, Reason.NOT_FOUND),
        ({"amount": {"value": "350000.50", "currency": "IDR"}}, True, Reason.WRONG_AMOUNT),
        ({"additionalInfo": {"paidTime": "2026-02-30T09:05:00+07:00"}}, True, Reason.INCONSISTENT),
        ({"additionalInfo": {"paidTime": "0001-01-01T00:00:00+07:00"}}, True, Reason.INCONSISTENT),
    ],
)
def test_a_payment_that_fits_nothing_is_declined(
    payment: Submission, offered_case: PermitCase, change: dict[str, Json], known: bool, reason: Reason
) -> None:
    heard = payment.to_cases(_told(**change), _found(offered_case) if known else _found())
    assert isinstance(heard, Decline)
    assert heard.reason is reason


def test_without_a_qr_nothing_is_paid_by_one(payment: Submission, charged_case: PermitCase) -> None:
    heard = payment.to_cases(_told(), _found(charged_case))
    assert isinstance(heard, Decline)
    assert heard.reason is Reason.NOT_FOUND


def test_it_is_acknowledged_in_snap(payment: Submission, violations: Callable[[str, Payload], list[str]]) -> None:
    assert ADAPTER.dialect is not None
    taken = ADAPTER.dialect.accept(payment, _told(), Accept())
    assert (taken.status, taken.payload["responseCode"]) == (200, "2005200")
    unknown = ADAPTER.dialect.refuse(payment, Refusal(code=Reason.NOT_FOUND.value, text="x"), None)
    assert (unknown.status, unknown.payload["responseCode"]) == (404, "4045201")
    assert payment.reply is not None
    assert violations(payment.reply, taken.payload) == violations(payment.reply, unknown.payload) == []
