"""A bank that speaks SNAP BI: what is owed (24), what was paid (25), and whether it was taken (26)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA, local_date
from gateway.domain.case import Stage as At
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.stage import Stage
from tests.exchange.tables.bank import charged, external_id, hears, pay, payment_of
from tests.exchange.tables.row import Does, Row, row
from tests.exchange.tables.scenes import ACTOR


def _bill(stage: Stage) -> None:
    _, account = charged(stage)
    said = hears(voices.ask_bill(stage, {**account, "inquiryRequestId": "I-1"}, external=external_id()), "2002400")
    assert said.json["virtualAccountData"]["totalAmount"] == {"value": "350000.00", "currency": "IDR"}


def _paid(stage: Stage) -> None:
    case, account = charged(stage)
    hears(pay(stage, payment_of(stage, account)), "2002500")
    assert stage.case(case.id).stage is At.PAID


def _refused(code: str, **change: Any) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _, account = charged(stage)
        with stage.unchanged():
            hears(pay(stage, payment_of(stage, account, **change)), code)

    return play


def _in_the_future(stage: Stage) -> None:
    at = (stage.clock() + timedelta(hours=1)).astimezone(JAKARTA).isoformat(timespec="seconds")
    _refused("4042518", trxDateTime=at)(stage)


def _unknown_account(stage: Stage) -> None:
    account = {
        "partnerServiceId": "   88726",
        "customerNo": "99999999999999",
        "virtualAccountNo": "   8872699999999999999",
    }
    with stage.unchanged():
        hears(pay(stage, payment_of(stage, account)), "4042512")


def _advised(stage: Stage) -> None:
    case, account = charged(stage)
    payment = payment_of(stage, account)
    hears(pay(stage, payment), "2002500")
    with stage.unchanged():
        hears(pay(stage, {**payment, "flagAdvise": "Y"}), "2002500")
    assert stage.case(case.id).payment is not None


def _same_external_id(stage: Stage) -> None:
    _, account = charged(stage)
    payment, external = payment_of(stage, account), external_id()
    first = hears(pay(stage, payment, external), "2002500")
    with stage.unchanged("exchange", "leaf"):
        assert pay(stage, payment, external).body == first.body


def _external_id_reused(stage: Stage) -> None:
    _, account = charged(stage)
    payment, external = payment_of(stage, account), external_id()
    hears(pay(stage, payment, external), "2002500")
    with stage.unchanged():
        hears(pay(stage, {**payment, "flagAdvise": "Y"}, external), "4092500")
    stage.clock.advance(days=1)
    hears(pay(stage, {**payment, "flagAdvise": "Y"}, external), "2002500")


def _after_apayment_of(code: str, **change: Any) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _, account = charged(stage)
        payment = payment_of(stage, account)
        hears(pay(stage, payment), "2002500")
        with stage.unchanged():
            hears(pay(stage, {**payment, **change}), code)

    return play


def _billed_again(stage: Stage) -> None:
    _, account = charged(stage)
    hears(pay(stage, payment_of(stage, account)), "2002500")
    hears(voices.ask_bill(stage, {**account, "inquiryRequestId": "I-1"}, external=external_id()), "4042414")


def _lapsed(stage: Stage) -> None:
    case, account = charged(stage)
    stage.hub.deeds.record(case.id, ACTOR, journeys.notice_received(stage.clock()))
    stage.clock.advance(days=15)
    due_on = local_date(stage.clock()) - timedelta(days=1)
    stage.hub.deeds.record(case.id, ACTOR, e.ChargeLapsed(due_on=due_on))
    with stage.unchanged():
        hears(voices.ask_bill(stage, {**account, "inquiryRequestId": "I-1"}, external=external_id()), "4042419")
        hears(pay(stage, payment_of(stage, account)), "4042519")


def _status(stage: Stage) -> None:
    _, account = charged(stage)
    payment = payment_of(stage, account)
    asked = {**account, "inquiryRequestId": payment["paymentRequestId"]}
    hears(voices.ask_bill(stage, asked, service="status", external=external_id()), "4042601")
    hears(pay(stage, payment), "2002500")
    said = hears(voices.ask_bill(stage, asked, service="status", external=external_id()), "2002600")
    assert said.json["virtualAccountData"]["paymentFlagStatus"] == "00"


PAYMENTS: tuple[Row, ...] = (
    row("a bill", "24", Does.TAKE, "2002400, the amount of the SKRD, closed", _bill),
    row("a payment", "25", Does.TAKE, "2002500; the charge is paid", _paid, "the payment; the case goes on"),
    row("an unknown account", "24 or 25", Does.REFUSE, "404xx12", _unknown_account),
    row(
        "an account whose members differ",
        "virtualAccountNo is not partnerServiceId and customerNo",
        Does.REFUSE,
        "404xx18",
        _refused("4042518", customerNo="17"),
    ),
    row(
        "another amount",
        "paidAmount 100000.00",
        Does.REFUSE,
        "404xx13",
        _refused("4042513", paidAmount={"value": "100000.00", "currency": "IDR"}, totalAmount=None),
    ),
    row(
        "sen",
        "paidAmount 350000.50",
        Does.REFUSE,
        "404xx13: a retribution is whole rupiah",
        _refused("4042513", paidAmount={"value": "350000.50", "currency": "IDR"}, totalAmount=None),
    ),
    row(
        "two amounts",
        "totalAmount differs from paidAmount",
        Does.REFUSE,
        "404xx18",
        _refused("4042518", totalAmount={"value": "350001.00", "currency": "IDR"}),
    ),
    row(
        "paid before it was charged",
        "trxDateTime before the day of the SKRD",
        Does.REFUSE,
        "404xx18 (14(3))",
        _refused("4042518", trxDateTime="2026-03-01T09:00:00+07:00"),
    ),
    row("paid in the future", "trxDateTime an hour ahead", Does.REFUSE, "404xx18", _in_the_future),
    row("a member is missing", "no trxDateTime", Does.REFUSE, "400xx02", _refused("4002502", trxDateTime=None)),
    row(
        "a member of the wrong form",
        "trxDateTime `kemarin`",
        Does.REFUSE,
        "400xx01",
        _refused("4002501", trxDateTime="kemarin"),
    ),
    row(
        "the answer was lost",
        "the same paymentRequestId, flagAdvise `Y`, a new X-EXTERNAL-ID",
        Does.TAKE,
        "2002500 again; nothing changes",
        _advised,
    ),
    row(
        "the same message again",
        "the same X-EXTERNAL-ID and body",
        Does.TAKE,
        "the same answer, byte for byte",
        _same_external_id,
    ),
    row(
        "a duplicate X-EXTERNAL-ID",
        "another body on the same day",
        Does.REFUSE,
        "409xx00; on another day it is another message",
        _external_id_reused,
    ),
    row(
        "a second payment",
        "another paymentRequestId",
        Does.REFUSE,
        "404xx14: the bank gives the money back",
        _after_apayment_of("4042514", paymentRequestId="R-2"),
    ),
    row(
        "the same payment with another amount",
        "the same paymentRequestId",
        Does.REFUSE,
        "404xx18",
        _after_apayment_of(
            "4042518",
            paidAmount={"value": "350001.00", "currency": "IDR"},
            totalAmount={"value": "350001.00", "currency": "IDR"},
        ),
    ),
    row("a bill that is paid", "24", Does.REFUSE, "404xx14", _billed_again),
    row("a charge that has lapsed", "24 and 25", Does.REFUSE, "404xx19 (14(4))", _lapsed),
    row("was it taken?", "26", Does.TAKE, "404xx01 before the payment, 2002600 after it", _status),
)
