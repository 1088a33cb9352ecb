"""Applications that are lodged at the counter (Pasal 12(6)): an officer enters what the applicant brings.

`POST /office/v1/cases`. The number that the counter gave the application is a reference of its case, and under one
number one case is opened: whoever did not hear the answer sends the same again and is told which one
(`already-registered`).
"""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from pydantic import Field, model_validator

from gateway.domain.events import (
    Applicant,
    ApplicantKind,
    ApplicationRegistered,
    AttachedDocument,
    Declaration,
    Origin,
    Reference,
    Site,
)
from gateway.domain.identifiers import NIB, NIK, NPWP, Phone
from gateway.domain.regions import Kelurahan
from gateway.edge.office_api.routes import Body, Who
from gateway.edge.office_api.views import case_view
from gateway.edge.parts import StaffEdge, office_staff

COUNTER = "counter"
"""The kind of reference by which a case is found that was opened here."""

Line = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line: what is entered reaches agencies in XML too, which knows no control characters."""

Address = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Person(Body):
    """Who applies; for a firm, its responsible person and its name.

    Without `nik`: a firm whose directors are foreigners with passports, which then needs its `npwp` (8(4)c).
    """

    kind: ApplicantKind
    name: Line
    nik: str | None = Field(None, max_length=32)
    phone: str = Field(max_length=32)
    email: str = Field("", max_length=254, pattern=r"^([^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+)?$")
    address: Address
    company: Line | None = None
    npwp: str | None = Field(None, max_length=32)
    nib: str | None = Field(None, max_length=32)

    @model_validator(mode="after")
    def _a_firm_is_named(self) -> Self:
        if (self.kind is ApplicantKind.COMPANY) is (self.company is None):
            raise ValueError("company is for an applicant of kind company, and needed there")
        return self

    def applicant(self) -> Applicant:
        """The same as the domain knows it. Raises InvalidIdentifier, and Refused `applicant-not-identified`."""
        return Applicant(
            kind=self.kind,
            name=self.name,
            nik=None if self.nik is None else NIK(self.nik),
            phone=Phone(self.phone),
            email=self.email,
            address=self.address,
            company=self.company,
            npwp=None if self.npwp is None else NPWP(self.npwp),
            nib=None if self.nib is None else NIB(self.nib),
        )


class Place(Body):
    """What and where the permit is about; `kelurahan` is a Kemendagri code of the city."""

    address: Address
    kelurahan: str = Field(max_length=32)
    purpose: Address
    area_m2: int | None = Field(None, ge=1, le=10_000_000)

    def site(self) -> Site:
        """The same as the domain knows it. Raises InvalidIdentifier."""
        kelurahan = Kelurahan.find(self.kelurahan)
        return Site(address=self.address, kelurahan=kelurahan.code, purpose=self.purpose, area_m2=self.area_m2)


class Declared(Body):
    """The truth declaration that the applicant signed at the counter (12(3)): which text."""

    version: str = Field(min_length=1, max_length=40)
    text: str = Field(min_length=1, max_length=4000, pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$")


class Paper(Body):
    """A document that was handed in, by its kind, file name and digest (12(1))."""

    kind: str = Field(min_length=1, max_length=64)
    name: Line
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Lodged(Body):
    """An application. `reference` is the counter's own number of it."""

    reference: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9./_-]{0,63}$")
    service: str = Field(min_length=1, max_length=64)
    applicant: Person
    site: Place
    declaration: Declared
    documents: list[Paper] = Field(default_factory=list, max_length=50)


def counter_router(edge: StaffEdge) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/office/v1/cases", tags=["office"], dependencies=[Depends(office_staff)])

    @router.post("", status_code=201)
    def lodge(said: Lodged, by: Who) -> dict[str, Any]:
        """Register an application that was handed in at the counter."""
        number = Reference(kind=COUNTER, value=said.reference)
        applicant = said.applicant.applicant()
        nib = () if applicant.nib is None else (Reference(kind="nib", value=applicant.nib),)  # OSS speaks by it
        event = ApplicationRegistered(
            service=said.service,
            origin=Origin.COUNTER,
            applicant=applicant,
            site=said.site.site(),
            references=(number, *nib),
            declaration=Declaration(
                version=said.declaration.version, text=said.declaration.text, accepted_at=edge.clock()
            ),
            documents=tuple(
                AttachedDocument(kind=each.kind, name=each.name, sha256=each.sha256) for each in said.documents
            ),
            helper=by.name,
        )
        return case_view(edge.deeds.register(event, by, number))

    return router
