"""QRIS by SNAP BI: what the bank answers to a question for a QR (47), and what it tells of its payment (52)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from conformance.signing import snap
from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA, local_date
from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as At
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.stage import SECRETS, Stage
from tests.exchange.tables.answers import HTML, answered, retried
from tests.exchange.tables.bank import charged, external_id, hears, pay, payment_of
from tests.exchange.tables.row import Does, Row, row
from tests.exchange.tables.scenes import ACTOR, row_of
from tests.exchange.town import Answer, Call, Told, raw, says

NOTIFY_PATH = "/rest/bank/v1.0/qr/qr-mpm-notify"
MERCHANT = "merchant-7Q"
QR = "00020101021252049399530336054063500005802ID5909RETRIBUSI6009MOJOKERTO6304A1B2"


def makes(call: Call) -> Told:
    """A bank that makes a QR, and makes sure who asked for it."""
    asked = call.json
    assert asked["merchantId"] == MERCHANT
    assert "authorization" not in call.headers
    made = {
        "responseCode": "2004700",
        "responseMessage": "Successful",
        "referenceNo": f"Q{asked['partnerReferenceNo'][-12:]}",
        "partnerReferenceNo": asked["partnerReferenceNo"],
        "qrContent": QR,
    }
    return says(made)(call)


def _asked(stage: Stage) -> DeliveryRow:
    case, _ = charged(stage)
    return stage.delivery(case.id, "bank")


def _snap(code: str, text: str = "x") -> Answer:
    return says({"responseCode": code, "responseMessage": text}, int(code[:3]))


def _made(stage: Stage) -> None:
    delivery = _asked(stage)
    assert stage.hub.outbound.deliver(delivery.id)
    call = stage.town.calls["bank"][-1]
    assert call.path == "/bank/v1.0/qr/qr-mpm-generate"
    snap.check_asymmetric(
        stage.certificate, call.path, call.body, call.headers["x-timestamp"], call.headers["x-signature"]
    )
    qris = stage.case(delivery.case_id).qris
    assert qris is not None
    assert qris.content == QR
    assert MERCHANT.encode() not in b"".join(stage.parts(delivery.id).values())


def _left_too_late(stage: Stage) -> None:
    delivery = _asked(stage)
    calls = len(stage.town.calls["bank"])
    stage.clock.advance(days=21)
    stage.hub.outbound.deliver(delivery.id)
    assert len(stage.town.calls["bank"]) == calls
    (told,) = [each for each in stage.case(delivery.case_id).attention if "Masa QRIS" in each]
    assert "pemohon membayar lewat virtual account" in told


def _made_too_late(stage: Stage) -> None:
    case, account = charged(stage)
    delivery = stage.delivery(case.id, "bank")
    hears(pay(stage, payment_of(stage, account)), "2002500")
    assert stage.hub.outbound.deliver(delivery.id)
    assert stage.case(case.id).qris is None
    assert (row_of(stage, delivery).cause or "").startswith("Terlambat: ")


_answered = partial(answered, to=_asked)


def _later(name: str, code: str, hub: str, state: str = "not-sent") -> Row:
    return retried(name, code, state, hub, lambda _: _snap(code), to=_asked)


def _no(name: str, code: str) -> Row:
    return _answered(
        name=name,
        wire=code,
        does=Does.ASK,
        state="answered",
        hub="no QR is offered",
        says=lambda _: _snap(code),
        attention=f"Bank tidak membuat QRIS (kode {code}: x)",
        staff="the applicant pays by the virtual account",
    )


QRIS_ANSWERS: tuple[Row, ...] = (
    row("a QR", "2004700", Does.TAKE, "a fact of the case", _made, "the QR beside the virtual account"),
    row("a QR for a charge that is paid by now", "2004700", Does.TAKE, "kept; changes nothing", _made_too_late),
    row(
        "asked for, and held back until no QR may live any more",
        "nothing",
        Does.ASK,
        "nothing is sent: the QR would have ended before",
        _left_too_late,
        "attention of the case, in Indonesian: the virtual account remains",
        alone=True,
    ),
    _later("a general error", "5004700", "by the schedule, the same partnerReferenceNo"),
    _later("too slow within the bank", "5044700", "the same"),
    _later("too many requests", "4294700", "the same"),
    _later("a duplicate X-EXTERNAL-ID", "4094700", "each attempt has another; the next one is new"),
    _no("a duplicate partnerReferenceNo", "4094701"),
    _no("the signature is refused", "4014700"),
    _no("not permitted", "4034715"),
    _no("an unknown merchant", "4044708"),
    _answered(
        name="closed",
        wire="HTTP 503, no body",
        does=Does.RETRY,
        state="not-sent",
        hub="it was not taken; by the schedule",
        says=lambda _: raw(b"", 503),
    ),
    _answered(
        name="a maintenance page",
        wire="HTTP 200, HTML",
        does=Does.RETRY,
        state="unknown",
        hub="nobody knows; the bank gives the same QR",
        says=lambda _: raw(HTML),
    ),
    _later("success without a QR", "2004700", "the same: it was not agreed", "unknown"),
)


# --- what the bank tells --------------------------------------------------------------------------------------------


def offered(stage: Stage) -> tuple[PermitCase, dict[str, str], dict[str, Any]]:
    """A charge with its account and a QR, and the bank's word that the QR was paid."""
    case, account = charged(stage)
    delivery = stage.delivery(case.id, "bank")
    assert stage.hub.outbound.deliver(delivery.id)
    told = {
        "originalReferenceNo": f"P{account['customerNo']}",
        "originalPartnerReferenceNo": delivery.message_id.removeprefix("urn:uuid:"),
        "latestTransactionStatus": "00",
        "amount": {"value": "350000.00", "currency": "IDR"},
        "additionalInfo": {"paidTime": stage.clock().astimezone(JAKARTA).isoformat(timespec="seconds")},
    }
    return case, account, told


def notified(stage: Stage, told: Mapping[str, Any]) -> voices.Said:
    """What the hub says to service 52."""
    body = json.dumps(told, separators=(",", ":")).encode()
    access, moment = voices.ask_token(stage).json["accessToken"], snap.timestamp(stage.clock())
    named = {
        "Authorization": f"Bearer {access}",
        "X_TIMESTAMP": moment,
        "X_SIGNATURE": snap.transaction_signature(SECRETS["bank"]["client_secret"], NOTIFY_PATH, access, body, moment),
        "X_PARTNER_ID": SECRETS["bank"]["partner_id"],
        "X_EXTERNAL_ID": external_id(),
        "CHANNEL_ID": "95051",
    }
    return voices.post(stage, NOTIFY_PATH, body, voices.JSON, **named)


def _paid_by_qr(stage: Stage) -> None:
    case, _, told = offered(stage)
    hears(notified(stage, told), "2005200")
    paid = stage.case(case.id)
    assert paid.stage is At.PAID
    assert paid.payment is not None
    assert (paid.payment.channel, paid.payment.amount) == ("qris", 350_000)


def _told_again(stage: Stage) -> None:
    _, _, told = offered(stage)
    hears(notified(stage, told), "2005200")
    with stage.unchanged():
        hears(notified(stage, told), "2005200")


def _after_the_account(stage: Stage) -> None:
    _, account, told = offered(stage)
    hears(pay(stage, payment_of(stage, account)), "2002500")
    with stage.unchanged():
        hears(notified(stage, told), "4045214")


def _before_the_account(stage: Stage) -> None:
    _, account, told = offered(stage)
    hears(notified(stage, told), "2005200")
    with stage.unchanged():
        hears(pay(stage, payment_of(stage, account)), "4042514")


def _told_otherwise(code: str, **change: Any) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _, _, told = offered(stage)
        with stage.unchanged():
            hears(notified(stage, {**told, **change}), code)

    return play


def _told_after_the_end(stage: Stage) -> None:
    case, _, told = offered(stage)
    stage.hub.deeds.record(case.id, ACTOR, journeys.notice_received(stage.clock()))
    stage.clock.advance(days=15)
    due_on = local_date(stage.clock()) - timedelta(days=1)
    stage.hub.deeds.record(case.id, ACTOR, e.ChargeLapsed(due_on=due_on))
    with stage.unchanged():
        hears(notified(stage, told), "4045219")


QRIS_PAYMENTS: tuple[Row, ...] = (
    row(
        "paid by QR",
        "status `00`",
        Does.TAKE,
        "2005200; the charge is paid",
        _paid_by_qr,
        "the payment, channel `qris`",
    ),
    row("told again", "the same originalReferenceNo", Does.TAKE, "2005200 again; nothing changes", _told_again),
    row(
        "the virtual account was paid first",
        "25, then 52",
        Does.REFUSE,
        "4045214: one charge is paid once, the bank gives the money back",
        _after_the_account,
    ),
    row("the QR was paid first", "52, then 25", Does.REFUSE, "4042514", _before_the_account),
    row(
        "not paid",
        "status `06`",
        Does.TAKE,
        "2005200; nothing changes",
        _told_otherwise("2005200", latestTransactionStatus="06"),
    ),
    row(
        "another amount",
        "100000.00",
        Does.REFUSE,
        "4045213",
        _told_otherwise("4045213", amount={"value": "100000.00", "currency": "IDR"}),
    ),
    row(
        "a QR that nobody asked for",
        "an unknown originalPartnerReferenceNo",
        Does.REFUSE,
        "4045201",
        _told_otherwise("4045201", originalPartnerReferenceNo="nobody"),
    ),
    row("no time", "no paidTime", Does.REFUSE, "4005202", _told_otherwise("4005202", additionalInfo={})),
    row("a charge that has lapsed", "status `00`", Does.REFUSE, "4045219 (14(4))", _told_after_the_end),
)
