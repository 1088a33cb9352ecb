"""SNAP BI's own shape of an answer: a seven-digit code (HTTP status, service, case) and a message.

Services and case codes are from the public SNAP BI standard. Which of our refusals gets which code is decided here;
a code that this table does not know is answered 400xx00 when it is final, 504xx00 when the hub is busy, and 500xx00
when it is a fault of the hub's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from gateway.contract.adapter import Accept, Dialect, Interaction, Reason
from gateway.contract.message import Json, Payload, Refusal, Reply

SERVICES: Mapping[str, str] = MappingProxyType(
    {"va-inquiry": "24", "va-payment": "25", "va-status": "26", "qris-generate": "47", "qris-notify": "52"}
)
SUCCESSFUL: Mapping[str, str] = MappingProxyType({"english": "Successful", "indonesia": "Sukses"})
ACCOUNT_MEMBERS = ("partnerServiceId", "customerNo", "virtualAccountNo")

NOT_AGREED = (
    "not-agreed",
    "no-agreement",
    "agreement-not-yet",
    "agreement-expired",
    "agreement-mismatch",
    "agency-suspended",
    "service-not-agreed",
)
"""Refusals that no change of the message mends: the agreement does not cover it, or not now."""

_PAID_MEMBERS = ("paymentRequestId", "paidAmount", "trxDateTime")
_UNAUTHORIZED = (401, "00", "Unauthorized. [Signature]")
_STALE = (401, "00", "Unauthorized. [Timestamp]")
_TOKEN = (401, "01", "Invalid Token (B2B)")
_NOT_FOUND = (404, "12", "Invalid Bill/Virtual Account [Not Found]")
_AMOUNT = (404, "13", "Invalid Amount")
_PAID = (404, "14", "Paid Bill")
_INCONSISTENT = (404, "18", "Inconsistent Request")
_EXPIRED = (404, "19", "Invalid Bill/Virtual Account [Expired]")
_NOT_PERMITTED = (403, "15", "Transaction Not Permitted")
_BUSY = (504, "00", "Timeout")
_GENERAL = (500, "00", "General Error")
_BAD_REQUEST = (400, "00", "Bad Request")

_CODES: Mapping[str, tuple[int, str, str]] = MappingProxyType(
    {
        "not-authenticated": _UNAUTHORIZED,
        "signature-wrong": _UNAUTHORIZED,
        "credentials-wrong": _UNAUTHORIZED,
        "timestamp-stale": _STALE,
        "timestamp-future": _STALE,
        "timestamp-missing": _STALE,
        "signature-missing": _UNAUTHORIZED,
        "token-wrong": _TOKEN,
        "token-expired": _TOKEN,
        **dict.fromkeys(NOT_AGREED, (403, "01", "Feature Not Allowed")),
        "personal-data-excess": _BAD_REQUEST,
        "message-id-reused": (409, "00", "Conflict"),
        "charge-lapsed": _EXPIRED,
        "case-ended": _EXPIRED,
        "already-paid": _PAID,
        "payment-time": _INCONSISTENT,
        "case-refused": _NOT_PERMITTED,
        "agency-unavailable": _BUSY,
        Reason.NOT_FOUND.value: _NOT_FOUND,
        Reason.WRONG_AMOUNT.value: _AMOUNT,
        Reason.ALREADY_DONE.value: _PAID,
        Reason.EXPIRED.value: _EXPIRED,
        Reason.INCONSISTENT.value: _INCONSISTENT,
        Reason.NOT_ALLOWED.value: _NOT_PERMITTED,
    }
)


def refuse(interaction: Interaction, refusal: Refusal, _payload: Payload | None) -> Reply:
    """Say our refusal as a SNAP response. The message names the field at most: SNAP's sentences are fixed."""
    service = SERVICES[interaction.name]
    if refusal.code == "schema-violation":
        status, case, message = _field_fault(refusal)
    elif service in ("26", "52") and refusal.code == Reason.NOT_FOUND:
        status, case, message = 404, "01", "Transaction Not Found"
    else:
        unknown = _BUSY if refusal.busy else _GENERAL if refusal.retriable else _BAD_REQUEST
        status, case, message = _CODES.get(refusal.code, unknown)
    headers = {} if refusal.after_s is None else {"Retry-After": str(refusal.after_s)}
    return Reply(
        status=status,
        payload={"responseCode": f"{status}{service}{case}", "responseMessage": message[:150]},
        headers=headers,
    )


def _field_fault(refusal: Refusal) -> tuple[int, str, str]:
    """Tell a missing mandatory field (400xx02) from one of the wrong form (400xx01); the first violation decides."""
    if not refusal.violations:
        return _BAD_REQUEST
    first = refusal.violations[0]
    field = first.path.rpartition("/")[2]
    if first.rule == "required":
        return 400, "02", f"Invalid Mandatory Field {field}".strip()
    return 400, "01", f"Invalid Field Format {field}".strip()


def accept(interaction: Interaction, payload: Payload, _accepted: Accept) -> Reply:
    """Acknowledge a payment. An inquiry's answer is whole as its mapping gives it and does not come here."""
    if interaction.name == "qris-notify":
        said = {"responseCode": "2005200", "responseMessage": SUCCESSFUL["english"]}
        return Reply(status=200, payload=dict(said))
    data: dict[str, Json] = {member: payload[member] for member in (*ACCOUNT_MEMBERS, *_PAID_MEMBERS)}
    data |= {
        "totalAmount": payload["paidAmount"],
        "paymentFlagStatus": "00",
        "paymentFlagReason": dict(SUCCESSFUL),
    }
    if payload.get("referenceNo"):
        data["referenceNo"] = payload["referenceNo"]
    return Reply(status=200, payload=successful(interaction.name, data))


def successful(interaction: str, data: Mapping[str, Json]) -> Payload:
    """Build the whole body of a successful response."""
    return {
        "responseCode": f"200{SERVICES[interaction]}00",
        "responseMessage": SUCCESSFUL["english"],
        "virtualAccountData": dict(data),
    }


DIALECT = Dialect(refuse=refuse, accept=accept)
