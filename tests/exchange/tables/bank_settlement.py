"""The bank's daily settlement: lines that differ from what it told, and payments that no line names."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase
from gateway.operations.health import batch_warnings
from tests.exchange import pasar
from tests.exchange.settling import announced, attention, settle
from tests.exchange.stage import Stage
from tests.exchange.tables.bank import charged, hears, pay, payment_of
from tests.exchange.tables.bank_qris import notified, offered
from tests.exchange.tables.row import Does, Row, row

_FILES = count(1)
SEEN = "attention of the case, in Indonesian, once: "


def _name() -> str:
    return f"setelmen-{next(_FILES)}"


def _today(stage: Stage) -> str:
    return f"{stage.clock().astimezone(JAKARTA):%Y-%m-%d}"


def _paid(stage: Stage) -> tuple[PermitCase, dict[str, str]]:
    """A case whose payment the bank told, and the line of it."""
    case, account = charged(stage)
    told = payment_of(stage, account)
    hears(pay(stage, told), "2002500")
    line = {
        "virtualAccountNo": account["virtualAccountNo"].strip(),
        "amount": "350000",
        "bankReference": told["paymentRequestId"],
        "paidAt": told["trxDateTime"],
    }
    return case, line


def _outcomes(stage: Stage, address: str) -> list[str]:
    return [each["outcome"] for each in pasar.results(stage, address)]


def _differs(said: str, **change: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        case, line = _paid(stage)
        for _ in range(2):
            assert _outcomes(stage, settle(stage, _name(), {**line, **change})) == ["differs"]
        (told,) = attention(stage, case.id)
        assert said in told

    return play


def _as_told(stage: Stage) -> None:
    paid, line = _paid(stage)
    before = stage.case(paid.id)
    assert _outcomes(stage, settle(stage, _name(), line)) == ["matched"]
    assert stage.case(paid.id) == before


def _by_qr(stage: Stage) -> None:
    case, _, told = offered(stage)
    hears(notified(stage, told), "2005200")
    line = {
        "partnerReferenceNo": told["originalPartnerReferenceNo"],
        "amount": "350000",
        "bankReference": told["originalReferenceNo"],
    }
    assert _outcomes(stage, settle(stage, _name(), line)) == ["matched"]
    assert attention(stage, case.id) == []


def _never_told(stage: Stage) -> None:
    case, account = charged(stage)
    line = {"virtualAccountNo": account["virtualAccountNo"].strip(), "amount": "350000", "bankReference": "R-1"}
    assert _outcomes(stage, settle(stage, _name(), line)) == ["differs"]
    assert stage.case(case.id).payment is None
    assert "belum memberitahukan" in attention(stage, case.id)[0]


def _never_told_by_qr(stage: Stage) -> None:
    case, _, told = offered(stage)
    line = {"partnerReferenceNo": told["originalPartnerReferenceNo"], "amount": "350000", "bankReference": "R-1"}
    assert _outcomes(stage, settle(stage, _name(), line)) == ["differs"]
    assert "belum memberitahukan" in attention(stage, case.id)[0]


def _refused(outcome: str, **line: str) -> Callable[[Stage], None]:
    def play(stage: Stage) -> None:
        address = settle(stage, _name(), {"bankReference": "R-1", "amount": "350000", **line})
        assert _outcomes(stage, address) == [outcome]
        batch = address.rpartition("/")[2]
        (said,) = [each for each in batch_warnings(stage.hub.store.reader, stage.clock()) if f"batch {batch} " in each]
        assert f"simojo batch lines {batch}" in said

    return play


def _lacks(stage: Stage) -> None:
    lacked, _ = _paid(stage)
    _, line = _paid(stage)
    days = (_today(stage), _today(stage))
    for _ in range(2):  # a file that is sent once more under another name says nothing new
        assert _outcomes(stage, settle(stage, _name(), line, days=days)) == ["matched"]
        (told,) = attention(stage, lacked.id)
    assert "tidak ada baris setelmen yang sah" in told


def _comes_later(stage: Stage) -> None:
    case, late = _paid(stage)
    _, line = _paid(stage)
    settle(stage, _name(), line, days=(_today(stage), _today(stage)))
    assert len(attention(stage, case.id)) == 1
    stage.clock.advance(days=1)
    assert _outcomes(stage, settle(stage, _name(), late, days=(_today(stage), _today(stage)))) == ["matched"]
    assert attention(stage, case.id) == []


def _says_no_days(stage: Stage) -> None:
    said = announced(stage, b"bankReference\nR-1\n", 1, _name(), period=None)
    assert (said.status, said.code) == (422, "batch-period")


def _told_late(stage: Stage) -> None:
    _, line = _paid(stage)
    settle(stage, _name(), line, days=(_today(stage), _today(stage)))
    stage.clock.advance(hours=1)
    late, _ = _paid(stage)
    stage.clock.advance(days=1)
    settle(stage, _name(), line, days=(_today(stage), _today(stage)))
    assert "tidak ada baris setelmen yang sah" in attention(stage, late.id)[0]


def _before_its_payment(stage: Stage) -> None:
    case, account = charged(stage)
    wrong = {"virtualAccountNo": account["virtualAccountNo"].strip(), "amount": "17000", "bankReference": "R-WRONG"}
    assert _outcomes(stage, settle(stage, _name(), wrong)) == ["differs"]
    hears(pay(stage, payment_of(stage, account)), "2002500")
    _, line = _paid(stage)
    settle(stage, _name(), line, days=(_today(stage), _today(stage)))
    assert "tidak ada baris setelmen yang sah" in attention(stage, case.id)[-1]


SETTLEMENT: tuple[Row, ...] = (
    row("as it was told", "number and amount of 25", Does.TAKE, "`matched`; nothing changes", _as_told),
    row("a payment by QR", "`partnerReferenceNo`, number and amount of 52", Does.TAKE, "`matched`", _by_qr),
    row(
        "money whose payment was not told",
        "a line, and no 25 before it",
        Does.ASK,
        "`differs`; no payment is recorded",
        _never_told,
        f"{SEEN}the bank is asked to send 25",
    ),
    row(
        "the same by QR",
        "a line, and no 52 before it",
        Does.ASK,
        "`differs`; no payment is recorded",
        _never_told_by_qr,
        f"{SEEN}the bank is asked to send 52",
    ),
    row(
        "another amount than was told",
        "340000",
        Does.ASK,
        "`differs`",
        _differs("Rp340.000", amount="340000"),
        f"{SEEN}both amounts",
    ),
    row(
        "another number than was told",
        "R-404",
        Does.ASK,
        "`differs`",
        _differs("membayar dua kali", bankReference="R-404"),
        f"{SEEN}was it paid twice?",
    ),
    row(
        "another day than was told",
        "`paidAt` in February",
        Does.ASK,
        "`differs`",
        _differs("2026-02-01", paidAt="2026-02-01T09:00:00+07:00"),
        f"{SEEN}both days",
    ),
    row(
        "money of no charge of ours",
        "an account that nobody has",
        Does.REFUSE,
        "`unknown`",
        _refused("unknown", virtualAccountNo="998872600000000000099"),
        "a sentence in health; the line, by `simojo batch lines`",
    ),
    row(
        "a QR that nobody asked for",
        "a `partnerReferenceNo` that nobody has",
        Does.REFUSE,
        "`unknown`",
        _refused("unknown", partnerReferenceNo="nobody"),
        "the same",
    ),
    row(
        "a line that is none",
        "`350000,50`",
        Does.REFUSE,
        "`invalid`",
        _refused("invalid", virtualAccountNo="88726", amount="350000,50"),
        "the same",
    ),
    row(
        "a payment that no line names",
        "the `period` has its day",
        Does.ASK,
        "at the end of the file; a second file calls nobody again",
        _lacks,
        f"{SEEN}was the money moved?",
        alone=True,
    ),
    row(
        "its line comes in a later file",
        "the file of the next day",
        Does.TAKE,
        "`matched`; that attention is settled, and no other",
        _comes_later,
        "the attention is gone",
        alone=True,
    ),
    row(
        "a payment that is told after the file of its day",
        "the `period` of the next file has later days alone",
        Does.ASK,
        "at the end of that next file",
        _told_late,
        f"{SEEN}was the money moved?",
        alone=True,
    ),
    row(
        "other money in the account of a payment",
        "a line of another number, before the payment is told",
        Does.ASK,
        "`differs`; it does not stand for the line of the payment, which is missed as any other",
        _before_its_payment,
        f"{SEEN}of each",
        alone=True,
    ),
    row("a file of no days", "no `period`", Does.REFUSE, "422 `batch-period`; nothing of it is read", _says_no_days),
)
