"""Routes under `/office/v1`, by token with the scope `office`. Each is one deed; its refusal names the Pasal."""

from __future__ import annotations

from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.domain.errors import Refused
from gateway.domain.events import HandOver, SecondFactor
from gateway.domain.ikm import Answers
from gateway.domain.stages import Stage
from gateway.edge.office_api.views import case_view
from gateway.edge.parts import StaffEdge, office_staff
from gateway.office.certified import Given
from gateway.office.signing import PinStep
from gateway.office.staff import Officer


class Body(BaseModel):
    """A request body; unknown members are refused."""

    model_config = ConfigDict(extra="forbid")


class Missing(Body):
    """What an application lacks."""

    missing: list[str] = Field(min_length=1, max_length=20)


class Area(Body):
    """The built area in square metres."""

    area_m2: int = Field(ge=1, le=10_000_000)


class Grounds(Body):
    """Why an application is rejected."""

    grounds: list[str] = Field(min_length=1, max_length=20)


class PinAsked(Body):
    """For which step a PIN is asked."""

    step: PinStep


class Pin(Body):
    """A PIN and its challenge."""

    challenge: str = Field(max_length=64)
    pin: str = Field(pattern="^ *[0-9]{6} *$")


class Signing(Pin):
    """A PIN, its challenge, and where the certified service signs the official's passphrase or TOTP."""

    passphrase: SecretStr | None = Field(None, min_length=1, max_length=128)
    totp: SecretStr | None = Field(None, min_length=6, max_length=8)

    @model_validator(mode="after")
    def _one_at_most(self) -> Self:
        if self.passphrase is not None and self.totp is not None:
            raise ValueError("give a passphrase or a TOTP, not both")
        return self

    @property
    def given(self) -> Given | None:
        """What was given besides the PIN."""
        if self.passphrase is not None:
            return Given(factor=SecondFactor.PASSPHRASE, secret=self.passphrase.get_secret_value())
        if self.totp is not None:
            return Given(factor=SecondFactor.TOTP, secret=self.totp.get_secret_value())
        return None


class Declined(Body):
    """Why an official does not sign."""

    reason: str = Field(min_length=3, max_length=300)


class Printed(Body):
    """The sheet that was printed on."""

    paper: str = Field(max_length=64)
    serial: str = Field(min_length=1, max_length=64)


class Survey(Body):
    """The nine IKM elements, each 1 to 4."""

    u1: int
    u2: int
    u3: int
    u4: int
    u5: int
    u6: int
    u7: int
    u8: int
    u9: int
    comment: str = Field("", max_length=1000)


class HandOverWish(Body):
    """How the applicant wants the permit handed over; `address` is for the courier, empty for the applicant's own."""

    method: HandOver
    address: str = Field("", max_length=500)


class Handed(Body):
    """How the permit reached whom."""

    method: HandOver
    recipient: str = Field(min_length=1, max_length=255)
    proof: str = Field(min_length=1, max_length=255)


Who = Annotated[Officer, Depends(office_staff)]


def office_router(edge: StaffEdge) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/office/v1/cases/{case_id}", tags=["office"], dependencies=[Depends(office_staff)])
    _add_examination(router, edge)
    _add_decision(router, edge)
    _add_issue(router, edge)
    return router


def _add_examination(router: APIRouter, edge: StaffEdge) -> None:
    @router.get("")
    def show(case_id: str) -> dict[str, Any]:
        """How the case stands."""
        row = edge.reader.case(case_id)
        if row is None:
            raise Refused(f"no case {case_id[:64]!r} is known", code="case-unknown")
        return case_view(edge.casework.case_at(case_id, row.version))

    @router.post("/area")
    def area(case_id: str, entered: Area, by: Who) -> dict[str, Any]:
        """Enter the built area from the drawings."""
        return case_view(edge.deeds.enter_area(case_id, by, entered.area_m2))

    @router.post("/complete")
    def complete(case_id: str, by: Who) -> dict[str, Any]:
        """Give the tanda terima."""
        return case_view(edge.deeds.complete(case_id, by))

    @router.post("/return")
    def return_(case_id: str, said: Missing, by: Who) -> dict[str, Any]:
        """Send back with what is missing."""
        return case_view(edge.deeds.return_(case_id, by, said.missing))

    @router.post("/verify")
    def verify(case_id: str, by: Who) -> dict[str, Any]:
        """Verifikasi administrasi."""
        return case_view(edge.deeds.verify(case_id, by))

    @router.post("/validate")
    def validate(case_id: str, by: Who) -> dict[str, Any]:
        """Validasi administrasi."""
        return case_view(edge.deeds.validate(case_id, by))


def _add_decision(router: APIRouter, edge: StaffEdge) -> None:
    @router.post("/pin", status_code=202)
    def pin(case_id: str, asked: PinAsked, by: Who) -> dict[str, Any]:
        """Send a PIN to the officer's telephone."""
        challenge = edge.signing.ask_pin(case_id, by, asked.step)
        return {"challenge": challenge.id, "phone": challenge.phone, "expiresAt": challenge.expires_at}

    @router.post("/approve")
    def approve(case_id: str, given: Pin, by: Who) -> dict[str, Any]:
        """Penetapan persetujuan, with a PIN."""
        return case_view(edge.signing.approve(case_id, by, given.challenge, given.pin))

    @router.post("/reject")
    def reject(case_id: str, said: Grounds, by: Who) -> dict[str, Any]:
        """Penetapan penolakan."""
        return case_view(edge.deeds.reject(case_id, by, said.grounds))

    @router.post("/charge")
    def charge(case_id: str, by: Who) -> dict[str, Any]:
        """Issue the SKRD."""
        return case_view(edge.deeds.charge(case_id, by))


def _add_issue(router: APIRouter, edge: StaffEdge) -> None:
    @router.post("/prepare")
    def prepare(case_id: str, by: Who) -> dict[str, Any]:
        """Reserve the number and lay the document out."""
        return case_view(edge.signing.prepare(case_id, by))

    @router.post("/sign")
    def sign(case_id: str, said: Signing, by: Who, response: Response) -> dict[str, Any]:
        """Pengesahan, with a PIN; the number comes into force.

        Where the certified service signs, with passphrase or TOTP too: HTTP 202, and stage `signing` until it answers.
        """
        case = edge.signing.sign(case_id, by, said.challenge, said.pin, said.given)
        response.status_code = 202 if case.stage is Stage.SIGNING else 200
        return case_view(case)

    @router.post("/decline")
    def decline(case_id: str, said: Declined, by: Who) -> dict[str, Any]:
        """The official does not sign; the reserved number is voided."""
        return case_view(edge.signing.decline(case_id, by, said.reason))

    @router.post("/print")
    def print_(case_id: str, sheet: Printed, by: Who) -> dict[str, Any]:
        """Pencetakan."""
        return case_view(edge.deeds.print_(case_id, by, sheet.paper, sheet.serial))

    @router.post("/survey")
    def survey(case_id: str, filled: Survey, by: Who) -> dict[str, Any]:
        """Pengisian IKM, entered for the applicant."""
        marks = filled.model_dump(exclude={"comment"})
        return case_view(edge.deeds.survey(case_id, by.actor, Answers(**marks), filled.comment))

    @router.post("/hand-over-choice")
    def choose_hand_over(case_id: str, wish: HandOverWish, by: Who) -> dict[str, Any]:
        """Enter the applicant's choice."""
        return case_view(edge.deeds.choose_hand_over(case_id, by, wish.method, wish.address))

    @router.post("/hand-over")
    def hand_over(case_id: str, said: Handed, by: Who) -> dict[str, Any]:
        """Penyerahan."""
        return case_view(edge.deeds.hand_over(case_id, by, said.method, said.recipient, said.proof))

    @router.get("/documents/{sha256}")
    def document(case_id: str, sha256: str) -> Response:
        """A document of the case, by its digest."""
        row = edge.reader.document(case_id, sha256)
        if row is None:
            raise Refused("the case has no document of that digest", code="document-unknown")
        return Response(row.body, media_type=row.media_type)
