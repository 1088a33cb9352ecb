"""SKRD (Surat Ketetapan Retribusi Daerah, Pasal 1 number 21, 14(6)) and Indonesian amounts of money.

Money is whole rupiah as `int`: no sen is levied, and no binary fraction can round it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from gateway.domain.errors import Refused
from gateway.domain.identifiers import NIP

MAX_AMOUNT = 2**53 - 1
"""The greatest integer that every JSON reader keeps exactly (RFC 8785)."""

_PAYMENT_CODE = re.compile(r"[0-9]{1,28}")
"""SNAP BI: a virtualAccountNo has at most 28 characters."""

_UNITS = ("", "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh", "sebelas")
_SCALES = ((10**12, "triliun"), (10**9, "miliar"), (10**6, "juta"), (1000, "ribu"), (100, "ratus"))
_ONE_AS_PREFIX = {"ribu": "seribu", "ratus": "seratus"}  # but "satu juta", "satu miliar"


@dataclass(frozen=True, kw_only=True)
class ChargeLine:
    """One line of the calculation: `quantity` (1 or more) times `unit_price` (whole rupiah, 0 or more)."""

    description: str
    quantity: int
    unit_price: int

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.unit_price < 0:
            raise Refused(
                f"charge line {self.description!r}: quantity must be 1 or more and unit price 0 or more",
                code="skrd-invalid",
                clause="Pasal 14(6)",
            )

    @property
    def amount(self) -> int:
        """Whole rupiah."""
        return self.quantity * self.unit_price


@dataclass(frozen=True, kw_only=True)
class SKRD:
    """The assessment on which a payment rests (Pasal 14(6)).

    `payment_code` is the virtual account number (kode bayar, 14(2)), by which the bank asks for the charge;
    `pay_to_account` the receiving account at `pay_to_bank`. Raises Refused `skrd-invalid` unless the lines add up to
    1 .. 2**53 - 1 rupiah and the payment code is 1 to 28 digits.
    """

    number: str
    period: str
    year: int
    payer_name: str
    payer_address: str
    legal_basis: str
    account_code: str
    npwrd: str
    payment_code: str
    service: str
    lines: tuple[ChargeLine, ...]
    pay_to_bank: str
    pay_to_account: str
    issued_on: date
    signatory: str
    signatory_nip: NIP

    def __post_init__(self) -> None:
        if not _PAYMENT_CODE.fullmatch(self.payment_code):
            raise Refused(
                f"SKRD {self.number}: payment code {self.payment_code[:40]!r} is no virtual account, expected 1 to 28 "
                "digits without blanks",
                code="skrd-invalid",
                clause="Pasal 14(2)",
            )
        if not 0 < self.amount <= MAX_AMOUNT:
            raise Refused(
                f"SKRD {self.number}: its lines add up to {self.amount} rupiah, expected 1 to {MAX_AMOUNT}",
                code="skrd-invalid",
                clause="Pasal 14(6)",
            )

    @property
    def amount(self) -> int:
        """What is owed, in whole rupiah: the sum of the lines."""
        return sum(line.amount for line in self.lines)

    @property
    def amount_in_words(self) -> str:
        """Terbilang, as the form prints it: `satu juta dua ratus lima puluh ribu rupiah`."""
        return f"{terbilang(self.amount)} rupiah"


def rupiah(amount: int) -> str:
    """Write an amount as is usual: `Rp1.250.000`."""
    sign = "-" if amount < 0 else ""
    return f"{sign}Rp{abs(amount):,}".replace(",", ".")


def terbilang(number: int) -> str:
    """Write a whole number in Indonesian words, 0 to 2**53 - 1 (`seribu seratus sebelas`).

    Raises Refused `amount-invalid` outside that range.
    """
    if not 0 <= number <= MAX_AMOUNT:
        raise Refused(f"cannot write {number} in words: expected 0 to {MAX_AMOUNT}", code="amount-invalid")
    return " ".join(_words(number)) if number else "nol"


def _words(number: int) -> list[str]:
    if number < len(_UNITS):
        return [_UNITS[number]] if number else []
    for scale, name in _SCALES:
        if number >= scale:
            count, rest = divmod(number, scale)
            head = [_ONE_AS_PREFIX[name]] if count == 1 and name in _ONE_AS_PREFIX else [*_words(count), name]
            return [*head, *_words(rest)]
    tens, ones = divmod(number, 10)
    return [_UNITS[ones], "belas"] if tens == 1 else [_UNITS[tens], "puluh", *_words(ones)]
