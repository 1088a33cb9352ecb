"""The simulated bank's settlement: a line for each payment that the hub took, and what is wrong with it on order."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from conformance.peers.record_files import Days
from conformance.signing import snap
from gateway.domain.calendar import local_date
from gateway.domain.errors import Refused

if TYPE_CHECKING:
    from conformance.peers.bank import BankPeer

Line = dict[str, str]
QR = "partnerReferenceNo"


class Settling(BaseModel):
    """What to settle: payments of the virtual accounts and QRs named, or all, but for those `without`.

    `unknown`: so many lines of nobody's account. `whole`: the manifest says that the file is complete about the days of
    all payments, also of those left out; otherwise about the day before them alone. `wrong`: the first line has another
    amount, number or day than was told.
    """

    accounts: list[str] = Field(default_factory=list, max_length=1000)
    without: list[str] = Field(default_factory=list, max_length=1000)
    unknown: int = Field(default=0, ge=0, le=10)
    whole: bool = False
    wrong: Literal["amount", "number", "day"] | None = None


def settled(bank: BankPeer, settling: Settling) -> tuple[list[Line], Days]:
    """The lines, every value as text, and the days that they are about. Raises Refused `nothing-to-settle`."""
    paid = [*_by_account(bank), *_by_qr(bank)]
    lines = [each for each in paid if _is_wanted(each, settling)]
    if lines and settling.wrong is not None:
        lines[0] = _spoilt(lines[0], settling.wrong)
    service = bank.config.secrets["partner_service_id"].strip()
    lines += [
        {
            "virtualAccountNo": f"{service}{999_999_999_999 - number}",
            "amount": "17000",
            "bankReference": bank.digits(),
            "paidAt": snap.timestamp(bank.now()),
        }
        for number in range(settling.unknown)
    ]
    if not lines:
        raise Refused("nothing was paid that could be settled: pay first", code="nothing-to-settle")
    days = sorted(local_date(datetime.fromisoformat(each["paidAt"])) for each in paid) or [local_date(bank.now())]
    before = days[0] - timedelta(days=1)
    first, last = (days[0], days[-1]) if settling.whole else (before, before)
    return lines, (first.isoformat(), last.isoformat())


def _by_account(bank: BankPeer) -> list[Line]:
    ended = {each["request_id"] for each in bank.journal.entries("payment-ended") if each["outcome"] == "paid"}
    return [
        {
            "virtualAccountNo": each["account"],
            "amount": _rupiah(each["request"]["paidAmount"]["value"]),
            "bankReference": each["request_id"],
            "paidAt": each["request"]["trxDateTime"],
        }
        for each in bank.journal.entries("payment")
        if each["request_id"] in ended
    ]


def _by_qr(bank: BankPeer) -> list[Line]:
    taken = {each["reference"] for each in bank.journal.entries("qris-taken")}
    return [
        {
            QR: each["reference"],
            "amount": _rupiah(each["request"]["amount"]["value"]),
            "bankReference": each["request"]["originalReferenceNo"],
            "paidAt": each["request"]["additionalInfo"]["paidTime"],
        }
        for each in bank.journal.entries("qris-told")
        if each["status"] == "00" and each["reference"] in taken
    ]


def _is_wanted(line: Line, settling: Settling) -> bool:
    name = line.get("virtualAccountNo") or line[QR]
    return name not in settling.without and (not settling.accounts or name in settling.accounts)


def _spoilt(line: Line, wrong: Literal["amount", "number", "day"]) -> Line:
    match wrong:
        case "amount":
            return {**line, "amount": f"{int(line['amount']) + 1000}"}
        case "number":
            return {**line, "bankReference": f"{line['bankReference'][:120]}X"}
        case "day":
            return {**line, "paidAt": f"2020-01-01{line['paidAt'][10:]}"}


def _rupiah(value: object) -> str:
    return str(value).partition(".")[0]
