"""SNAP BI: each refusal has its seven digits, and every answer keeps its reply schema."""

from collections.abc import Callable

import pytest

from adapters.bank import ADAPTER
from gateway.contract.adapter import Accept, Dialect, Interaction, Reason
from gateway.contract.message import Json, Payload, Refusal
from gateway.domain.errors import Violation

SERVICES = {"va-inquiry": "24", "va-payment": "25", "va-status": "26"}
PAYMENT: dict[str, Json] = {
    "partnerServiceId": "   99887",
    "customerNo": "2600000000000017",
    "virtualAccountNo": "   998872600000000000017",
    "paymentRequestId": "202603020900000000000000000001",
    "paidAmount": {"value": "350000.00", "currency": "IDR"},
    "trxDateTime": "2026-03-02T09:05:00+07:00",
}

BUSY = ("hub-busy", "commit-unknown")


@pytest.fixture
def dialect() -> Dialect:
    assert ADAPTER.dialect is not None
    return ADAPTER.dialect


def _declared(name: str) -> Interaction:
    declared = ADAPTER.interaction(name)
    assert declared is not None
    return declared


def _schema(name: str) -> str:
    return f"bank/{name}/1.0/reply"


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    ("code", "retriable", "expected"),
    [
        ("not-authenticated", False, "401{}00"),
        ("signature-wrong", False, "401{}00"),
        ("credentials-wrong", False, "401{}00"),
        ("timestamp-stale", False, "401{}00"),
        ("token-expired", False, "401{}01"),
        ("not-agreed", False, "403{}01"),
        ("malformed", False, "400{}00"),
        ("schema-violation", False, "400{}00"),
        ("message-id-reused", False, "409{}00"),
        ("charge-lapsed", False, "404{}19"),
        ("case-ended", False, "404{}19"),
        ("already-paid", False, "404{}14"),
        ("payment-time", False, "404{}18"),
        ("case-refused", False, "403{}15"),
        (Reason.WRONG_AMOUNT.value, False, "404{}13"),
        (Reason.ALREADY_DONE.value, False, "404{}14"),
        (Reason.EXPIRED.value, False, "404{}19"),
        (Reason.INCONSISTENT.value, False, "404{}18"),
        (Reason.NOT_ALLOWED.value, False, "403{}15"),
        ("hub-busy", True, "504{}00"),
        ("commit-unknown", True, "504{}00"),
        ("mapping-fault", True, "500{}00"),
        ("never-seen-before", False, "400{}00"),
        ("never-seen-before", True, "500{}00"),
    ],
)
def test_a_refusal_has_its_snap_code(
    dialect: Dialect,
    violations: Callable[[str, Payload], list[str]],
    name: str,
    code: str,
    retriable: bool,
    expected: str,
) -> None:
    reply = dialect.refuse(
        _declared(name), Refusal(code=code, text="why", retriable=retriable, busy=code in BUSY), None
    )
    wanted = expected.format(SERVICES[name])
    assert reply.payload["responseCode"] == wanted
    assert reply.status == int(wanted[:3])
    assert violations(_schema(name), reply.payload) == []


@pytest.mark.parametrize(
    ("name", "code"), [("va-inquiry", "4042412"), ("va-payment", "4042512"), ("va-status", "4042601")]
)
def test_not_found_is_a_bill_to_pay_and_a_transaction_to_ask_about(dialect: Dialect, name: str, code: str) -> None:
    reply = dialect.refuse(_declared(name), Refusal(code="not-found", text="why"), None)
    assert reply.payload["responseCode"] == code


@pytest.mark.parametrize(
    ("rule", "path", "code", "message"),
    [
        ("required", "/paidAmount", "4002502", "Invalid Mandatory Field paidAmount"),
        ("pattern", "/paidAmount/value", "4002501", "Invalid Field Format value"),
        ("type", "", "4002501", "Invalid Field Format"),
    ],
)
def test_a_broken_field_is_named(dialect: Dialect, rule: str, path: str, code: str, message: str) -> None:
    broken = Violation(path=path, rule=rule, text="expected otherwise")
    refusal = Refusal(code="schema-violation", text="why", violations=(broken,))
    reply = dialect.refuse(_declared("va-payment"), refusal, PAYMENT)
    assert reply.payload == {"responseCode": code, "responseMessage": message}


def test_a_very_long_field_name_keeps_the_message_within_150(dialect: Dialect) -> None:
    broken = Violation(path="/" + "x" * 300, rule="additionalProperties", text="unexpected")
    refusal = Refusal(code="schema-violation", text="why", violations=(broken,))
    assert len(str(dialect.refuse(_declared("va-payment"), refusal, None).payload["responseMessage"])) == 150


@pytest.mark.parametrize(("after_s", "headers"), [(None, {}), (30, {"Retry-After": "30"})])
def test_when_to_try_again_is_told(dialect: Dialect, after_s: int | None, headers: dict[str, str]) -> None:
    refusal = Refusal(code="hub-busy", text="why", retriable=True, busy=True, after_s=after_s)
    assert dialect.refuse(_declared("va-payment"), refusal, None).headers == headers


@pytest.mark.parametrize(
    ("members", "reference"), [({}, None), ({"referenceNo": ""}, None), ({"referenceNo": "17"}, "17")]
)
def test_a_payment_taken_is_acknowledged_with_2002500(
    dialect: Dialect,
    violations: Callable[[str, Payload], list[str]],
    members: dict[str, Json],
    reference: str | None,
) -> None:
    reply = dialect.accept(_declared("va-payment"), PAYMENT | members, Accept())
    assert (reply.status, reply.payload["responseCode"]) == (200, "2002500")
    data = reply.payload["virtualAccountData"]
    assert isinstance(data, dict)
    assert data["paymentFlagStatus"] == "00"
    assert data["totalAmount"] == PAYMENT["paidAmount"]
    assert data.get("referenceNo") == reference
    assert violations(_schema("va-payment"), reply.payload) == []


def test_our_own_sentences_stay_at_home(dialect: Dialect) -> None:
    reply = dialect.refuse(
        _declared("va-payment"), Refusal(code="case-refused", text="case K-17 is suspended"), PAYMENT
    )
    assert "K-17" not in str(reply.payload)
