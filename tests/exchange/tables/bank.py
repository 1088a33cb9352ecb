"""A bank that speaks SNAP BI: tokens, signatures, X-EXTERNAL-ID, payments, QRIS; each no has its seven digits."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from conformance.signing import snap
from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA, local_date
from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as At
from gateway.domain.events import CaseEvent
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import SECRETS, Stage
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import ACTOR, answered, brought, row_of
from tests.exchange.town import Answer, Call, Told, raw, says

_EXTERNAL = count(1_000)
"""X-EXTERNAL-ID is unique per day."""
_CUSTOMERS = count(500)
NOTIFY_PATH = "/rest/bank/v1.0/qr/qr-mpm-notify"
MERCHANT = "merchant-7Q"


def _says(said: voices.Said, code: str) -> voices.Said:
    assert said.json["responseCode"] == code, said.json
    assert said.status == int(code[:3])
    return said


def _external() -> str:
    return f"{next(_EXTERNAL)}"


# --- tokens and signatures ----------------------------------------------------------------------------------------


def _inquiry(code: str, *, external: str = "", **twists: Any) -> Callable[[Stage], None]:
    """An inquiry about an account that nobody has: who is proven hears 4042412."""

    def play(stage: Stage) -> None:
        with stage.unchanged():
            _says(voices.ask_bill(stage, external=external or _external(), **twists), code)

    return play


def _expired(stage: Stage) -> None:
    access = voices.ask_token(stage).json["accessToken"]
    stage.clock.advance(seconds=901)
    _says(voices.ask_bill(stage, token=access, external=_external()), "4012401")


def _stale(minutes: int) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        access = voices.ask_token(stage).json["accessToken"]
        at = stage.clock() + timedelta(minutes=minutes)
        _says(voices.ask_bill(stage, token=access, external=_external(), at=at), "4012400")

    return play


def _spaced(stage: Stage) -> None:
    """The body has blanks, the signature is over the minified one: as the standard says."""
    access = voices.ask_token(stage).json["accessToken"]
    spaced = json.dumps(voices.INQUIRY, indent=2).encode()
    minified = json.dumps(voices.INQUIRY, separators=(",", ":")).encode()
    signature = snap.transaction_signature(
        SECRETS["bank"]["client_secret"],
        f"{voices.BANK_PATH}/inquiry",
        access,
        minified,
        snap.timestamp(stage.clock()),
    )
    said = voices.ask_bill(stage, token=access, raw=spaced, external=_external(), X_SIGNATURE=signature)
    _says(said, "4042412")


def _token_by_another_key(stage: Stage) -> None:
    moment = snap.timestamp(stage.clock())
    forged = snap.token_signature(agency_identity("stranger", "rsa").key, SECRETS["bank"]["client_id"], moment)
    _says(voices.ask_token(stage, X_SIGNATURE=forged), "4017300")


def _token_for_another_client(stage: Stage) -> None:
    _says(voices.ask_token(stage, client="another"), "4017300")


def _row(name: str, wire: str, does: Does, hub: str, play: Callable[[Stage], None]) -> Row:
    return Row(name=name, wire=wire, does=does, hub=hub, play=play)


PROOFS: tuple[Row, ...] = (
    _row(
        "a token for another client",
        "another X-CLIENT-KEY",
        Does.REFUSE,
        "4017300",
        _token_for_another_client,
    ),
    _row("a token asked for with another key", "SHA256withRSA by a stranger", Does.REFUSE, "4017300",
         _token_by_another_key),
    _row("no token", "no Authorization", Does.REFUSE, "401xx01: ask for one",
         _inquiry("4012401", token="x", Authorization="none")),
    _row("a token that has ended", "901 seconds old", Does.REFUSE, "401xx01: ask for a new one", _expired),
    _row("a wrong signature", "HMAC with another secret", Does.REFUSE, "401xx00",
         _inquiry("4012400", secret="another")),
    _row("another partner", "another X-PARTNER-ID", Does.REFUSE, "401xx00",
         _inquiry("4012400", X_PARTNER_ID="another")),
    _row("an old message", "X-TIMESTAMP six minutes old", Does.REFUSE, "401xx00 [Timestamp]", _stale(-6)),
    _row("a message of the future", "X-TIMESTAMP six minutes ahead", Does.REFUSE, "401xx00 [Timestamp]", _stale(6)),
    _row("no time", "X-TIMESTAMP without its offset", Does.REFUSE, "401xx00 [Timestamp]",
         _inquiry("4012400", X_TIMESTAMP="2026-03-02T10:00:00")),
    _row("an X-EXTERNAL-ID with letters", "`17a`", Does.REFUSE, "401xx00", _inquiry("4012400", external="17a")),
    _row("blanks between tokens", "signed over the minified body", Does.TAKE, "it is the same message", _spaced),
)  # fmt: skip


# --- inquiries and payments ---------------------------------------------------------------------------------------


def _charged(stage: Stage) -> tuple[PermitCase, dict[str, str]]:
    """A case with a virtual account of its own, and the account's three members."""
    customer = f"{next(_CUSTOMERS):014d}"

    def owed(fact: CaseEvent) -> CaseEvent:
        if isinstance(fact, e.ChargeIssued):
            return replace(fact, skrd=replace(fact.skrd, payment_code=f"88726{customer}"))
        return fact

    case = brought(stage, At.CHARGED, change=owed)
    account = {
        "partnerServiceId": "   88726",
        "customerNo": customer,
        "virtualAccountNo": f"   88726{customer}",
    }
    return case, account


def _payment(stage: Stage, account: Mapping[str, str], **change: Any) -> dict[str, Any]:
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


def _pay(stage: Stage, payment: Mapping[str, Any], external: str | None = None) -> voices.Said:
    return voices.ask_bill(stage, payment, service="payment", external=external or _external())


def _bill(stage: Stage) -> None:
    _, account = _charged(stage)
    said = _says(voices.ask_bill(stage, {**account, "inquiryRequestId": "I-1"}, external=_external()), "2002400")
    assert said.json["virtualAccountData"]["totalAmount"] == {"value": "350000.00", "currency": "IDR"}


def _paid(stage: Stage) -> None:
    case, account = _charged(stage)
    _says(_pay(stage, _payment(stage, account)), "2002500")
    assert stage.case(case.id).stage is At.PAID


def _refused(code: str, **change: Any) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _, account = _charged(stage)
        with stage.unchanged():
            _says(_pay(stage, _payment(stage, account, **change)), code)

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
        _says(_pay(stage, _payment(stage, account)), "4042512")


def _advised(stage: Stage) -> None:
    case, account = _charged(stage)
    payment = _payment(stage, account)
    _says(_pay(stage, payment), "2002500")
    with stage.unchanged():
        _says(_pay(stage, {**payment, "flagAdvise": "Y"}), "2002500")
    assert stage.case(case.id).payment is not None


def _same_external_id(stage: Stage) -> None:
    _, account = _charged(stage)
    payment, external = _payment(stage, account), _external()
    first = _says(_pay(stage, payment, external), "2002500")
    with stage.unchanged("exchange", "leaf"):
        assert _pay(stage, payment, external).body == first.body


def _external_id_reused(stage: Stage) -> None:
    _, account = _charged(stage)
    payment, external = _payment(stage, account), _external()
    _says(_pay(stage, payment, external), "2002500")
    with stage.unchanged():
        _says(_pay(stage, {**payment, "flagAdvise": "Y"}, external), "4092500")
    stage.clock.advance(days=1)
    _says(_pay(stage, {**payment, "flagAdvise": "Y"}, external), "2002500")


def _after_a_payment(code: str, **change: Any) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _, account = _charged(stage)
        payment = _payment(stage, account)
        _says(_pay(stage, payment), "2002500")
        with stage.unchanged():
            _says(_pay(stage, {**payment, **change}), code)

    return play


def _billed_again(stage: Stage) -> None:
    _, account = _charged(stage)
    _says(_pay(stage, _payment(stage, account)), "2002500")
    _says(voices.ask_bill(stage, {**account, "inquiryRequestId": "I-1"}, external=_external()), "4042414")


def _lapsed(stage: Stage) -> None:
    case, account = _charged(stage)
    stage.hub.deeds.record(case.id, ACTOR, journeys.notice_received(stage.clock()))
    stage.clock.advance(days=15)
    due_on = local_date(stage.clock()) - timedelta(days=1)
    stage.hub.deeds.record(case.id, ACTOR, e.ChargeLapsed(due_on=due_on))
    with stage.unchanged():
        _says(voices.ask_bill(stage, {**account, "inquiryRequestId": "I-1"}, external=_external()), "4042419")
        _says(_pay(stage, _payment(stage, account)), "4042519")


def _status(stage: Stage) -> None:
    _, account = _charged(stage)
    payment = _payment(stage, account)
    asked = {**account, "inquiryRequestId": payment["paymentRequestId"]}
    _says(voices.ask_bill(stage, asked, service="status", external=_external()), "4042601")
    _says(_pay(stage, payment), "2002500")
    said = _says(voices.ask_bill(stage, asked, service="status", external=_external()), "2002600")
    assert said.json["virtualAccountData"]["paymentFlagStatus"] == "00"


PAYMENTS: tuple[Row, ...] = (
    _row("a bill", "24", Does.TAKE, "2002400, the amount of the SKRD, closed", _bill),
    _row("a payment", "25", Does.TAKE, "2002500; the charge is paid", _paid),
    _row("an unknown account", "24 or 25", Does.REFUSE, "404xx12", _unknown_account),
    _row(
        "an account whose members differ",
        "virtualAccountNo is not partnerServiceId and customerNo",
        Does.REFUSE,
        "404xx18",
        _refused("4042518", customerNo="17"),
    ),
    _row(
        "another amount",
        "paidAmount 100000.00",
        Does.REFUSE,
        "404xx13",
        _refused("4042513", paidAmount={"value": "100000.00", "currency": "IDR"}, totalAmount=None),
    ),
    _row(
        "sen",
        "paidAmount 350000.50",
        Does.REFUSE,
        "404xx13: a retribution is whole rupiah",
        _refused("4042513", paidAmount={"value": "350000.50", "currency": "IDR"}, totalAmount=None),
    ),
    _row(
        "two amounts",
        "totalAmount differs from paidAmount",
        Does.REFUSE,
        "404xx18",
        _refused("4042518", totalAmount={"value": "350001.00", "currency": "IDR"}),
    ),
    _row(
        "paid before it was charged",
        "trxDateTime before the day of the SKRD",
        Does.REFUSE,
        "404xx18 (14(3))",
        _refused("4042518", trxDateTime="2026-03-01T09:00:00+07:00"),
    ),
    _row("paid in the future", "trxDateTime an hour ahead", Does.REFUSE, "404xx18", _in_the_future),
    _row("a member is missing", "no trxDateTime", Does.REFUSE, "400xx02", _refused("4002502", trxDateTime=None)),
    _row(
        "a member of the wrong form",
        "trxDateTime `kemarin`",
        Does.REFUSE,
        "400xx01",
        _refused("4002501", trxDateTime="kemarin"),
    ),
    _row(
        "the answer was lost",
        "the same paymentRequestId, flagAdvise `Y`, a new X-EXTERNAL-ID",
        Does.TAKE,
        "2002500 again; nothing changes",
        _advised,
    ),
    _row(
        "the same message again",
        "the same X-EXTERNAL-ID and body",
        Does.TAKE,
        "the same answer, byte for byte",
        _same_external_id,
    ),
    _row(
        "a duplicate X-EXTERNAL-ID",
        "another body on the same day",
        Does.REFUSE,
        "409xx00; on another day it is another message",
        _external_id_reused,
    ),
    _row(
        "a second payment",
        "another paymentRequestId",
        Does.REFUSE,
        "404xx14: the bank gives the money back",
        _after_a_payment("4042514", paymentRequestId="R-2"),
    ),
    _row(
        "the same payment with another amount",
        "the same paymentRequestId",
        Does.REFUSE,
        "404xx18",
        _after_a_payment(
            "4042518",
            paidAmount={"value": "350001.00", "currency": "IDR"},
            totalAmount={"value": "350001.00", "currency": "IDR"},
        ),
    ),
    _row("a bill that is paid", "24", Does.REFUSE, "404xx14", _billed_again),
    _row("a charge that has lapsed", "24 and 25", Does.REFUSE, "404xx19 (14(4))", _lapsed),
    _row("was it taken?", "26", Does.TAKE, "404xx01 before the payment, 2002600 after it", _status),
)


# --- QRIS: what the bank answers ----------------------------------------------------------------------------------

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
    case, _ = _charged(stage)
    return stage.delivery(case.id, "bank")


def _answer(name: str, wire: str, does: Does, hub: str, answer: Answer) -> Row:
    return answered(name=name, wire=wire, does=does, hub=hub, to=_asked, says=lambda _: answer)


def _snap(code: str, text: str = "x") -> Answer:
    return says({"responseCode": code, "responseMessage": text}, int(code[:3]))


BY_VA = "the case says so; the applicant pays by the virtual account"


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


def _made_too_late(stage: Stage) -> None:
    case, account = _charged(stage)
    delivery = stage.delivery(case.id, "bank")
    _says(_pay(stage, _payment(stage, account)), "2002500")
    assert stage.hub.outbound.deliver(delivery.id)
    assert stage.case(case.id).qris is None
    assert (row_of(stage, delivery).cause or "").startswith("late: ")


QRIS_ANSWERS: tuple[Row, ...] = (
    _row("a QR", "2004700", Does.TAKE, "a fact of the case: the office shows it beside the virtual account", _made),
    _row("a QR for a charge that is paid by now", "2004700", Does.TAKE, "kept; changes nothing", _made_too_late),
    _answer("a general error", "5004700", Does.RETRY, "by the schedule, the same partnerReferenceNo", _snap("5004700")),
    _answer("too slow within the bank", "5044700", Does.RETRY, "the same", _snap("5044700")),
    _answer("too many requests", "4294700", Does.RETRY, "the same", _snap("4294700")),
    _answer(
        "a duplicate X-EXTERNAL-ID",
        "4094700",
        Does.RETRY,
        "each attempt has another; the next one is new",
        _snap("4094700"),
    ),
    _answer("a duplicate partnerReferenceNo", "4094701", Does.ASK, BY_VA, _snap("4094701")),
    _answer("the signature is refused", "4014700", Does.ASK, BY_VA, _snap("4014700")),
    _answer("not permitted", "4034715", Does.ASK, BY_VA, _snap("4034715")),
    _answer("an unknown merchant", "4044708", Does.ASK, BY_VA, _snap("4044708")),
    _answer("closed", "HTTP 503, no body", Does.RETRY, "it was not taken; by the schedule", raw(b"", 503)),
    _answer(
        "a maintenance page", "HTTP 200, HTML", Does.RETRY, "nobody knows; the bank gives the same QR", raw(b"<html>")
    ),
    _answer(
        "success without a QR", "2004700, no qrContent", Does.RETRY, "the same: it was not agreed", _snap("2004700")
    ),
)


# --- QRIS: what the bank tells ------------------------------------------------------------------------------------


def _offered(stage: Stage) -> tuple[PermitCase, dict[str, str], dict[str, Any]]:
    """A charge with its account and a QR, and the bank's word that the QR was paid."""
    case, account = _charged(stage)
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


def _notify(stage: Stage, told: Mapping[str, Any]) -> voices.Said:
    body = json.dumps(told, separators=(",", ":")).encode()
    access, moment = voices.ask_token(stage).json["accessToken"], snap.timestamp(stage.clock())
    named = {
        "Authorization": f"Bearer {access}",
        "X_TIMESTAMP": moment,
        "X_SIGNATURE": snap.transaction_signature(SECRETS["bank"]["client_secret"], NOTIFY_PATH, access, body, moment),
        "X_PARTNER_ID": SECRETS["bank"]["partner_id"],
        "X_EXTERNAL_ID": _external(),
        "CHANNEL_ID": "95051",
    }
    return voices.post(stage, NOTIFY_PATH, body, voices.JSON, **named)


def _paid_by_qr(stage: Stage) -> None:
    case, _, told = _offered(stage)
    _says(_notify(stage, told), "2005200")
    paid = stage.case(case.id)
    assert paid.stage is At.PAID
    assert paid.payment is not None
    assert (paid.payment.channel, paid.payment.amount) == ("qris", 350_000)


def _told_again(stage: Stage) -> None:
    _, _, told = _offered(stage)
    _says(_notify(stage, told), "2005200")
    with stage.unchanged():
        _says(_notify(stage, told), "2005200")


def _after_the_account(stage: Stage) -> None:
    _, account, told = _offered(stage)
    _says(_pay(stage, _payment(stage, account)), "2002500")
    with stage.unchanged():
        _says(_notify(stage, told), "4045214")


def _before_the_account(stage: Stage) -> None:
    _, account, told = _offered(stage)
    _says(_notify(stage, told), "2005200")
    with stage.unchanged():
        _says(_pay(stage, _payment(stage, account)), "4042514")


def _told_otherwise(code: str, **change: Any) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        _, _, told = _offered(stage)
        with stage.unchanged():
            _says(_notify(stage, {**told, **change}), code)

    return play


def _told_after_the_end(stage: Stage) -> None:
    case, _, told = _offered(stage)
    stage.hub.deeds.record(case.id, ACTOR, journeys.notice_received(stage.clock()))
    stage.clock.advance(days=15)
    due_on = local_date(stage.clock()) - timedelta(days=1)
    stage.hub.deeds.record(case.id, ACTOR, e.ChargeLapsed(due_on=due_on))
    with stage.unchanged():
        _says(_notify(stage, told), "4045219")


QRIS_PAYMENTS: tuple[Row, ...] = (
    _row("paid by QR", "status `00`", Does.TAKE, "2005200; the charge is paid", _paid_by_qr),
    _row("told again", "the same originalReferenceNo", Does.TAKE, "2005200 again; nothing changes", _told_again),
    _row(
        "the virtual account was paid first",
        "25, then 52",
        Does.REFUSE,
        "4045214: one charge is paid once, the bank gives the money back",
        _after_the_account,
    ),
    _row("the QR was paid first", "52, then 25", Does.REFUSE, "4042514", _before_the_account),
    _row(
        "not paid",
        "status `06`",
        Does.TAKE,
        "2005200; nothing changes",
        _told_otherwise("2005200", latestTransactionStatus="06"),
    ),
    _row(
        "another amount",
        "100000.00",
        Does.REFUSE,
        "4045213",
        _told_otherwise("4045213", amount={"value": "100000.00", "currency": "IDR"}),
    ),
    _row(
        "a QR that nobody asked for",
        "an unknown originalPartnerReferenceNo",
        Does.REFUSE,
        "4045201",
        _told_otherwise("4045201", originalPartnerReferenceNo="nobody"),
    ),
    _row("no time", "no paidTime", Does.REFUSE, "4005202", _told_otherwise("4005202", additionalInfo={})),
    _row("a charge that has lapsed", "status `00`", Does.REFUSE, "4045219 (14(4))", _told_after_the_end),
)
