"""IKM, the community satisfaction index (Pasal 17; Permenpan RB 14/2017).

Nine elements are answered 1 (worst) to 4 (best). The index is the weighted sum of the elements' means times 25. The
weight is 1/9 or, as the regulation prints it, 0.11, with which the index cannot exceed 99. Arithmetic is exact;
rounding to two decimals, half up, comes once and before banding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from gateway.domain.errors import Refused

ELEMENTS = (
    "persyaratan",
    "prosedur",
    "waktu pelayanan",
    "biaya atau tarif",
    "produk layanan",
    "kompetensi pelaksana",
    "perilaku pelaksana",
    "sarana dan prasarana",
    "penanganan pengaduan",
)
"""What U1 to U9 ask about."""

EQUAL_WEIGHT = Fraction(1, 9)
PRINTED_WEIGHT = Fraction(11, 100)
"""The weight as Permenpan RB 14/2017 prints it."""

_BEST = 4


@dataclass(frozen=True, kw_only=True)
class Answers:
    """One filled-in survey: U1 to U9, each 1 to 4. Raises Refused `answer-invalid`, naming the element."""

    u1: int
    u2: int
    u3: int
    u4: int
    u5: int
    u6: int
    u7: int
    u8: int
    u9: int

    def __post_init__(self) -> None:
        for field, element in zip(fields(self), ELEMENTS, strict=True):
            answer = getattr(self, field.name)
            if type(answer) is not int or not 1 <= answer <= _BEST:
                raise Refused(
                    f"answer {field.name.upper()} ({element}) is {answer!r}: expected a whole number 1 to 4",
                    code="answer-invalid",
                    clause="Pasal 17(2)",
                )


class Band(StrEnum):
    """Mutu pelayanan, the quality of service."""

    A = "A"
    B = "B"
    C = "C"
    D = "D"

    @property
    def words(self) -> str:
        """As the regulation calls it."""
        return {"A": "Sangat baik", "B": "Baik", "C": "Kurang baik", "D": "Tidak baik"}[self.value]


_FLOORS = ((Decimal("88.31"), Band.A), (Decimal("76.61"), Band.B), (Decimal("65.00"), Band.C))


def index(answers: Sequence[Answers], weight: Fraction = EQUAL_WEIGHT) -> Decimal:
    """Reckon the index of these surveys, two decimals. Raises Refused `survey-empty` when there is none."""
    return _two_decimals(sum(_means(answers), Fraction(0)) * weight * 25)


def element_means(answers: Sequence[Answers]) -> tuple[Decimal, ...]:
    """Give the mean of each element, U1 first, two decimals. Raises Refused `survey-empty` when there is none."""
    return tuple(map(_two_decimals, _means(answers)))


def band(value: Decimal) -> Band:
    """Find the band of an index already rounded to two decimals. Raises Refused `index-invalid` outside 0 to 100."""
    if not 0 <= value <= 100:
        raise Refused(f"an index of {value} cannot be: expected 0 to 100", code="index-invalid")
    return next((found for floor, found in _FLOORS if value >= floor), Band.D)


def _means(answers: Sequence[Answers]) -> list[Fraction]:
    if not answers:
        raise Refused("no survey was filled in, so there is no index", code="survey-empty")
    return [Fraction(sum(column), len(answers)) for column in zip(*map(astuple, answers), strict=True)]


def _two_decimals(value: Fraction) -> Decimal:
    return Decimal((value * 100 + Fraction(1, 2)).__floor__()).scaleb(-2)
