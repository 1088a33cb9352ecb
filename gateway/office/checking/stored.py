"""The facts of a permit that a paper can be held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from gateway.casework.desk import Casework
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.events import ApplicantKind, DocumentPrepared, Reference
from gateway.domain.regions import KELURAHAN
from gateway.domain.stages import Stage

_NOBODY = ""
"""No agency asks: a permit number is a reference of the office's own."""


class Standing(StrEnum):
    """How a permit stands now."""

    VALID = "valid"
    SUSPENDED = "suspended"
    """The process waits for the survey (17(4)); the number is in force."""
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True)
class StoredPermit:
    """A permit whose number came into force.

    `day` is the date on the document, None where nothing says when it was laid out; `since` the day on which the number
    came into force. Both are days in WIB. `holder` is the firm's or person's name and `location` the address that the
    permit is about: personal, never shown. SHA-256 in hex: `signed` of the signed file (of the scan, for ink; empty
    without one), `prepared` of the document before it was signed.
    `code_key` names the key of the statement in its QR code; empty where it has none, or was made before that was kept.
    """

    case_id: str
    number: str
    service: str
    service_name: str
    standing: Standing
    day: date | None
    since: date
    district: str
    holder: str
    location: str
    signed: str
    prepared: str
    code_key: str = ""


def holder_of(case: PermitCase) -> str:
    """The name that stands on the permit as its holder's."""
    applicant = case.applicant
    return (applicant.company or applicant.name) if applicant.kind is ApplicantKind.COMPANY else applicant.name


def find_permit(casework: Casework, number: str) -> StoredPermit | None:
    """The permit of that number, None when no such number is in force or ever was.

    Tried as it is written, then in capitals without spaces: people type what they read.
    """
    for each in dict.fromkeys((number, "".join(number.split()).upper())):
        reference = Reference(kind="permit-number", value=each)
        cases = casework.find((reference,), _NOBODY)[reference]
        if len(cases) == 1 and cases[0].in_force_since is not None:
            return _stored(casework, cases[0], each)
    return None


def _stored(casework: Casework, case: PermitCase, number: str) -> StoredPermit:
    kelurahan = KELURAHAN.get(case.site.kelurahan)
    facts = [fact for fact in casework.reader.facts([case.id]) if fact.kind == DocumentPrepared.__name__]
    laid_out = facts[-1] if facts else None
    document = casework.last(case.id, DocumentPrepared)
    standing = Standing.SUSPENDED if case.suspended and case.number_active else Standing.VALID
    if case.stage is Stage.REVOKED:
        standing = Standing.REVOKED
    assert case.in_force_since is not None  # noqa: S101 - `find_permit` looked
    return StoredPermit(
        case_id=case.id,
        number=number,
        service=case.service,
        service_name=case.service_name,
        standing=standing,
        day=local_date(laid_out.occurred_at) if laid_out else None,
        since=local_date(case.in_force_since),
        district="" if kelurahan is None else kelurahan.kecamatan,
        holder=holder_of(case),
        location=case.site.address,
        signed=case.signed_sha256 or "",
        prepared=case.document_sha256 or "",
        code_key=document.fact.code_key if document else "",
    )
