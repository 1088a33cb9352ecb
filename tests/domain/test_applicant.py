"""Who may apply (Pasal 8(4)c): a person by a KTP, a firm by its NPWP where its directors have passports alone."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.errors import Refused
from gateway.domain.facts import decode, encode
from gateway.domain.identifiers import NPWP
from gateway.domain.lifecycle import asks
from tests.domain import journeys as j
from tests.domain.journeys import START, case_in, registration

FIRM = replace(
    j.APPLICANT,
    kind=e.ApplicantKind.COMPANY,
    nik=None,
    company="PT Contoh Sejahtera",
    npwp=NPWP("000000018999000"),
)


def test_a_firm_without_a_nik_is_looked_up_by_its_npwp_alone_pasal_8_4_c() -> None:
    event = replace(registration("reklame"), applicant=FIRM)
    case = PermitCase.open("K-2026-000017", event, START, SAMPLE.find("reklame", START.date()))
    assert asks(None, event, case, START) == (e.VerifyTaxStatus(),)
    verified = case_in(Stage.RETURNED, "reklame")
    corrected = e.ApplicationCorrected(applicant=FIRM)
    assert e.VerifyResident() not in asks(verified, corrected, verified.apply(corrected, START), START)
    assert decode(e.Applicant, encode(FIRM)) == FIRM


@pytest.mark.parametrize("unknown", [{"npwp": None}, {"kind": e.ApplicantKind.PERSON}])
def test_whom_neither_number_names_is_no_applicant(unknown: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="NPWP") as refused:
        replace(FIRM, **unknown)
    assert refused.value.code == "applicant-not-identified"
