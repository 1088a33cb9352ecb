"""The bank's virtual accounts: what is owed, that it was paid, whether a payment was taken (Pasal 14)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from adapters.bank import ADAPTER
from gateway.contract.adapter import Accept, Decline, Found, Inquiry, Reason, Submission
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import PaymentReceived, Reference

NUMBER = "998872600000000000017"
REQUEST_ID = "202603020900000000000000000001"
ACCOUNT: dict[str, Json] = {
    "partnerServiceId": "   99887",
    "customerNo": "2600000000000017",
    "virtualAccountNo": f"   {NUMBER}",
}
PAYMENT = PaymentReceived(
    amount=350_000,
    bank_reference=REQUEST_ID,
    channel="6014",
    paid_at=datetime(2026, 3, 2, 9, 5, tzinfo=timezone(timedelta(hours=7))),
)


@pytest.fixture
def inquiry() -> Inquiry:
    declared = ADAPTER.interaction("va-inquiry")
    assert isinstance(declared, Inquiry)
    return declared


@pytest.fixture
def payment() -> Submission:
    declared = ADAPTER.interaction("va-payment")
    assert isinstance(declared, Submission)
    return declared


@pytest.fixture
def status() -> Inquiry:
    declared = ADAPTER.interaction("va-status")
    assert isinstance(declared, Inquiry)
    return declared


def _idr(value: str) -> dict[str, Json]:
    return {"value": value, "currency": "IDR"}


def _inquiry(**members: Json) -> Payload:
    return ACCOUNT | {"inquiryRequestId": REQUEST_ID} | members


def _payment(**members: Json) -> Payload:
    paid: dict[str, Json] = {
        "paymentRequestId": REQUEST_ID,
        "paidAmount": _idr("350000.00"),
        "trxDateTime": "2026-03-02T09:05:00+07:00",
        "channelCode": 6014,
    }
    return ACCOUNT | paid | members


def _found(*cases: PermitCase) -> Found:
    return {Reference(kind="virtual-account", value=NUMBER): cases}


def _reason(answer: object) -> Reason:
    assert isinstance(answer, Decline)
    assert answer.text
    return answer.reason


@pytest.mark.parametrize("padded", [f"   {NUMBER}", NUMBER])
def test_the_account_is_looked_up_without_its_padding(inquiry: Inquiry, padded: str) -> None:
    expected = (Reference(kind="virtual-account", value=NUMBER),)
    assert inquiry.about(_inquiry(virtualAccountNo=padded)) == expected


def test_an_inquiry_is_answered_with_the_closed_amount_pasal_14_2(
    inquiry: Inquiry, charged_case: PermitCase, violations: Callable[[str, Payload], list[str]]
) -> None:
    answer = inquiry.answer(_inquiry(), _found(charged_case))
    assert not isinstance(answer, Decline)
    assert answer["responseCode"] == "2002400"
    data = answer["virtualAccountData"]
    assert isinstance(data, dict)
    assert charged_case.skrd is not None
    assert data["virtualAccountName"] == charged_case.skrd.payer_name
    assert data["totalAmount"] == _idr("350000.00")
    assert data["virtualAccountTrxType"] == "C"
    assert {member: data[member] for member in ACCOUNT} == ACCOUNT
    assert violations(inquiry.reply, answer) == []


def test_an_unknown_account_has_no_bill(inquiry: Inquiry, case: PermitCase, charged_case: PermitCase) -> None:
    assert _reason(inquiry.answer(_inquiry(), _found())) is Reason.NOT_FOUND
    assert _reason(inquiry.answer(_inquiry(), {})) is Reason.NOT_FOUND
    assert _reason(inquiry.answer(_inquiry(), _found(charged_case, charged_case))) is Reason.NOT_FOUND
    assert _reason(inquiry.answer(_inquiry(), _found(case))) is Reason.NOT_FOUND


def test_a_paid_charge_has_no_bill(inquiry: Inquiry, charged_case: PermitCase) -> None:
    paid = replace(charged_case, payment=PAYMENT)
    assert _reason(inquiry.answer(_inquiry(), _found(paid))) is Reason.ALREADY_DONE


def test_a_lapsed_charge_has_no_bill_pasal_14_4(inquiry: Inquiry, lapsed_case: PermitCase) -> None:
    assert _reason(inquiry.answer(_inquiry(), _found(lapsed_case))) is Reason.EXPIRED


@pytest.mark.parametrize("name", ["va-inquiry", "va-payment", "va-status"])
def test_an_account_that_contradicts_itself_is_inconsistent(name: str, charged_case: PermitCase) -> None:
    declared = ADAPTER.interaction(name)
    crossed = _payment(inquiryRequestId=REQUEST_ID, customerNo="2600000000000018")
    if isinstance(declared, Submission):
        assert _reason(declared.to_cases(crossed, _found(charged_case))) is Reason.INCONSISTENT
    else:
        assert isinstance(declared, Inquiry)
        assert _reason(declared.answer(crossed, _found(charged_case))) is Reason.INCONSISTENT


def test_a_payment_becomes_a_fact_in_whole_rupiah(payment: Submission, charged_case: PermitCase) -> None:
    heard = payment.to_cases(_payment(totalAmount=_idr("350000.00")), _found(charged_case))
    assert isinstance(heard, Accept)
    (effect,) = heard.effects
    assert effect.case == charged_case.id
    assert effect.events == (PAYMENT,)


def test_a_payment_without_a_place_is_called_after_its_kind(payment: Submission, charged_case: PermitCase) -> None:
    message = {member: value for member, value in _payment().items() if member != "channelCode"}
    heard = payment.to_cases(message, _found(charged_case))
    assert isinstance(heard, Accept)
    assert heard.effects[0].events == (replace(PAYMENT, channel="virtual-account"),)


def test_another_amount_is_left_to_the_domain_to_refuse(payment: Submission, charged_case: PermitCase) -> None:
    heard = payment.to_cases(_payment(paidAmount=_idr("349999.00")), _found(charged_case))
    assert isinstance(heard, Accept)
    assert heard.effects[0].events == (replace(PAYMENT, amount=349_999),)


@pytest.mark.parametrize(
    "value", ["350000.50", "0.01", "350000", "350000.000", "00350000.00", "3500000000000000000.00"]
)
def test_sen_are_no_retribution(payment: Submission, charged_case: PermitCase, value: str) -> None:
    heard = payment.to_cases(_payment(paidAmount=_idr(value)), _found(charged_case))
    assert _reason(heard) is Reason.WRONG_AMOUNT


@pytest.mark.parametrize(
    "members",
    [
        {"totalAmount": _idr("700000.00")},
        {"trxDateTime": "2026-02-30T09:05:00+07:00"},
        {"trxDateTime": "0001-01-01T00:00:00+07:00"},
        {"trxDateTime": "9999-12-31T23:59:59-07:00"},
    ],
)
def test_a_payment_that_contradicts_itself_is_inconsistent(
    payment: Submission, charged_case: PermitCase, members: dict[str, Json]
) -> None:
    assert _reason(payment.to_cases(_payment(**members), _found(charged_case))) is Reason.INCONSISTENT


def test_a_payment_repeated_under_a_new_message_id_changes_nothing(
    payment: Submission, charged_case: PermitCase
) -> None:
    paid = _found(replace(charged_case, payment=PAYMENT))
    assert payment.to_cases(_payment(flagAdvise="Y"), paid) == Accept()
    other_amount = payment.to_cases(_payment(flagAdvise="Y", paidAmount=_idr("1.00")), paid)
    assert _reason(other_amount) is Reason.INCONSISTENT


def test_a_second_payment_is_left_to_the_domain_to_refuse(payment: Submission, charged_case: PermitCase) -> None:
    paid = _found(replace(charged_case, payment=replace(PAYMENT, bank_reference="first")))
    heard = payment.to_cases(_payment(), paid)
    assert isinstance(heard, Accept)
    assert heard.effects[0].events == (PAYMENT,)


def test_a_payment_to_an_unknown_account_is_declined(payment: Submission, case: PermitCase) -> None:
    assert _reason(payment.to_cases(_payment(), _found())) is Reason.NOT_FOUND
    assert _reason(payment.to_cases(_payment(), _found(case))) is Reason.NOT_FOUND


@pytest.mark.parametrize("members", [{}, {"paymentRequestId": REQUEST_ID}])
def test_the_status_of_a_payment_is_told_in_jakarta_time(
    status: Inquiry,
    charged_case: PermitCase,
    members: dict[str, Json],
    violations: Callable[[str, Payload], list[str]],
) -> None:
    utc = PAYMENT.paid_at.astimezone(UTC)
    paid = replace(charged_case, payment=replace(PAYMENT, paid_at=utc))
    answer = status.answer(_inquiry(**members), _found(paid))
    assert not isinstance(answer, Decline)
    data = answer["virtualAccountData"]
    assert isinstance(data, dict)
    assert data["transactionDate"] == "2026-03-02T09:05:00+07:00"
    assert data["paidAmount"] == _idr("350000.00")
    assert violations(status.reply, answer) == []


def test_a_payment_never_taken_has_no_status(status: Inquiry, charged_case: PermitCase) -> None:
    paid = replace(charged_case, payment=PAYMENT)
    assert _reason(status.answer(_inquiry(), _found(charged_case))) is Reason.NOT_FOUND
    assert _reason(status.answer(_inquiry(paymentRequestId="other"), _found(paid))) is Reason.NOT_FOUND
