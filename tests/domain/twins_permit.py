"""Twins for the guards from the number to the hand-over, and for those of any time (Pasal 11(3)g to k)."""

from __future__ import annotations

from dataclasses import replace

from gateway.domain import events as e
from gateway.domain import guards, kinds
from gateway.domain.case import PermitCase, Stage
from gateway.domain.events import CaseEvent
from tests.domain import journeys as j
from tests.domain.fitting import PAUSED, RAISED, end_of, suspended, warned
from tests.domain.journeys import DAY, START, case_in
from tests.domain.twins import Twin
from tests.domain.twins_application import MICROSECOND, RESUMED

S = Stage
ELECTRONIC, WET = e.SigningMethod.ELECTRONIC, e.SigningMethod.WET
SETTLED = e.AttentionSettled(officer="petugas-1", text="sudah")
SIX_DAYS = end_of(START, 6)


def _choose(method: e.SigningMethod) -> CaseEvent:
    return e.SigningMethodChosen(officer="kepala-bidang", method=method, reason="pelimpahan")


def _switched(stage: Stage) -> PermitCase:
    """A case of an electronic type whose document is to be signed in ink."""
    case = case_in(stage).apply(_choose(WET), START)
    return case.apply(j.PREPARED, START) if stage is S.PREPARED else case


def _declined() -> PermitCase:
    return case_in(S.PREPARED).apply(j.DECLINED, START)


def _warn(count: int) -> CaseEvent:
    return e.SurveyWarned(count=count)


def _paper(paper: str) -> CaseEvent:
    return e.DocumentPrinted(paper=paper, serial="s-1", officer="petugas-3")


DOCUMENT: list[Twin] = [
    Twin(
        kinds.electronic,
        "step-not-allowed",
        "Pasal 16(2)",
        (_switched(S.PREPARED), j.SIGNED_WET),
        (case_in(S.PREPARED), j.SIGNED),
    ),
    Twin(
        kinds.electronic,
        "step-not-allowed",
        "Pasal 16(2)",
        (case_in(S.ACTIVE, "aset"), _paper("kertas-aset")),
        (case_in(S.ACTIVE), _paper("kertas-pbg")),
    ),
    Twin(
        kinds.wet_ink,
        "step-not-allowed",
        "Pasal 16(2)",
        (case_in(S.PREPARED), _paper("kertas-pbg")),
        (_switched(S.PREPARED), _paper("kertas-pbg")),
    ),
    Twin(
        kinds.wet_ink,
        "step-not-allowed",
        "Pasal 16(2)",
        (case_in(S.PRINTED), j.SIGNED),
        (case_in(S.PRINTED, "aset"), j.SIGNED_WET),
    ),
    Twin(
        guards.number_fresh,
        "number-voided",
        "Pasal 11(3)i",
        (_declined(), j.RESERVED),
        (_declined(), replace(j.RESERVED, number="002/PBG/III/2026")),
    ),
    Twin(
        guards.number_reserved,
        "number-mismatch",
        "Pasal 11(3)i",
        (case_in(S.SIGNED), replace(j.ACTIVATED, number="002/PBG/III/2026")),
        (case_in(S.SIGNED), j.ACTIVATED),
    ),
    Twin(
        guards.number_not_active,
        "number-active",
        "Pasal 7(2)b",
        (case_in(S.PRINTED), j.WITHDRAWN),
        (case_in(S.PRINTED, "aset"), j.WITHDRAWN),
    ),
    Twin(
        guards.number_not_active,
        "number-active",
        "Pasal 7(2)b",
        (case_in(S.PRINTED), j.DECLINED),
        (case_in(S.PRINTED, "aset"), j.DECLINED),
    ),
    Twin(
        guards.number_in_force,
        "number-not-active",
        "Pasal 7(2)b",
        (case_in(S.PRINTED, "aset"), j.REVOKED),
        (case_in(S.PRINTED), j.REVOKED),
    ),
    Twin(
        guards.agreed_method,
        "signing-method",
        "Pasal 13(5)",
        (case_in(S.PREPARED), j.SIGNED_WET),
        (case_in(S.PREPARED), j.SIGNED),
    ),
    Twin(
        guards.other_method,
        "signing-method",
        "Pasal 13(5)",
        (case_in(S.PREPARED), _choose(ELECTRONIC)),
        (case_in(S.PREPARED), _choose(WET)),
    ),
    Twin(
        guards.same_document,
        "document-mismatch",
        "Pasal 13(3)",
        (case_in(S.PREPARED), replace(j.SIGNED, document_sha256="c" * 64)),
        (case_in(S.PREPARED), j.SIGNED),
    ),
    Twin(
        guards.pin_given,
        "pin-missing",
        "Pasal 13(3)",
        (case_in(S.PREPARED), replace(j.SIGNED, challenge=None)),
        (case_in(S.PRINTED, "aset"), j.SIGNED_WET),
    ),
    Twin(
        guards.pin_given,
        "pin-missing",
        "Pasal 13(3)",
        (case_in(S.PREPARED), replace(j.SIGNED, challenge="")),
        (case_in(S.PREPARED), j.SIGNED),
    ),
    Twin(
        guards.pin_given,
        "pin-missing",
        "Pasal 13(3)",
        (case_in(S.PREPARED), replace(j.REQUESTED, challenge="")),
        (case_in(S.PREPARED), j.REQUESTED),
    ),
    Twin(
        guards.same_document,
        "document-mismatch",
        "Pasal 13(3)",
        (case_in(S.PREPARED), replace(j.REQUESTED, document_sha256="c" * 64)),
        (case_in(S.PREPARED), j.REQUESTED),
    ),
    Twin(
        guards.signature_asked,
        "signature-superseded",
        "Pasal 13(3)",
        (case_in(S.SIGNING), replace(j.SIGNED, challenge="c-9")),
        (case_in(S.SIGNING), j.SIGNED),
    ),
    Twin(
        guards.signature_asked,
        "signature-superseded",
        "Pasal 13(3)",
        (case_in(S.SIGNING), replace(j.NOT_GIVEN, challenge="c-9")),
        (case_in(S.SIGNING), j.NOT_GIVEN),
    ),
    Twin(
        guards.special_paper,
        "wrong-paper",
        "Pasal 16(1)",
        (case_in(S.ACTIVE), _paper("kertas-hvs")),
        (case_in(S.ACTIVE), _paper("kertas-pbg")),
    ),
]

SURVEY: list[Twin] = [
    Twin(
        guards.not_suspended,
        "suspended",
        "Pasal 17(4)",
        (suspended(case_in(S.PAID)), j.RESERVED),
        (suspended(case_in(S.PAID)).apply(j.SURVEYED, SIX_DAYS), j.RESERVED),
        SIX_DAYS,
        SIX_DAYS,
    ),
    Twin(
        guards.not_suspended,
        "suspended",
        "Pasal 17(4)",
        (suspended(case_in(S.APPROVED)), j.SUSPENDED),
        (warned(case_in(S.APPROVED)), j.SUSPENDED),
        SIX_DAYS,
        SIX_DAYS,
    ),
    Twin(
        guards.survey_open,
        "survey-already-completed",
        "Pasal 17(2)",
        (case_in(S.APPROVED).apply(j.SURVEYED, START), j.SURVEYED),
        (case_in(S.APPROVED), j.SURVEYED),
    ),
    Twin(
        guards.survey_completed,
        "survey-missing",
        "Pasal 17(2)",
        (case_in(S.PRINTED), j.HANDED_OVER),
        (case_in(S.PRINTED).apply(j.SURVEYED, START), j.HANDED_OVER),
    ),
    Twin(
        guards.next_warning,
        "warning-out-of-turn",
        "Pasal 17(3)",
        (case_in(S.APPROVED), _warn(2)),
        (case_in(S.APPROVED), _warn(1)),
        SIX_DAYS,
        SIX_DAYS,
    ),
    Twin(
        guards.next_warning,
        "warning-out-of-turn",
        "Pasal 17(3)",
        (warned(case_in(S.APPROVED)), _warn(4)),
        (warned(case_in(S.APPROVED), 2), _warn(3)),
        SIX_DAYS,
        SIX_DAYS,
    ),
    Twin(
        guards.warning_due,
        "period-not-over",
        "Pasal 17(3)",
        (case_in(S.APPROVED), _warn(1)),
        (case_in(S.APPROVED), _warn(1)),
        end_of(START, 1),
        end_of(START, 1) + MICROSECOND,
    ),
    Twin(
        guards.warned_three_times,
        "warning-missing",
        "Pasal 17(3)",
        (warned(case_in(S.APPROVED), 2), j.SUSPENDED),
        (warned(case_in(S.APPROVED), 3), j.SUSPENDED),
        SIX_DAYS,
        SIX_DAYS,
    ),
    Twin(
        guards.survey_overdue,
        "period-not-over",
        "Pasal 17(4)",
        (warned(case_in(S.APPROVED)), j.SUSPENDED),
        (warned(case_in(S.APPROVED)), j.SUSPENDED),
        SIX_DAYS - MICROSECOND,
        SIX_DAYS,
    ),
    Twin(
        guards.delivery_proven,
        "proof-missing",
        "Pasal 18(1)",
        (case_in(S.PRINTED).apply(j.SURVEYED, START), replace(j.HANDED_OVER, proof="")),
        (case_in(S.PRINTED).apply(j.SURVEYED, START), j.HANDED_OVER),
    ),
    Twin(
        guards.delivery_proven,
        "proof-missing",
        "Pasal 18(1)",
        (case_in(S.PRINTED).apply(j.SURVEYED, START), replace(j.HANDED_OVER, recipient="")),
        (case_in(S.PRINTED).apply(j.SURVEYED, START), j.HANDED_OVER),
    ),
]

BY_COURIER = e.HandOverChosen(method=e.HandOver.COURIER)

HAND_OVER: list[Twin] = [
    Twin(
        guards.other_hand_over,
        "hand-over-chosen",
        "Pasal 18(1)",
        (case_in(S.COMPLETE), e.HandOverChosen(method=e.HandOver.COUNTER)),
        (case_in(S.COMPLETE), BY_COURIER),
    ),
    Twin(
        guards.other_hand_over,
        "hand-over-chosen",
        "Pasal 18(1)",
        (case_in(S.PRINTED).apply(BY_COURIER, START), BY_COURIER),
        (case_in(S.PRINTED).apply(BY_COURIER, START), replace(BY_COURIER, address="Jalan Contoh 2")),
    ),
]

ANY_TIME: list[Twin] = [
    Twin(
        guards.clock_open,
        "clock-not-open",
        "Pasal 19",
        (replace(case_in(S.SIGNED), clock=case_in(S.REJECTED).clock), PAUSED),
        (case_in(S.SIGNED), PAUSED),
    ),
    Twin(
        guards.clock_not_paused,
        "clock-already-paused",
        "Pasal 19",
        (case_in(S.COMPLETE).apply(PAUSED, START), PAUSED),
        (case_in(S.COMPLETE).apply(PAUSED, START).apply(RESUMED, START), PAUSED),
    ),
    Twin(
        guards.clock_paused,
        "clock-not-paused",
        "Pasal 19",
        (case_in(S.COMPLETE), RESUMED),
        (case_in(S.COMPLETE).apply(PAUSED, START), RESUMED),
    ),
    Twin(
        guards.clock_paused,
        "clock-not-paused",
        "Pasal 19",
        (suspended(case_in(S.PAID)), RESUMED),
        (suspended(case_in(S.PAID)).apply(PAUSED, SIX_DAYS), RESUMED),
        SIX_DAYS,
        SIX_DAYS + DAY,
    ),
    Twin(
        guards.attention_open,
        "nothing-to-settle",
        "Pasal 22(1)",
        (case_in(S.COMPLETE), SETTLED),
        (case_in(S.COMPLETE).apply(RAISED, START), SETTLED),
    ),
]
