"""What a case asks of the outside. Which fact gives rise to which Ask is told in `gateway.domain.asks`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from gateway.domain.events.values import CaseStatus, NoticeKind, SecondFactor
from gateway.domain.identifiers import NIK, Phone


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
class VerifyTaxStatus(Ask):
    """Does the tax register know the NPWP under that name, and are the SPT of two years filed?"""

    optional: ClassVar[bool] = True
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class QueryBusiness(Ask):
    """Does the business register know the applicant's NIB, and is it active?"""

    optional: ClassVar[bool] = True
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestRecommendation(Ask):
    """A technical recommendation from `agency` about this case (11(3)d)."""

    agency: str | None


@dataclass(frozen=True, kw_only=True)
class QueryArrears(Ask):
    """Does the applicant owe the city taxes or retribusi? For the officer who decides; no case waits for the answer.

    Asked for every case and served for the services that the revenue office agreed to look into.
    """

    optional: ClassVar[bool] = True
    agency: str | None = None


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
class CheckSigner(Ask):
    """May this official sign at the certified service today? Asked together with the PIN of `challenge`."""

    challenge: str
    signer_nik: NIK
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class SignDocument(Ask):
    """The certified signature (13) of the document of that SHA-256 (hex), which the official released by `challenge`.

    What the official gave as `factor` is put in at sending and stored nowhere in clear.
    """

    challenge: str
    document_sha256: str
    signer_nik: NIK
    factor: SecondFactor
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReportStatus(Ask):
    """Tell the system in which the application began how the case stands. `note` is for its people."""

    status: CaseStatus
    at: datetime
    by: str
    note: str = ""
    agency: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReportLicence(Ask):
    """Give the system in which the application began the permit that came of it: its number, in force since `at`.

    `check_url` is where anybody can check it; empty where the office named no such address.
    """

    optional: ClassVar[bool] = True
    number: str
    at: datetime
    check_url: str
    agency: str | None = None
