"""The bank's voice in every table of its: what it says to the hub, and a charge that waits to be paid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA, local_date
from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as At
from gateway.domain.events import CaseEvent
from tests.exchange import voices
from tests.exchange.stage import Stage
from tests.exchange.tables.scenes import brought

_EXTERNAL = count(1_000)
"""X-EXTERNAL-ID is unique per day."""
_CUSTOMERS = count(500)


def hears(said: voices.Said, code: str) -> voices.Said:
    """The hub answered with this code, of which the first three digits are the HTTP status."""
    assert said.json["responseCode"] == code, said.json
    assert said.status == int(code[:3])
    return said


def external_id() -> str:
    """An X-EXTERNAL-ID that nobody has used."""
    return f"{next(_EXTERNAL)}"


def charged(stage: Stage) -> tuple[PermitCase, dict[str, str]]:
    """A case with a virtual account of its own, and the account's three members."""
    customer = f"{next(_CUSTOMERS):014d}"

    def owed(fact: CaseEvent) -> CaseEvent:
        if isinstance(fact, e.ChargeIssued):
            today = local_date(stage.clock())  # a QR ends some days after its SKRD
            return replace(fact, skrd=replace(fact.skrd, payment_code=f"88726{customer}", issued_on=today))
        return fact

    case = brought(stage, At.CHARGED, change=owed)
    account = {
        "partnerServiceId": "   88726",
        "customerNo": customer,
        "virtualAccountNo": f"   88726{customer}",
    }
    return case, account


def payment_of(stage: Stage, account: Mapping[str, str], **change: Any) -> dict[str, Any]:
    owed = {"value": "350000.00", "currency": "IDR"}
    paid = {
        **account,
        "paymentRequestId": f"R{account['customerNo']}",
        "paidAmount": owed,
        "totalAmount": owed,
        "trxDateTime": stage.clock().astimezone(JAKARTA).isoformat(timespec="seconds"),
        "flagAdvise": "N",
    }
    return {name: value for name, value in {**paid, **change}.items() if value is not None}


def pay(stage: Stage, payment: Mapping[str, Any], external: str | None = None) -> voices.Said:
    return voices.ask_bill(stage, payment, service="payment", external=external or external_id())
