"""Officials and cases that the tests of papers share. Every person is made up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.identifiers import NIB, NPWP
from gateway.office.papers.permit import permit_pdf
from tests.domain.journeys import APPLICANT, case_in

VERIFY_URL = "https://simojo.example/periksa/001-PBG-III-2026"
ISSUED_ON = date(2026, 3, 2)


@dataclass(frozen=True)
class Head:
    """An official."""

    name: str = "Dra. Pejabat Contoh, M.Si."
    title: str = "Kepala Dinas Contoh"
    nip: str | None = "198001012005011001"


HEAD = Head()
CONDITIONS = ("Garis sempadan paling sedikit 3 meter.", "Tinggi paling banyak 10 meter.")
COMPANY = replace(
    APPLICANT,
    kind=e.ApplicantKind.COMPANY,
    company="PT Contoh Sejahtera",
    npwp=NPWP("09.254.294.3-407.000"),
    nib=NIB("9999000000017"),
)


def numbered(applicant: e.Applicant = APPLICANT, site: e.Site | None = None) -> PermitCase:
    """A case with a reserved number and conditions."""
    case = case_in(Stage.NUMBERED)
    given = tuple(replace(each, conditions=CONDITIONS) for each in case.recommendations)
    return replace(case, applicant=applicant, site=site or case.site, recommendations=given)


def permit(case: PermitCase | None = None, url: str = VERIFY_URL) -> bytes:
    """The permit of a case, signed by HEAD."""
    return permit_pdf(case or numbered(), verify_url=url, issued_on=ISSUED_ON, signatory=HEAD)
