"""BPKPD's list of realised retribusi: bookings that differ from what was paid, and payments that it lacks."""

from __future__ import annotations

from itertools import count
from typing import Any

from gateway.domain.calendar import JAKARTA
from gateway.domain.case import PermitCase
from tests.exchange import pasar
from tests.exchange.offices import Office
from tests.exchange.settling import BPKPD, attention, settle
from tests.exchange.stage import Stage
from tests.exchange.tables.bank import charged, hears, pay, payment_of
from tests.exchange.tables.row import Does, Row, row

_LISTS = count(1)


def _booked(stage: Stage, *, paid: bool = True) -> tuple[PermitCase, dict[str, str]]:
    """A charge, paid or not, and its line in the books."""
    if "bpkpd" not in stage.offices:
        Office(stage, "bpkpd")
    case, account = charged(stage)
    assert case.skrd is not None
    if paid:
        hears(pay(stage, payment_of(stage, account)), "2002500")
    return case, {
        "nomorSkrd": case.skrd.number,
        "kodeBayar": case.skrd.payment_code,
        "jumlah": "350000",
        "tanggal": _today(stage),
    }


def _today(stage: Stage) -> str:
    return f"{stage.clock().astimezone(JAKARTA):%Y-%m-%d}"


def _outcomes(stage: Stage, *lines: dict[str, str], **about: Any) -> list[str]:
    address = settle(stage, f"realisasi-{next(_LISTS)}", *lines, sender=BPKPD, **about)
    return [each["outcome"] for each in pasar.results(stage, address)]


def _as_paid(stage: Stage) -> None:
    case, line = _booked(stage)
    before = stage.case(case.id)
    assert _outcomes(stage, line) == ["accepted"]
    assert stage.case(case.id) == before


def _not_paid(stage: Stage) -> None:
    case, line = _booked(stage, paid=False)
    assert _outcomes(stage, line) == ["accepted"]
    assert _outcomes(stage, line) == ["declined"]
    (told,) = attention(stage, case.id, BPKPD)
    assert "belum ada pembayaran" in told


def _of_another(stage: Stage) -> None:
    case, line = _booked(stage)
    assert _outcomes(stage, {**line, "nomorSkrd": "974/404/2026"}) == ["declined"]
    assert attention(stage, case.id, BPKPD) == []


def _lacks(stage: Stage) -> None:
    case, late = _booked(stage)
    _, line = _booked(stage)
    assert _outcomes(stage, line, days=(_today(stage), _today(stage))) == ["accepted"]
    (told,) = attention(stage, case.id, BPKPD)
    assert "tidak ada baris pembukuan yang sah" in told
    stage.clock.advance(days=1)
    assert _outcomes(stage, late) == ["accepted"]
    assert attention(stage, case.id, BPKPD) == []


BOOKS: tuple[Row, ...] = (
    row("booked as it was paid", "`nomorSkrd`, `kodeBayar`, `jumlah`", Does.TAKE, "`accepted`", _as_paid),
    row(
        "booked, and here it is not paid",
        "a line, and no payment before it",
        Does.ASK,
        "no payment is recorded",
        _not_paid,
        "“di sini belum ada pembayaran”, once; ask bank and BPKPD",
    ),
    row(
        "booked for another SKRD",
        "the `kodeBayar` of this one",
        Does.REFUSE,
        "`declined`; the books have the payment of this one no more than before",
        _of_another,
        "a sentence in health; the line, by `simojo batch lines`",
    ),
    row(
        "a payment that no list has",
        "the `period` has its day",
        Does.ASK,
        "at the end of the list; a line that comes later settles it",
        _lacks,
        "“tidak ada baris pembukuan yang sah”; ask BPKPD",
        alone=True,
    ),
)
