"""The words and values that facts and Asks are made of: who applies, for what, and how things are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.domain.errors import Refused
from gateway.domain.identifiers import NIB, NIK, NPWP, Phone


class Origin(StrEnum):
    """Where an application came in: the applicant's own account, the counter (12(6)), OSS, or paper (26(4))."""

    PORTAL = "portal"
    COUNTER = "counter"
    OSS = "oss"
    MANUAL = "manual"


class ApplicantKind(StrEnum):
    """Pasal 8(4)c: a person applies with a KTP, a company with its NPWP."""

    PERSON = "person"
    COMPANY = "company"


class SigningMethod(StrEnum):
    """Pasal 13(3) and 16(2): electronic, or ink on a printed document."""

    ELECTRONIC = "electronic"
    WET = "wet"


class SecondFactor(StrEnum):
    """What an official gives besides the PIN for a certified signature: what the signing service knows the key by."""

    PASSPHRASE = "passphrase"  # noqa: S105 - the word for it
    TOTP = "totp"


class HandOver(StrEnum):
    """Pasal 18(1): at the counter or by courier."""

    COUNTER = "counter"
    COURIER = "courier"


class NoticeKind(StrEnum):
    """What the applicant is told (Pasal 8(6), 14(1), 14(2), 17(3), 17(4))."""

    ACKNOWLEDGED = "acknowledged"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    CHARGE = "charge"
    PAID = "paid"
    LAPSED = "lapsed"
    SURVEY_WARNING = "survey-warning"
    SUSPENDED = "suspended"
    READY = "ready"


class CaseStatus(StrEnum):
    """The states that are reported to the outside, in the office's own words; an adapter has its own codes."""

    REGISTERED = "registered"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    VALIDATING = "validating"
    AWAITING_PAYMENT = "awaiting-payment"
    PAID = "paid"
    TECHNICALLY_APPROVED = "technically-approved"
    NUMBERING = "numbering"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLOCK_PAUSED = "clock-paused"
    CLOCK_RESUMED = "clock-resumed"
    CLOCK_RESTARTED = "clock-restarted"
    LAPSED = "lapsed"
    APPROVED_BY_FICTION = "approved-by-fiction"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class Reference:
    """A name by which somebody outside knows a case: `kind` (`nib`, `id-izin`, `virtual-account`, ...) and `value`."""

    kind: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """Who applies. `name` is the responsible person's; `company` is the firm's when `kind` is COMPANY.

    `nik` is the responsible person's; None for a firm whose directors are foreigners with passports, which then is
    known by its NPWP (8(4)c). The passport is not kept: nothing here asks anybody about it. Raises Refused
    `applicant-not-identified` for a person without NIK, and for a firm with neither.
    """

    kind: ApplicantKind
    name: str
    nik: NIK | None
    phone: Phone
    email: str
    address: str
    company: str | None = None
    npwp: NPWP | None = None
    nib: NIB | None = None

    def __post_init__(self) -> None:
        if self.nik is None and (self.kind is ApplicantKind.PERSON or self.npwp is None):
            raise Refused(
                "an applicant is known by a NIK, and a firm whose directors have none by its NPWP: give one of them",
                code="applicant-not-identified",
                clause="Pasal 8(4)c",
            )

    @property
    def taxpayer(self) -> tuple[NPWP | None, str]:
        """Whose taxes these are: the NPWP, and the name that it should stand under, the firm's before the person's."""
        return self.npwp, self.company or self.name


@dataclass(frozen=True, kw_only=True)
class Site:
    """What and where the permit is about.

    `kelurahan` is a Kemendagri code, `area_m2` the built area in square metres.
    """

    address: str
    kelurahan: str
    purpose: str
    area_m2: int | None = None


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The truth declaration that the applicant ticked (12(3)): which text, and when."""

    version: str
    text: str
    accepted_at: datetime


@dataclass(frozen=True, kw_only=True)
class AttachedDocument:
    """A supporting document by its kind, file name and SHA-256 digest in hex (12(1))."""

    kind: str
    name: str
    sha256: str
