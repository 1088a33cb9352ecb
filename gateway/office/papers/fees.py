"""What is owed (retribusi), and the code to pay it with (Pasal 14, 15).

SAMPLE_TARIFF is illustrative. No regulation was read for its figures, its account codes or its bank; every SKRD made
from it says so. The office passes a `FeeSchedule` of its own, versioned by date like the catalogue of permit types.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal, Misconfigured
from gateway.domain.skrd import SKRD, ChargeLine
from gateway.office.papers.layout import month_name
from gateway.office.papers.signatory import Official, nip_of

CUSTOMER_DIGITS = 12
"""Digits of the customer number in a payment code; with a partner id of at most 8 that stays within SNAP BI's 28."""

_PARTNER_ID = re.compile(r"[0-9]{1,8}")


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """One version of the tariff of one permit type.

    `unit_price` (whole rupiah) is for each square metre of built area when `per_square_metre`, of which at least
    `least_m2` are charged; otherwise once for each application. Raises Misconfigured `tariff-invalid`.
    """

    service: str
    description: str
    unit_price: int
    account_code: str
    legal_basis: str
    valid_from: date
    valid_until: date | None = None
    per_square_metre: bool = False
    least_m2: int = 1

    def __post_init__(self) -> None:
        if self.unit_price < 1 or self.least_m2 < 1:
            raise Misconfigured(
                f"tariff of {self.service!r}: the unit price and the least area must be 1 or more",
                code="tariff-invalid",
                clause="Pasal 14(6)",
            )

    def is_valid_on(self, day: date) -> bool:
        """Tell whether `day` lies between `valid_from` and `valid_until`, both included."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass(frozen=True, kw_only=True)
class FeeSchedule:
    """All tariffs of the office, and where the money goes (the bank and receiving account of 14(2))."""

    tariffs: tuple[Tariff, ...]
    pay_to_bank: str
    pay_to_account: str

    def find(self, service: str, on: date) -> Tariff:
        """Find the latest tariff of that permit type in force on that day; CaseRefusal `tariff-missing` if none is."""
        found = [each for each in self.tariffs if each.service == service and each.is_valid_on(on)]
        if not found:
            raise CaseRefusal(
                f"no tariff for {service!r} is in force on {on}: enter one before charging",
                code="tariff-missing",
                clause="Pasal 14(6)",
            )
        return max(found, key=lambda each: each.valid_from)


_SAMPLE_BASIS = "Tarif contoh, ilustratif: bukan peraturan daerah"
_SAMPLE_FROM = date(2020, 3, 10)

SAMPLE_TARIFF = FeeSchedule(
    tariffs=(
        Tariff(
            service="pbg",
            description="Retribusi PBG per m² luas bangunan (tarif contoh)",
            unit_price=9_500,
            account_code="4.1.02.03.01",
            legal_basis=_SAMPLE_BASIS,
            valid_from=_SAMPLE_FROM,
            per_square_metre=True,
            least_m2=20,
        ),
        Tariff(
            service="aset",
            description="Pemakaian aset daerah per permohonan (tarif contoh)",
            unit_price=250_000,
            account_code="4.1.02.02.01",
            legal_basis=_SAMPLE_BASIS,
            valid_from=_SAMPLE_FROM,
        ),
    ),
    pay_to_bank="Bank Penampung Retribusi Daerah (contoh)",
    pay_to_account="0000000017",
)
"""An illustrative tariff for demonstrations and tests: it is not law."""


def charge(
    case: PermitCase,
    schedule: FeeSchedule = SAMPLE_TARIFF,
    *,
    number: str,
    issued_on: date,
    payment_code: str,
    signatory: Official,
    npwrd: str | None = None,
) -> SKRD:
    """Assess what is owed for a case, by the tariff in force on `issued_on`.

    The payer is the company, for a person the applicant; `npwrd` is the payer's number in the register of retribusi,
    `R-` and the case's id when there is none.

    Raises CaseRefusal `not-levied` (15), `tariff-missing`, `area-missing`, Refused `skrd-invalid`, and what `nip_of`
    raises for the signatory.
    """
    if not case.levied:
        raise CaseRefusal(
            f"{case.service} carries no retribusi: nothing is charged", code="not-levied", clause="Pasal 15"
        )
    tariff = schedule.find(case.service, issued_on)
    return SKRD(
        number=number,
        period=f"{month_name(issued_on)} {issued_on.year}",
        year=issued_on.year,
        payer_name=case.applicant.company or case.applicant.name,
        payer_address=case.applicant.address,
        legal_basis=tariff.legal_basis,
        account_code=tariff.account_code,
        npwrd=npwrd or f"R-{case.id}",
        payment_code=payment_code,
        service=case.service,
        lines=(
            ChargeLine(description=tariff.description, quantity=_units(case, tariff), unit_price=tariff.unit_price),
        ),
        pay_to_bank=schedule.pay_to_bank,
        pay_to_account=schedule.pay_to_account,
        issued_on=issued_on,
        signatory=signatory.name,
        signatory_nip=nip_of(signatory),
    )


def virtual_account(partner_service_id: str, sequence: int) -> str:
    """Give the payment code: the office's company code at the bank, then the `sequence` as 12 digits.

    One company code and different sequences never give the same code. Raises Misconfigured `partner-id-invalid` for a
    company code that is not 1 to 8 digits; ValueError for a sequence that does not fit.
    """
    if not _PARTNER_ID.fullmatch(partner_service_id):
        raise Misconfigured(
            f"the company code at the bank is {partner_service_id[:20]!r}: set the 1 to 8 digits of the contract",
            code="partner-id-invalid",
            clause="Pasal 14(2)",
        )
    if not 0 < sequence < 10**CUSTOMER_DIGITS:
        raise ValueError(f"a customer number is 1 to {10**CUSTOMER_DIGITS - 1}, not {sequence}")
    return f"{partner_service_id}{sequence:0{CUSTOMER_DIGITS}}"


def _units(case: PermitCase, tariff: Tariff) -> int:
    if not tariff.per_square_metre:
        return 1
    if case.site.area_m2 is None or case.site.area_m2 < 1:
        raise CaseRefusal(
            f"case {case.id}: the built area is missing, so the retribusi cannot be reckoned: have it entered",
            code="area-missing",
            clause="Pasal 14(6)",
        )
    return max(case.site.area_m2, tariff.least_m2)
