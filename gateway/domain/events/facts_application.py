"""Facts from the registration of an application to its decision (Pasal 11(3)a to e)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gateway.domain.events.fact import CaseEvent
from gateway.domain.events.values import Applicant, AttachedDocument, Declaration, Origin, Reference, Site

# --- registration, Pasal 11(3)a, 12 ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ApplicationRegistered(CaseEvent):
    """An application was lodged; it is not yet known to be complete. Opens the case."""

    service: str
    origin: Origin
    applicant: Applicant
    site: Site
    references: tuple[Reference, ...] = ()
    declaration: Declaration | None = None
    documents: tuple[AttachedDocument, ...] = ()
    helper: str | None = None


@dataclass(frozen=True, kw_only=True)
class ApplicationCompleted(CaseEvent):
    """The application is complete: the tanda terima is issued and the service clock starts (12(4))."""

    acknowledgement_number: str


@dataclass(frozen=True, kw_only=True)
class ApplicationCorrected(CaseEvent):
    """The applicant answered a return with new values or documents."""

    applicant: Applicant | None = None
    site: Site | None = None
    documents: tuple[AttachedDocument, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ApplicationWithdrawn(CaseEvent):
    """The applicant (7(2)b) or the registering system took the application back."""

    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class ResidentVerified(CaseEvent):
    """The population registry knows the NIK as an active resident with this name. `name_score` is 0 to 100."""

    name_score: int | None = None


@dataclass(frozen=True, kw_only=True)
class ResidentRefuted(CaseEvent):
    """The population registry does not confirm the person: `reason` is a stable word, `text` its sentence."""

    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class TaxStatusConfirmed(CaseEvent):
    """The tax register knows the NPWP under the applicant's name, and the SPT of two years are filed."""


@dataclass(frozen=True, kw_only=True)
class TaxStatusDoubtful(CaseEvent):
    """The tax register does not confirm it: `reason` is a stable word, `text` its sentence. It refuses nothing."""

    reason: str
    text: str


@dataclass(frozen=True, kw_only=True)
class BusinessConfirmed(CaseEvent):
    """The business register knows the NIB, and it is active."""


@dataclass(frozen=True, kw_only=True)
class BusinessDoubtful(CaseEvent):
    """It does not, or the NIB is not active: `reason` is a stable word, `text` its sentence. It refuses nothing."""

    reason: str
    text: str


# --- verification and validation, Pasal 11(3)b, c -------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class AdministrationVerified(CaseEvent):
    """Verifikasi administrasi: the papers are there and belong to the applicant."""

    officer: str


@dataclass(frozen=True, kw_only=True)
class AdministrationReturned(CaseEvent):
    """The application goes back to the applicant with what is missing; the service clock stops."""

    officer: str
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ArrearsFound(CaseEvent):
    """The applicant owes the city: `amount` in whole rupiah, as `agency` knew on the day `on`. It decides nothing."""

    agency: str
    amount: int
    on: date


@dataclass(frozen=True, kw_only=True)
class NoArrearsFound(CaseEvent):
    """The applicant owes the city nothing that `agency` knew of on the day `on`."""

    agency: str
    on: date


@dataclass(frozen=True, kw_only=True)
class AdministrationValidated(CaseEvent):
    """Validasi administrasi: a second officer confirms; technical recommendations are asked for."""

    officer: str


# --- technical recommendation, Pasal 11(3)d, 21 ---------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class RecommendationGiven(CaseEvent):
    """An agency's technical recommendation. `on` is the date that it bears."""

    agency: str
    favourable: bool
    number: str
    on: date
    by: str
    conditions: tuple[str, ...] = ()


# --- decision, Pasal 11(3)e, 14(1) ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ApplicationApproved(CaseEvent):
    """Penetapan persetujuan, confirmed by a PIN (13(3)) whose challenge is named here."""

    officer: str
    challenge: str


@dataclass(frozen=True, kw_only=True)
class ApplicationRejected(CaseEvent):
    """Penetapan penolakan, with the grounds that the applicant is told."""

    officer: str
    grounds: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ApprovedByFiction(CaseEvent):
    """No decision came by the end of `due_on`, and the type says that it then counts as given (PP 28/2025)."""

    due_on: date
