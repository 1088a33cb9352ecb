"""Routes for what is done on paper and entered afterwards (`gateway.office.by_hand`).

`POST /office/v1/cases/{id}/recommendation`   the letter of an agency that is not, or could not be asked (Pasal 21(1))
`POST /office/v1/cases/{id}/wet-ink`          this document is to be signed in ink, by that official (13(5))
`POST /office/v1/cases/{id}/sign-wet`         the printed sheet was signed in ink, and lies here
`POST /office/v1/paper-checks`                what a paper says against what is stored (22(4)c); a difference is a leaf
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from gateway.domain.errors import CaseRefusal
from gateway.domain.events import RecommendationGiven
from gateway.edge.office_api.routes import Body, Who
from gateway.edge.office_api.views import case_view
from gateway.edge.parts import StaffEdge, office_staff
from gateway.office.checking.comparing import MAX_VALUE, differences
from gateway.office.checking.comparing import Field as Asked
from gateway.office.staff import Officer, officer_of

Line = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Letter(Body):
    """A technical recommendation as the letter has it: its number and date, who signed it, and what it says."""

    agency: str = Field(pattern="^[a-z][a-z0-9-]{1,31}$")
    favourable: bool
    number: Line
    on: date
    by: Line
    conditions: list[Line] = Field(default_factory=list, max_length=20)


class Ink(Body):
    """Which official signs in ink, by the id of their account here, and why."""

    signer: str = Field(min_length=1, max_length=64)
    reason: str = Field(min_length=3, max_length=300)


class InkSigned(Body):
    """Who signed the sheet, by the id of their account here; the digest of its scan (SHA-256, hex)."""

    signer: str = Field(min_length=1, max_length=64)
    scan_sha256: str = Field(alias="scanSha256", pattern="^[0-9a-f]{64}$")


class PaperSays(Body):
    """What staff read from a paper: at least one field besides the number. Dates as on the paper or in ISO form."""

    number: str = Field(min_length=1, max_length=120)
    day: str = Field("", max_length=MAX_VALUE)
    service: str = Field("", max_length=MAX_VALUE)
    until: str = Field("", max_length=MAX_VALUE)
    holder: str = Field("", max_length=MAX_VALUE)
    location: str = Field("", max_length=MAX_VALUE)


def paper_checks_router(edge: StaffEdge) -> APIRouter:
    """The route by which staff hold a paper against the store."""
    router = APIRouter(prefix="/office/v1/paper-checks", tags=["office"])

    @router.post("")
    def check(said: PaperSays, by: Who) -> dict[str, Any]:
        """Compare a paper with what is stored, which prevails (22(5)); the ledger keeps which fields differ."""
        fields = {Asked(name): value for name, value in said.model_dump(exclude={"number"}).items()}
        compared = edge.checks.found_by_staff(said.number, fields, by.actor)
        return {
            "fields": {each.field.value: each.result.value for each in compared},
            "differs": [each.value for each in differences(compared)],
            "prevails": "store",
            "clause": "Pasal 22(5)",
        }

    return router


def paper_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/office/v1/cases/{case_id}", tags=["office"], dependencies=[Depends(office_staff)])

    def official(account: str) -> Officer:
        row = edge.reader.staff(account)
        if row is None:
            raise CaseRefusal(
                f"nobody here is {account!r}: give the id of the official who signs (`simojo staff list`)",
                code="signer-unknown",
                clause="Pasal 13(4)",
            )
        return officer_of(row)

    @router.post("/recommendation")
    def recommendation(case_id: str, letter: Letter, by: Who) -> dict[str, Any]:
        """Enter an agency's letter; refused while the agency is asked by its own system."""
        said = RecommendationGiven(**letter.model_dump(exclude={"conditions"}), conditions=tuple(letter.conditions))
        return case_view(edge.paper.recommend(case_id, by, said))

    @router.post("/wet-ink")
    def wet_ink(case_id: str, said: Ink, by: Who) -> dict[str, Any]:
        """This document is signed in ink, since the official's delegation does not cover electronic signing."""
        return case_view(edge.paper.choose_ink(case_id, by, official(said.signer), said.reason))

    @router.post("/sign-wet")
    def sign_wet(case_id: str, said: InkSigned, by: Who) -> dict[str, Any]:
        """Pengesahan in ink: the printed sheet was signed and is here; entered by who neither signed nor printed it."""
        return case_view(edge.paper.sign_ink(case_id, by, official(said.signer), said.scan_sha256))

    return router
