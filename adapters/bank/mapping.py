"""Virtual accounts: what is owed, that it was paid, and whether a payment was taken."""

from __future__ import annotations

import re
from datetime import timedelta, timezone

from adapters.bank.snap import ACCOUNT_MEMBERS, SUCCESSFUL, successful
from gateway.contract.adapter import Accept, Decline, Effect, Found, Reason
from gateway.contract.message import Json, Payload
from gateway.contract.moments import moment
from gateway.domain.case import PermitCase
from gateway.domain.events import PaymentReceived, Reference
from gateway.domain.skrd import SKRD

WIB = timezone(timedelta(hours=7))
"""Jakarta time, without daylight saving."""


def account_number(payload: Payload) -> str:
    """Give the virtual account as the SKRD prints it: the digits, without the padding of partnerServiceId."""
    return str(payload["virtualAccountNo"]).lstrip(" ")


def account(payload: Payload) -> tuple[Reference, ...]:
    """Look up the case that this virtual account was opened for."""
    return (Reference(kind="virtual-account", value=account_number(payload)),)


def bill(payload: Payload, found: Found) -> Payload | Decline:
    """Answer service 24: the amount owed, closed (14(2)); or that it is unknown, paid or lapsed."""
    charged = _charged(payload, found)
    if isinstance(charged, Decline):
        return charged
    case, skrd = charged
    if case.payment is not None:
        return Decline(reason=Reason.ALREADY_DONE, text="this charge was paid")
    if case.ended:
        return Decline(reason=Reason.EXPIRED, text="this charge lapsed and its virtual account is closed (Pasal 14(4))")
    data: dict[str, Json] = {member: payload[member] for member in (*ACCOUNT_MEMBERS, "inquiryRequestId")}
    data |= {
        "virtualAccountName": skrd.payer_name[:255],
        "totalAmount": _amount(skrd.amount),
        "virtualAccountTrxType": "C",
        "inquiryStatus": "00",
        "inquiryReason": dict(SUCCESSFUL),
    }
    return successful("va-inquiry", data)


def paid(payload: Payload, found: Found) -> Accept | Decline:
    """Read service 25: the payment as a fact. Whether the case may be paid, and with how much, the domain decides.

    The bank repeats a payment whose answer it missed (flagAdvise Y) with a new X-EXTERNAL-ID: the same
    paymentRequestId and amount on a paid charge is that payment, is acknowledged again, and changes nothing.
    """
    charged = _charged(payload, found)
    if isinstance(charged, Decline):
        return charged
    case, _ = charged
    amount = whole_rupiah(payload["paidAmount"])
    if amount is None:
        return Decline(reason=Reason.WRONG_AMOUNT, text="a retribution is whole rupiah: pay the amount of the inquiry")
    if payload.get("totalAmount", payload["paidAmount"]) != payload["paidAmount"]:
        return Decline(reason=Reason.INCONSISTENT, text="totalAmount and paidAmount differ on a closed amount")
    paid_at = moment(str(payload["trxDateTime"]))
    if paid_at is None:
        return Decline(reason=Reason.INCONSISTENT, text=f"trxDateTime {payload['trxDateTime']} does not exist")
    request_id = str(payload["paymentRequestId"])
    if case.payment is not None and case.payment.bank_reference == request_id:
        if case.payment.amount == amount:
            return Accept()
        return Decline(reason=Reason.INCONSISTENT, text=f"payment {request_id} was taken with another amount")
    event = PaymentReceived(
        amount=amount,
        bank_reference=request_id,
        channel=str(payload.get("channelCode") or "virtual-account"),
        paid_at=paid_at,
    )
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


def payment_status(payload: Payload, found: Found) -> Payload | Decline:
    """Answer service 26: the payment as it was taken, or that none is known under this id."""
    charged = _charged(payload, found)
    if isinstance(charged, Decline):
        return charged
    case, _ = charged
    request_id = payload.get("paymentRequestId") or payload["inquiryRequestId"]
    payment = case.payment
    if payment is None or payment.bank_reference != request_id:
        return Decline(reason=Reason.NOT_FOUND, text=f"no payment {request_id} was taken for this virtual account")
    data: dict[str, Json] = {member: payload[member] for member in (*ACCOUNT_MEMBERS, "inquiryRequestId")}
    data |= {
        "paymentRequestId": payment.bank_reference,
        "paidAmount": _amount(payment.amount),
        "totalAmount": _amount(payment.amount),
        "transactionDate": payment.paid_at.astimezone(WIB).isoformat(timespec="seconds"),
        "paymentFlagStatus": "00",
        "paymentFlagReason": dict(SUCCESSFUL),
    }
    return successful("va-status", data)


def _charged(payload: Payload, found: Found) -> tuple[PermitCase, SKRD] | Decline:
    """Find the one case of this virtual account and its SKRD, if the account's three members agree."""
    service, customer = str(payload["partnerServiceId"]), str(payload["customerNo"])
    if account_number(payload) != f"{service}{customer}".lstrip(" "):
        return Decline(
            reason=Reason.INCONSISTENT, text="virtualAccountNo is not partnerServiceId followed by customerNo"
        )
    cases = [case for each in account(payload) for case in found.get(each, ())]
    if len(cases) != 1 or cases[0].skrd is None:
        return Decline(reason=Reason.NOT_FOUND, text="no charge of ours has this virtual account")
    return cases[0], cases[0].skrd


def whole_rupiah(amount: Json) -> int | None:
    """Read whole rupiah of `{"value": "12345678.00"}`; None when there are sen or leading zeros."""
    match = re.fullmatch(r"(0|[1-9][0-9]{0,15})\.00", str(amount["value"])) if isinstance(amount, dict) else None
    return int(match[1]) if match else None


def _amount(rupiah: int) -> dict[str, Json]:
    return {"value": f"{rupiah}.00", "currency": "IDR"}
