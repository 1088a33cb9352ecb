"""Indonesian identifiers: parse or raise.

Each identifier is a `str` of its normalised form, so leading zeros survive. Constructing one checks it; code that
holds a `NIK` therefore never checks again. A refusal says which rule failed and masks the number, because a wrong
NIK is nearly always somebody's right one.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from calendar import monthrange
from datetime import date
from typing import Self

from gateway.domain.errors import Refused

_FEMALE_DAY_OFFSET = 40
_LEAP_YEAR = 2000  # the longest form of each month: 29 February exists


class InvalidIdentifier(Refused):
    """An identifier breaks a rule of its own form. The text names the rule and shows the value masked."""

    default_code = "identifier-invalid"


def mask(value: str) -> str:
    """Hide the middle of a value: the first four and last two characters stay when there are ten or more."""
    if len(value) < 10:
        return "*" * len(value)
    return f"{value[:4]}{'*' * min(len(value) - 6, 12)}{value[-2:]}"


def _refusal(kind: str, value: str, expected: str) -> InvalidIdentifier:
    return InvalidIdentifier(f"{kind} {mask(value)} is not valid: expected {expected}")


def _digits(kind: str, value: str, expected: str, *lengths: int) -> str:
    if not re.fullmatch(r"[0-9]+", value) or len(value) not in lengths:
        raise _refusal(kind, value, expected)
    return value


class _Identifier(str):
    """A checked string. Constructing one from an instance of itself gives it back unchanged."""

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Check and normalise `value`; raises InvalidIdentifier."""
        return super().__new__(cls, cls._parse(value))

    @staticmethod
    @abstractmethod
    def _parse(value: str) -> str:
        """Give the normalised form or raise InvalidIdentifier."""


class NIK(_Identifier):
    """Nomor Induk Kependudukan: PPRRSS DDMMYY XXXX, 40 added to the day for women.

    There is no check digit, and the first six digits are the place of issue, which says nothing about where the
    person lives now: no prefix is refused. Raises InvalidIdentifier.
    """

    __slots__ = ()

    @staticmethod
    def _parse(value: str) -> str:
        digits = _digits("NIK", value, "16 digits", 16)
        day, month, year = int(digits[6:8]), int(digits[8:10]), int(digits[10:12])
        if not 1 <= month <= 12:
            raise _refusal("NIK", value, "a month 01 to 12 in digits 9 and 10")
        day -= _FEMALE_DAY_OFFSET if day > _FEMALE_DAY_OFFSET else 0
        if not 1 <= day <= monthrange(_LEAP_YEAR, month)[1]:
            raise _refusal("NIK", value, "a day of that month in digits 7 and 8 (40 added for women)")
        if (day, month) == (29, 2) and year % 4:
            raise _refusal("NIK", value, "a leap year in digits 11 and 12 for a birth on 29 February")
        return digits

    @property
    def is_female(self) -> bool:
        """Whether 40 was added to the day."""
        return int(self[6:8]) > _FEMALE_DAY_OFFSET

    def birth_date(self, today: date) -> date:
        """Give the birth date in the latest century that does not lie after `today`.

        The two-digit year cannot tell a newborn from a person of a hundred: the younger reading is taken.
        """
        day, month, year = int(self[6:8]), int(self[8:10]), int(self[10:12])
        day -= _FEMALE_DAY_OFFSET if self.is_female else 0
        century = today.year // 100 * 100
        if (century + year, month, day) > (today.year, today.month, today.day):
            century -= 100
        return date(century + year, month, day)


class NPWP(_Identifier):
    """Nomor Pokok Wajib Pajak: 15 digits (Luhn over the first nine), or 16: "0" and those 15, or a NIK.

    The printed form `09.254.294.3-407.000` is accepted and stored as digits. Raises InvalidIdentifier.
    """

    __slots__ = ()

    @staticmethod
    def _parse(value: str) -> str:
        digits = _digits("NPWP", re.sub(r"[.\- ]", "", value), "15 or 16 digits", 15, 16)
        if len(digits) == 16 and not digits.startswith("0"):
            return NIK(digits)
        if not _luhn(digits[-15:-6]):
            raise _refusal("NPWP", digits, "a ninth digit that checks the eight before it (Luhn)")
        return digits


def _luhn(digits: str) -> bool:
    doubled = (int(each) * (1 + place % 2) for place, each in enumerate(reversed(digits)))
    return sum(each // 10 + each % 10 for each in doubled) % 10 == 0


class NIB(_Identifier):
    """Nomor Induk Berusaha: 13 digits. Raises InvalidIdentifier."""

    __slots__ = ()

    @staticmethod
    def _parse(value: str) -> str:
        return _digits("NIB", value, "13 digits", 13)


_MAILBOX = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
"""One address alone, as HTML forms take it: it can hold no second recipient, no display name and no header line."""


def is_mail_address(text: str) -> bool:
    """Tell whether mail can be sent to `text` (at most 254 characters, RFC 5321). It may still be nobody's."""
    return len(text) <= 254 and _MAILBOX.fullmatch(text) is not None


class KBLI(_Identifier):
    """Klasifikasi Baku Lapangan Usaha Indonesia 2020: 5 digits. Raises InvalidIdentifier."""

    __slots__ = ()

    @staticmethod
    def _parse(value: str) -> str:
        return _digits("KBLI", value, "5 digits", 5)


class NIP(_Identifier):
    """Nomor Induk Pegawai: 18 digits that begin with a birth date; stored without the spaces it is printed with.

    What follows the birth date differs between kinds of civil servant and is not checked. Raises InvalidIdentifier.
    """

    __slots__ = ()

    @staticmethod
    def _parse(value: str) -> str:
        digits = _digits("NIP", value.replace(" ", ""), "18 digits, spaces allowed", 18)
        try:
            date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            raise _refusal("NIP", digits, "a birth date YYYYMMDD in its first eight digits") from None
        return digits

    @property
    def printed(self) -> str:
        """As regulations print it: `19610519 198603 2 006`."""
        return f"{self[:8]} {self[8:14]} {self[14]} {self[15:]}"


class Phone(_Identifier):
    """A cellular number (Pasal 8(4)a), stored in E.164: `+62` and 9 to 12 digits that begin with 8.

    `08...`, `62...` and `+62...` are read, with spaces or hyphens between digits. Raises InvalidIdentifier.
    """

    __slots__ = ()

    @staticmethod
    def _parse(value: str) -> str:
        match = re.fullmatch(r"(?:0|62|\+62)(8[0-9]{8,11})", re.sub(r"(?<=[0-9])[ -](?=[0-9])", "", value))
        if match is None:
            raise _refusal("telephone number", value, "a cellular number such as 08..., 628... or +628...")
        return f"+62{match[1]}"

    @property
    def local(self) -> str:
        """As it is dialled within the country: `08...`."""
        return f"0{self[3:]}"
