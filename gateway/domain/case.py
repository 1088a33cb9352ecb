"""The permit case: what is known of one application, changed by facts alone.

A case is a value. `open` makes it from the registration, `apply` gives the next one or refuses; the same facts at
the same moments always give the same case, so a stored case can be checked against its own history.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from gateway.domain.calendar import require_aware
from gateway.domain.catalogue import PermitType, ServiceClass
from gateway.domain.effects import carry
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import (
    Applicant,
    ApplicationRegistered,
    AttachedDocument,
    CaseEvent,
    Declaration,
    DocumentPrinted,
    DocumentSigned,
    HandOver,
    NoticeReceived,
    Origin,
    PaymentReceived,
    QrisOffered,
    RecommendationGiven,
    Reference,
    SignatureNotGiven,
    SignatureRequested,
    SigningMethod,
    Site,
)
from gateway.domain.ikm import Answers
from gateway.domain.lifecycle import allowed_step
from gateway.domain.service_clock import ServiceClock
from gateway.domain.skrd import SKRD
from gateway.domain.stages import ENDED, Finding, Hold, Residency, Stage

__all__ = ["Finding", "Hold", "PermitCase", "Residency", "Stage"]


@dataclass(frozen=True, kw_only=True)
class PermitCase:
    """One application on its way through Pasal 11(3).

    `service` to `number_template` are the permit type's as it stood at registration (19). `recommendations` and
    `notices` are the facts in the order in which they came. `decided_at` is when it was approved or rejected;
    `approved_by` is None for a positive fiction. `in_force_since` is when the permit number came into force and stays
    after a revocation, which `number_active` tells. Of digests, `document_sha256` is the prepared document's and
    `signed_sha256` the signed one's, in hex; `signature` is who signed it. `signature_asked` is the request for a
    certified signature that is under way or was granted, `signature_not_given` how the last one failed.
    `delivery_address` is where a courier brings the document; empty: the applicant's own address. `attention` is what
    waits for a person. `voided_numbers` never become permit numbers. `arrears` is what the applicant owed the city in
    whole rupiah when it was last asked: 0 nothing, None that nobody said. `version` counts the facts applied, the
    registration included.
    """

    id: str
    version: int
    stage: Stage

    service: str
    service_name: str
    service_class: ServiceClass
    levied: bool
    signing: SigningMethod
    paper: str
    required_recommendations: tuple[str, ...]
    required_documents: tuple[str, ...]
    duration_days: int
    positive_fiction: bool
    number_template: str

    origin: Origin
    applicant: Applicant
    site: Site
    declaration: Declaration | None
    documents: tuple[AttachedDocument, ...]
    helper: str | None
    references: tuple[Reference, ...]
    registered_at: datetime

    residency: Residency = Residency.UNCHECKED
    tax_status: Finding = Finding.UNCHECKED
    business_status: Finding = Finding.UNCHECKED
    acknowledgement_number: str | None = None
    completed_at: datetime | None = None
    clock: ServiceClock = field(default_factory=ServiceClock)
    verified_by: str | None = None
    arrears: int | None = None
    recommendations: tuple[RecommendationGiven, ...] = ()
    decided_at: datetime | None = None
    approved_by: str | None = None
    skrd: SKRD | None = None
    charge_notice_received_at: datetime | None = None
    qris: QrisOffered | None = None
    payment: PaymentReceived | None = None
    reserved_number: str | None = None
    number_active: bool = False
    in_force_since: datetime | None = None
    voided_numbers: tuple[str, ...] = ()
    document_sha256: str | None = None
    signed_sha256: str | None = None
    signature: DocumentSigned | None = None
    signature_asked: SignatureRequested | None = None
    signature_not_given: SignatureNotGiven | None = None
    printed: DocumentPrinted | None = None
    survey: Answers | None = None
    survey_warnings: int = 0
    survey_warned_at: datetime | None = None
    suspended: bool = False
    hand_over: HandOver = HandOver.COUNTER
    delivery_address: str = ""
    notices: tuple[NoticeReceived, ...] = ()
    attention: tuple[str, ...] = ()

    @classmethod
    def open(cls, case_id: str, event: ApplicationRegistered, at: datetime, permit_type: PermitType) -> PermitCase:
        """Give the case that `event` opens, version 1, under the permit type valid at `at` (19).

        Raises CaseRefusal `service-mismatch` when the type is another than the one applied for, `time-without-zone`
        when a moment is naive.
        """
        _require_aware_times(event, at)
        if event.service != permit_type.code:
            raise CaseRefusal(
                f"case {case_id}: the application is for {event.service!r}, the permit type is {permit_type.code!r}",
                code="service-mismatch",
                clause="Pasal 19",
            )
        return cls(
            id=case_id,
            version=1,
            stage=Stage.REGISTERED,
            service=permit_type.code,
            service_name=permit_type.name,
            service_class=permit_type.service_class,
            levied=permit_type.levied,
            signing=permit_type.signing,
            paper=permit_type.paper,
            required_recommendations=permit_type.recommended_by,
            required_documents=permit_type.required_documents,
            duration_days=permit_type.duration_days,
            positive_fiction=permit_type.positive_fiction,
            number_template=permit_type.number_template,
            origin=event.origin,
            applicant=event.applicant,
            site=event.site,
            declaration=event.declaration,
            documents=event.documents,
            helper=event.helper,
            references=tuple(dict.fromkeys(event.references)),
            registered_at=at,
        )

    def apply(self, event: CaseEvent, at: datetime) -> PermitCase:
        """Give the case after `event` happened at `at`.

        Raises CaseRefusal naming the step, the stage and the Pasal; its code is that of the guard that failed,
        `step-not-allowed`, `case-ended` or `time-without-zone`.
        """
        _require_aware_times(event, at)
        step = allowed_step(self, event, at)
        return replace(carry(event, self, at), stage=step.to or self.stage, version=self.version + 1)

    @property
    def ended(self) -> bool:
        """True when handed over, rejected, lapsed, withdrawn or revoked."""
        return self.stage in ENDED

    @property
    def outcome(self) -> Stage | None:
        """How the case ended; None while it is open."""
        return self.stage if self.ended else None

    @property
    def missing_recommendations(self) -> tuple[str, ...]:
        """Agencies whose recommendation is needed and not given, in the order of the permit type."""
        return tuple(agency for agency in self.required_recommendations if self.recommendation(agency) is None)

    @property
    def missing_documents(self) -> tuple[str, ...]:
        """Kinds of document that the permit type requires and the application lacks (12(1))."""
        attached = {document.kind for document in self.documents}
        return tuple(kind for kind in self.required_documents if kind not in attached)

    def recommendation(self, agency: str) -> RecommendationGiven | None:
        """Look up what that agency recommended, or None."""
        return next((each for each in self.recommendations if each.agency == agency), None)

    def reference(self, kind: str) -> str | None:
        """Look up the value of the first reference of that kind, or None."""
        return next((each.value for each in self.references if each.kind == kind), None)


def _require_aware_times(event: CaseEvent, at: datetime) -> None:
    require_aware(at, f"the time of {type(event).__name__}")
    for name, moment in _moments(event):
        require_aware(moment, f"{type(event).__name__}.{name}")


def _moments(event: CaseEvent) -> Iterator[tuple[str, datetime]]:
    if isinstance(event, ApplicationRegistered) and event.declaration is not None:
        yield "declaration.accepted_at", event.declaration.accepted_at
    for each in fields(event):  # type: ignore[arg-type]  # every fact is a dataclass; only its base is not
        value = getattr(event, each.name)
        if isinstance(value, datetime):
            yield each.name, value
