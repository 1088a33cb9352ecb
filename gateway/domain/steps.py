"""The one table of allowed steps (Pasal 11(3) to 18): which fact may happen in which stage, and on what conditions.

It is data: `gateway.domain.lifecycle` applies it and prints it.
"""

from __future__ import annotations

from gateway.domain import events as e
from gateway.domain import guards as g
from gateway.domain import kinds
from gateway.domain.stages import EVERY_STAGE, LIVE, ON_THE_WAY, UNDECIDED, Stage
from gateway.domain.step import Step, rows

_S = Stage
_BEFORE_SIGNATURE = (*UNDECIDED, *ON_THE_WAY[: ON_THE_WAY.index(_S.SIGNING)])
_CLOCKED = (*UNDECIDED, *(stage for stage in ON_THE_WAY if stage is not _S.ACTIVE))

STEPS: tuple[Step, ...] = (
    # registration, 11(3)a
    *rows(e.ApplicationRegistered, "11(3)a, 12(1)", "pendaftaran permohonan", ((), _S.REGISTERED)),
    *rows(e.ResidentVerified, "8(4)c", "the registry confirms the applicant", (LIVE, None)),
    *rows(e.ResidentRefuted, "8(4)c", "the registry does not confirm the applicant", (LIVE, None)),
    *rows(e.TaxStatusConfirmed, "8(4)c, 21(1)", "the tax register confirms the applicant's NPWP", (LIVE, None)),
    *rows(e.TaxStatusDoubtful, "8(4)c, 21(1)", "it does not: an officer decides what follows", (LIVE, None)),
    *rows(e.BusinessConfirmed, "8(4)c, 21(1)", "the business register confirms the NIB", (LIVE, None)),
    *rows(e.BusinessDoubtful, "8(4)c, 21(1)", "it does not: an officer decides what follows", (LIVE, None)),
    *rows(
        e.ApplicationCorrected,
        "12(1)",
        "the applicant mends the application; what was verified is verified again",
        ((_S.REGISTERED, _S.INCOMPLETE), _S.REGISTERED),
        ((_S.RETURNED, _S.COMPLETE, _S.VERIFIED), _S.COMPLETE),
    ),
    *rows(
        e.ApplicationCompleted,
        "12(4)",
        "tanda terima pendaftaran; the service clock starts",
        ((_S.REGISTERED,), _S.COMPLETE),
        guards=(g.declared,),
    ),
    # examination, 11(3)b to e
    *rows(
        e.AdministrationReturned,
        "11(3)b",
        "sent back with what is missing; the service clock stops",
        ((_S.REGISTERED,), _S.INCOMPLETE),
        ((_S.COMPLETE, _S.VERIFIED), _S.RETURNED),
        guards=(g.says_what_is_missing,),
    ),
    *rows(e.AdministrationVerified, "11(3)b", "verifikasi administrasi", ((_S.COMPLETE,), _S.VERIFIED)),
    *rows(e.ArrearsFound, "11(3)b, 21", "the applicant owes the city: an officer is told", (LIVE, None)),
    *rows(e.NoArrearsFound, "11(3)b, 21", "the applicant owes the city nothing that is known", (LIVE, None)),
    *rows(
        e.AdministrationValidated,
        "11(3)c",
        "validasi administrasi; recommendations are asked for",
        ((_S.VERIFIED,), _S.VALIDATED, kinds.recommendation_needed),
        ((_S.VERIFIED,), _S.RECOMMENDED, kinds.no_recommendation_needed),
        guards=(g.resident_verified, g.second_officer),
    ),
    *rows(
        e.RecommendationGiven,
        "11(3)d, 21",
        "rekomendasi teknis",
        ((_S.VALIDATED,), _S.RECOMMENDED, kinds.last_recommendation),
        ((_S.VALIDATED,), None, kinds.more_recommendations),
        exact=(g.recommendation_asked, g.recommendation_first),
    ),
    *rows(
        e.ApplicationApproved,
        "11(3)e, 14(1)",
        "penetapan persetujuan",
        ((_S.RECOMMENDED,), _S.APPROVED),
        ((_S.VALIDATED,), _S.APPROVED, g.all_recommended),
    ),
    *rows(
        e.ApplicationRejected,
        "11(3)e, 14(1)",
        "penetapan penolakan",
        (UNDECIDED, _S.REJECTED),
        guards=(g.gives_grounds,),
    ),
    *rows(
        e.ApprovedByFiction,
        "19, PP 28/2025",
        "overdue, so it counts as approved (fiktif positif)",
        (UNDECIDED, _S.APPROVED),
        guards=(g.positive_fiction, g.decision_overdue),
    ),
    # charge and payment, 11(3)f
    *rows(
        e.ChargeIssued,
        "14(2), 14(6)",
        "SKRD issued and told",
        ((_S.APPROVED,), _S.CHARGED),
        exact=(kinds.levied,),
    ),
    *rows(
        e.QrisOffered,
        "14(2)",
        "a QR of the bank, beside the virtual account",
        ((_S.CHARGED,), None),
        exact=(kinds.levied, g.unpaid),
    ),
    *rows(
        e.NoticeReceived,
        "14(3)",
        "evidence that a notice was received",
        (EVERY_STAGE, None),
        guards=(g.charged_before_notice, g.evidence_named),
    ),
    *rows(
        e.PaymentReceived,
        "11(3)f, 14(3)",
        "pembayaran retribusi, also while suspended",
        ((_S.CHARGED,), _S.PAID),
        exact=(kinds.levied, g.not_lapsed, g.unpaid),
        guards=(g.exact_amount, g.paid_since_the_charge),
    ),
    *rows(
        e.ChargeLapsed,
        "14(4)",
        "not paid in time: the debt lapses and the case ends",
        ((_S.CHARGED,), _S.LAPSED),
        exact=(kinds.levied, g.not_lapsed, g.unpaid),
        guards=(g.notice_received, g.payment_overdue),
    ),
    # number, document, signature, print, 11(3)g to i
    *rows(
        e.NumberReserved,
        "11(3)i",
        "a number is set aside for the document",
        ((_S.PAID,), _S.NUMBERED),
        ((_S.APPROVED,), _S.NUMBERED, g.paid_if_levied),
        guards=(g.number_fresh,),
        waits=True,
    ),
    *rows(
        e.SigningMethodChosen,
        "13(5), 16(2)",
        "this document is signed by another method",
        (tuple(stage for stage in _BEFORE_SIGNATURE if stage is not _S.PREPARED), None),
        ((_S.PREPARED,), _S.NUMBERED),  # the document says how it is signed: it is laid out anew
        guards=(g.other_method,),
    ),
    *rows(
        e.DocumentPrepared,
        "11(3)h, 13(3)",
        "the document is laid out, again if need be",
        ((_S.NUMBERED, _S.PREPARED), _S.PREPARED),
        waits=True,
    ),
    *rows(
        e.DocumentSigned,
        "11(3)h, 13(3)-(5)",
        "pengesahan/penandatanganan",
        ((_S.PREPARED,), _S.SIGNED, kinds.electronic),
        ((_S.PRINTED,), _S.SIGNED, kinds.wet_ink),
        guards=(g.agreed_method, g.same_document, g.pin_given),
        waits=True,
    ),
    *rows(
        e.SignatureRequested,
        "13",
        "the certified service is asked to sign",
        ((_S.PREPARED,), _S.SIGNING, kinds.electronic),
        guards=(g.same_document, g.pin_given),
        waits=True,
    ),
    # what was asked for before a suspension is taken all the same: the signature is there
    *rows(
        e.DocumentSigned,
        "13",
        "the certified service has signed",
        ((_S.SIGNING,), _S.SIGNED),
        guards=(g.agreed_method, g.same_document, g.pin_given, g.signature_asked),
    ),
    *rows(
        e.SignatureNotGiven,
        "13",
        "no certified signature came: the official may try again",
        ((_S.SIGNING,), _S.PREPARED),
        guards=(g.signature_asked,),
    ),
    *rows(
        e.SignatureDeclined,
        "11(3)h, 13(4)",
        "the official declines: the reserved number is voided",
        ((_S.PREPARED, _S.PRINTED), _S.PAID, kinds.levied),
        ((_S.PREPARED, _S.PRINTED), _S.APPROVED, kinds.unlevied),
        guards=(g.number_not_active,),
    ),
    *rows(
        e.NumberActivated,
        "11(3)i",
        "penomoran: the number is in force, the permit valid",
        ((_S.SIGNED,), _S.ACTIVE, kinds.signed_here),
        guards=(g.number_reserved,),
        waits=True,
    ),
    *rows(
        e.NumberActivated,
        "11(3)i",
        "the same after a certified signature, also while suspended",
        ((_S.SIGNED,), _S.ACTIVE, kinds.signed_by_service),
        guards=(g.number_reserved,),
    ),
    *rows(
        e.DocumentPrinted,
        "11(3)g, 16",
        "pencetakan on special paper; a spoilt sheet is printed again",
        ((_S.PREPARED, _S.PRINTED), _S.PRINTED, kinds.wet_ink),
        ((_S.ACTIVE, _S.PRINTED), _S.PRINTED, kinds.electronic),
        guards=(g.special_paper,),
        waits=True,
    ),
    # survey and hand-over, 11(3)j, k
    *rows(
        e.SurveyWarned,
        "17(3)",
        "the applicant is reminded of the survey",
        (ON_THE_WAY, None),
        guards=(g.survey_open, g.next_warning, g.warning_due),
    ),
    *rows(
        e.ProcessSuspended,
        "17(4)",
        "six days without the survey: the process waits",
        (ON_THE_WAY, None),
        guards=(g.survey_open, g.not_suspended, g.warned_three_times, g.survey_overdue),
    ),
    *rows(
        e.SurveyCompleted,
        "11(3)j, 17(2)",
        "pengisian IKM; lifts a suspension",
        (ON_THE_WAY, None),
        exact=(g.survey_open,),
    ),
    *rows(
        e.HandOverChosen,
        "18(1)",
        "at the counter or by courier, as the applicant chose",
        (LIVE, None),
        guards=(g.other_hand_over,),
    ),
    *rows(
        e.DocumentHandedOver,
        "11(3)k, 18",
        "penyerahan, with the SKRD where there is one",
        ((_S.PRINTED,), _S.HANDED_OVER, kinds.electronic),
        ((_S.ACTIVE,), _S.HANDED_OVER, kinds.wet_ink),
        guards=(g.survey_completed, g.paid_if_levied, g.delivery_proven),
        waits=True,
    ),
    # at any time
    *rows(
        e.ServiceClockPaused,
        "19",
        "the service clock stops",
        (_CLOCKED, None),
        guards=(g.clock_open, g.clock_not_paused),
    ),
    *rows(
        e.ServiceClockResumed,
        "19",
        "the service clock goes on",
        (_CLOCKED, None),
        guards=(g.clock_open, g.clock_paused),
    ),
    *rows(
        e.ServiceClockRestarted,
        "19",
        "the service clock starts again from zero",
        (_CLOCKED, None),
        guards=(g.clock_open,),
    ),
    *rows(
        e.ApplicationWithdrawn,
        "7(2)b",
        "the applicant takes the application back",
        (tuple(stage for stage in LIVE if stage is not _S.ACTIVE), _S.WITHDRAWN),
        exact=(g.number_not_active,),
    ),
    *rows(
        e.PermitRevoked,
        "7(2)b",
        "the issued permit is cancelled or revoked",
        ((_S.ACTIVE, _S.PRINTED, _S.HANDED_OVER), _S.REVOKED),
        guards=(g.number_in_force,),
    ),
    *rows(e.AttentionRaised, "22(1)", "a person has to look", (EVERY_STAGE, None)),
    *rows(e.AttentionSettled, "22(1)", "a person has looked", (EVERY_STAGE, None), guards=(g.attention_open,)),
)
