"""The facts that may happen to a permit case, and the Asks that facts give rise to.

A fact (`CaseEvent`) is what happened, in the past tense, with the values that it carries and nothing derived from
them. When it happened (valid time), when it was entered and who entered it are kept beside it by the store, so
that a paper decision entered after an outage keeps both times (Pasal 26(4)). Facts are never edited; a correction
is a later fact.

An `Ask` is something that the case needs from outside: a check, a recommendation, a message to the applicant.
Which agency serves it, and how, is the affair of adapters and agreements.

    values             the words and values that facts and Asks are made of
    fact               the base of all facts
    facts_application  from registration to decision (Pasal 11(3)a to e)
    facts_permit       from the charge to the hand-over (Pasal 11(3)f to k)
    facts_any_time     the service clock, revocation, attention
    asks               the Asks

Import from this package alone: how it is divided may change, and only what is named here can be stored.
"""

from __future__ import annotations

from gateway.domain.events.asks import (
    Ask,
    CheckSigner,
    DeliverDocument,
    EmailApplicant,
    NotifyApplicant,
    OfferQris,
    QueryArrears,
    QueryBusiness,
    ReportLicence,
    ReportStatus,
    RequestRecommendation,
    SendPin,
    SignDocument,
    VerifyResident,
    VerifyTaxStatus,
)
from gateway.domain.events.fact import CaseEvent
from gateway.domain.events.facts_any_time import (
    AttentionRaised,
    AttentionSettled,
    PermitRevoked,
    ServiceClockPaused,
    ServiceClockRestarted,
    ServiceClockResumed,
)
from gateway.domain.events.facts_application import (
    AdministrationReturned,
    AdministrationValidated,
    AdministrationVerified,
    ApplicationApproved,
    ApplicationCompleted,
    ApplicationCorrected,
    ApplicationRegistered,
    ApplicationRejected,
    ApplicationWithdrawn,
    ApprovedByFiction,
    ArrearsFound,
    BusinessConfirmed,
    BusinessDoubtful,
    NoArrearsFound,
    RecommendationGiven,
    ResidentRefuted,
    ResidentVerified,
    TaxStatusConfirmed,
    TaxStatusDoubtful,
)
from gateway.domain.events.facts_permit import (
    ChargeIssued,
    ChargeLapsed,
    DocumentHandedOver,
    DocumentPrepared,
    DocumentPrinted,
    DocumentSigned,
    HandOverChosen,
    NoticeReceived,
    NumberActivated,
    NumberReserved,
    PaymentReceived,
    ProcessSuspended,
    QrisOffered,
    SignatureDeclined,
    SignatureNotGiven,
    SignatureRequested,
    SigningMethodChosen,
    SurveyCompleted,
    SurveyWarned,
)
from gateway.domain.events.values import (
    Applicant,
    ApplicantKind,
    AttachedDocument,
    CaseStatus,
    Declaration,
    HandOver,
    NoticeKind,
    Origin,
    Reference,
    SecondFactor,
    SigningMethod,
    Site,
)

__all__ = [
    "AdministrationReturned",
    "AdministrationValidated",
    "AdministrationVerified",
    "Applicant",
    "ApplicantKind",
    "ApplicationApproved",
    "ApplicationCompleted",
    "ApplicationCorrected",
    "ApplicationRegistered",
    "ApplicationRejected",
    "ApplicationWithdrawn",
    "ApprovedByFiction",
    "ArrearsFound",
    "Ask",
    "AttachedDocument",
    "AttentionRaised",
    "AttentionSettled",
    "BusinessConfirmed",
    "BusinessDoubtful",
    "CaseEvent",
    "CaseStatus",
    "ChargeIssued",
    "ChargeLapsed",
    "CheckSigner",
    "Declaration",
    "DeliverDocument",
    "DocumentHandedOver",
    "DocumentPrepared",
    "DocumentPrinted",
    "DocumentSigned",
    "EmailApplicant",
    "HandOver",
    "HandOverChosen",
    "NoArrearsFound",
    "NoticeKind",
    "NoticeReceived",
    "NotifyApplicant",
    "NumberActivated",
    "NumberReserved",
    "OfferQris",
    "Origin",
    "PaymentReceived",
    "PermitRevoked",
    "ProcessSuspended",
    "QrisOffered",
    "QueryArrears",
    "QueryBusiness",
    "RecommendationGiven",
    "Reference",
    "ReportLicence",
    "ReportStatus",
    "RequestRecommendation",
    "ResidentRefuted",
    "ResidentVerified",
    "SecondFactor",
    "SendPin",
    "ServiceClockPaused",
    "ServiceClockRestarted",
    "ServiceClockResumed",
    "SignDocument",
    "SignatureDeclined",
    "SignatureNotGiven",
    "SignatureRequested",
    "SigningMethod",
    "SigningMethodChosen",
    "Site",
    "SurveyCompleted",
    "SurveyWarned",
    "TaxStatusConfirmed",
    "TaxStatusDoubtful",
    "VerifyResident",
    "VerifyTaxStatus",
]
