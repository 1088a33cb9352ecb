"""What a case asks of the outside. Which fact gives rise to which Ask is told in `gateway.domain.asks`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gateway.domain.events.values import CaseStatus, NoticeKind
from gateway.domain.identifiers import Phone


class Ask:
    """Base of all needs. `agency` narrows an Ask to one agency; None: whichever active agreement serves it.

    An agency *may* be integrated (Pasal 21(1)). What a case cannot do without calls a person when no active agreement
    serves it; an `optional` Ask is then simply not made.
    """

    optional: ClassVar[bool] = False
    agency: str | None


@dataclass(frozen=True, kw_only=True)
class VerifyResident(Ask):
    """Is the applicant's NIK an active resident of that name?"""

    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestRecommendation(Ask):
    """A technical recommendation from `agency` about this case (11(3)d)."""

    agency: str | None


@dataclass(frozen=True, kw_only=True)
class NotifyApplicant(Ask):
    """Tell the applicant, in Indonesian, by SMS (14(1)). `text` is complete but for secrets."""

    notice: NoticeKind
    text: str
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class EmailApplicant(Ask):
    """The same notice by mail (8(6)), beside the SMS, to an applicant who gave a mail address.

    Optional: an office without a mail relay tells by SMS alone. `subject` is one line of printable ASCII.
    """

    optional: ClassVar[bool] = True
    notice: NoticeKind
    subject: str
    text: str
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class OfferQris(Ask):
    """Make a QR (QRIS) by which the charge can be paid, beside its virtual account (14(2)). Optional."""

    optional: ClassVar[bool] = True
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeliverDocument(Ask):
    """Bring the permit, with the SKRD where there is one, to the applicant (18): to where the case says."""

    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class SendPin(Ask):
    """Send the PIN of `challenge` to `phone` (13(3)). The PIN itself is put in at sending and stored nowhere."""

    challenge: str
    phone: Phone
    purpose: str
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReportStatus(Ask):
    """Tell the system in which the application began how the case stands. `note` is for its people."""

    status: CaseStatus
    at: datetime
    by: str
    note: str = ""
    agency: str | None = None
