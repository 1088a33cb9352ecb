"""Tariffs. SAMPLE: illustrative figures; no regulation was read for them, and the office puts its own here."""

from __future__ import annotations

from datetime import date

from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal
from gateway.domain.identifiers import NIP
from gateway.domain.skrd import SKRD, ChargeLine
from gateway.office.papers.typesetting import Signatory, indonesian_date

PBG_PER_M2 = 9_500
PBG_LEAST_M2 = 20
ASSET_PER_USE = 250_000
SAMPLE_BASIS = "tarif contoh, bukan peraturan daerah"
ACCOUNT_CODES = {"pbg": "4.1.02.03.01", "aset": "4.1.02.02.01"}
BANK = "Bank Penampung Retribusi Daerah (contoh)"
ACCOUNT = "0000000017"
CUSTOMER_DIGITS = 12


def charge(case: PermitCase, *, number: str, issued_on: date, payment_code: str, signatory: Signatory) -> SKRD:
    """Assess what is owed. Raises CaseRefusal `tariff-missing` for a type without one, `area-missing` for a PBG."""
    return SKRD(
        number=number,
        period=indonesian_date(issued_on).partition(" ")[2],
        year=issued_on.year,
        payer_name=case.applicant.company or case.applicant.name,
        payer_address=case.applicant.address,
        legal_basis=SAMPLE_BASIS,
        account_code=ACCOUNT_CODES.get(case.service, ""),
        npwrd=f"R-{case.id}",
        payment_code=payment_code,
        service=case.service,
        lines=_lines(case),
        pay_to_bank=BANK,
        pay_to_account=ACCOUNT,
        issued_on=issued_on,
        signatory=signatory.name,
        signatory_nip=NIP(signatory.nip),
    )


def virtual_account(partner_service_id: str, sequence: int) -> str:
    """Give the payment code: the office's company code, then the `sequence` as a customer number of 12 digits.

    ValueError for a sequence that does not fit.
    """
    if not 0 < sequence < 10**CUSTOMER_DIGITS:
        raise ValueError(f"a customer number has 1 to {CUSTOMER_DIGITS} digits, not {sequence}")
    return f"{partner_service_id}{sequence:0{CUSTOMER_DIGITS}}"


def _lines(case: PermitCase) -> tuple[ChargeLine, ...]:
    if case.service == "pbg":
        if case.site.area_m2 is None:
            raise CaseRefusal(
                f"case {case.id}: the built area is missing, so the retribusi cannot be reckoned",
                code="area-missing",
                clause="Pasal 14(6)",
            )
        area = max(case.site.area_m2, PBG_LEAST_M2)
        return (ChargeLine(description="Retribusi PBG per m² (contoh)", quantity=area, unit_price=PBG_PER_M2),)
    if case.service == "aset":
        return (ChargeLine(description="Pemakaian aset daerah (contoh)", quantity=1, unit_price=ASSET_PER_USE),)
    raise CaseRefusal(
        f"there is no tariff for {case.service}: enter one before charging", code="tariff-missing", clause="Pasal 15"
    )
