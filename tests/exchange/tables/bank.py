"""A bank that speaks SNAP BI: tokens, signatures, X-EXTERNAL-ID, inquiries and payments; each no has its seven digits."""

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
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import SECRETS, Stage
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import ACTOR, brought

_EXTERNAL = count(1_000)
"""X-EXTERNAL-ID is unique per day."""
_CUSTOMERS = count(500)


def _says(said: voices.Said, code: str) -> voices.Said:
    assert said.json["responseCode"] == code, said.json
    assert said.status == int(code[:3])
    return said


def _external() -> str:
    return f"{next(_EXTERNAL)}"


# --- tokens and signatures ----------------------------------------------------------------------------------------


def _inquiry(code: str, **twists: Any) -> Callable[[Stage], None]:
    """An inquiry about an account that nobody has: who is proven hears 4042412."""

    def play(stage: Stage) -> None:
        with stage.unchanged():
            _says(voices.ask_bill(stage, external=twists.pop("external", _external()), **twists), code)

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
    _row("no token", "no Authorization", Does.REFUSE, "401xx01: ask for one", _inquiry("4012401", token="")),
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
