"""Every fact in every stage of six kinds of permit: it leads where Pasal 11(3) to 18 say, or is refused."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.catalogue import SAMPLE
from gateway.domain.events import CaseEvent
from gateway.domain.lifecycle import STEPS, Step, allowed_step
from gateway.domain.stages import CORRECTABLE, ENDED, LIVE, ON_THE_WAY, UNDECIDED
from tests.domain import journeys as j
from tests.domain.fitting import LATER, MOVES, fitting, ready
from tests.domain.journeys import START, case_in, opened, path, refused

S = Stage
LEVIED_ELECTRONIC, LEVIED_WET, FREE_ELECTRONIC, FREE_WET = "pbg", "aset", "krk", "trayek"
THREE_RECOMMENDATIONS, NO_FICTION = "reklame", "sip-dokter"
SERVICES = (LEVIED_ELECTRONIC, LEVIED_WET, FREE_ELECTRONIC, FREE_WET, THREE_RECOMMENDATIONS, NO_FICTION)

Ways = dict[Stage, Stage]


def _stays(*stages: Stage) -> Ways:
    return {stage: stage for stage in stages}


def _to(goal: Stage, *stages: Stage) -> Ways:
    return dict.fromkeys(stages, goal)


def _ways(service: str) -> dict[type[CaseEvent], Ways]:
    """Where each fact leads from each stage, written from the regulation and not from the table."""
    levied = service in (LEVIED_ELECTRONIC, LEVIED_WET)
    wet = service in (LEVIED_WET, FREE_WET)
    before_number = S.PAID if levied else S.APPROVED
    awaited = () if wet else (S.SIGNING,)
    number_to_signature = (S.NUMBERED, S.PREPARED, *awaited, S.SIGNED)
    clocked = (*UNDECIDED, S.APPROVED, S.CHARGED, S.PAID, *number_to_signature, *((S.PRINTED,) * wet))
    signable = (*UNDECIDED, S.APPROVED, S.CHARGED, S.PAID, S.NUMBERED, S.PREPARED)
    in_force = (S.ACTIVE, *(() if wet else (S.PRINTED,)))
    return {
        e.ResidentVerified: _stays(*LIVE),
        e.ArrearsFound: _stays(*LIVE),
        e.NoArrearsFound: _stays(*LIVE),
        e.ResidentRefuted: _stays(*LIVE),
        e.TaxStatusConfirmed: _stays(*LIVE),
        e.TaxStatusDoubtful: _stays(*LIVE),
        e.BusinessConfirmed: _stays(*LIVE),
        e.BusinessDoubtful: _stays(*LIVE),
        e.ApplicationCorrected: {
            **_to(S.REGISTERED, S.REGISTERED, S.INCOMPLETE),
            **_to(S.COMPLETE, S.RETURNED, S.COMPLETE, S.VERIFIED),
        },
        e.ApplicationCompleted: {S.REGISTERED: S.COMPLETE},
        e.AdministrationReturned: {S.REGISTERED: S.INCOMPLETE, **_to(S.RETURNED, S.COMPLETE, S.VERIFIED)},
        e.AdministrationVerified: {S.COMPLETE: S.VERIFIED},
        e.AdministrationValidated: {S.VERIFIED: S.VALIDATED},
        e.RecommendationGiven: {S.VALIDATED: S.VALIDATED if service == THREE_RECOMMENDATIONS else S.RECOMMENDED},
        e.ApplicationApproved: {S.RECOMMENDED: S.APPROVED},
        e.ApplicationRejected: _to(S.REJECTED, *UNDECIDED),
        e.ApprovedByFiction: _to(S.APPROVED, *UNDECIDED) if service == FREE_ELECTRONIC else {},
        e.ChargeIssued: {S.APPROVED: S.CHARGED} if levied else {},
        e.QrisOffered: _stays(S.CHARGED) if levied else {},
        e.NoticeReceived: _stays(*Stage),
        e.PaymentReceived: {S.CHARGED: S.PAID} if levied else {},
        e.ChargeLapsed: {S.CHARGED: S.LAPSED} if levied else {},
        e.NumberReserved: {before_number: S.NUMBERED},
        e.SigningMethodChosen: {**_stays(*signable), S.PREPARED: S.NUMBERED},
        e.DocumentPrepared: _to(S.PREPARED, S.NUMBERED, S.PREPARED),
        e.SignatureRequested: {} if wet else {S.PREPARED: S.SIGNING},
        e.SignatureNotGiven: _to(S.PREPARED, *awaited),
        e.DocumentSigned: _to(S.SIGNED, S.PRINTED if wet else S.PREPARED, *awaited),
        e.SignatureDeclined: _to(before_number, S.PREPARED, *((S.PRINTED,) * wet)),
        e.NumberActivated: {S.SIGNED: S.ACTIVE},
        e.DocumentPrinted: _to(S.PRINTED, S.PREPARED if wet else S.ACTIVE, S.PRINTED),
        e.SurveyWarned: _stays(*ON_THE_WAY),
        e.ProcessSuspended: _stays(*ON_THE_WAY),
        e.SurveyCompleted: _stays(*ON_THE_WAY),
        e.HandOverChosen: _stays(*LIVE),
        e.DocumentHandedOver: {S.ACTIVE if wet else S.PRINTED: S.HANDED_OVER},
        e.ServiceClockPaused: _stays(*clocked),
        e.ServiceClockResumed: _stays(*clocked),
        e.ServiceClockRestarted: _stays(*clocked),
        e.ApplicationWithdrawn: _to(S.WITHDRAWN, *(stage for stage in LIVE if stage not in in_force)),
        e.PermitRevoked: _to(S.REVOKED, *in_force, S.HANDED_OVER),
        e.AttentionRaised: _stays(*Stage),
        e.AttentionSettled: _stays(*Stage),
    }


@cache
def _case(service: str, stage: Stage) -> PermitCase:
    return case_in(stage, service)


def _stages(service: str) -> Iterator[Stage]:
    kind = SAMPLE.find(service, START.date())
    never = (() if kind.levied else (S.CHARGED, S.PAID, S.LAPSED)) + (
        (S.SIGNING,) if kind.signing is e.SigningMethod.WET else ()
    )
    return (stage for stage in Stage if stage not in never)


def test_the_expectations_name_every_fact() -> None:
    assert set(_ways(LEVIED_ELECTRONIC)) == set(MOVES)


@pytest.mark.parametrize("kind", MOVES, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("service", SERVICES)
def test_a_fact_leads_where_pasal_11_3_says_or_is_refused(service: str, kind: type[CaseEvent]) -> None:
    ways = _ways(service)[kind]
    for stage in _stages(service):
        case = ready(kind, _case(service, stage))
        event = fitting(kind, case)
        if stage in ways:
            after = case.apply(event, LATER)
            assert (stage, after.stage) == (stage, ways[stage])
            assert after.version == case.version + 1
        else:
            before = replace(case)
            refused(case, event, LATER)
            assert case == before


@pytest.mark.parametrize("stage", ENDED)
@pytest.mark.parametrize("kind", [e.AdministrationVerified, e.DocumentPrepared, e.ApplicationRejected, e.SurveyWarned])
def test_an_ended_case_says_that_it_has_ended(stage: Stage, kind: type[CaseEvent]) -> None:
    case = _case(LEVIED_ELECTRONIC, stage)
    assert refused(case, fitting(kind, case), LATER) == "case-ended"
    assert case.ended
    assert case.outcome is stage


@pytest.mark.parametrize("stage", LIVE)
def test_a_live_case_has_no_outcome(stage: Stage) -> None:
    case = _case(LEVIED_ELECTRONIC, stage)
    assert not case.ended
    assert case.outcome is None


@pytest.mark.parametrize("service", SERVICES)
def test_the_whole_way_ends_with_the_hand_over_pasal_11_3(service: str) -> None:
    case = opened(service)
    seen = [case.stage]
    for event in path(case):
        case = case.apply(event, START)
        seen.append(case.stage)
    assert case.outcome is S.HANDED_OVER
    assert case.version == len(seen)
    assert (S.PAID in seen) is case.levied  # 15: only levied types know payment
    printed_first = seen.index(S.PRINTED) < seen.index(S.SIGNED)
    assert printed_first is (case.signing is e.SigningMethod.WET)  # 16(2)
    assert seen.index(S.NUMBERED) < seen.index(S.SIGNED) < seen.index(S.ACTIVE)


def test_what_may_be_corrected_is_known_outside_the_table() -> None:
    origins = [stage for step in STEPS if step.event is e.ApplicationCorrected for stage in step.origin]
    assert sorted(origins) == sorted(CORRECTABLE)


def test_a_type_without_recommendation_goes_from_validation_to_decision() -> None:
    kind = replace(SAMPLE.find("penelitian", START.date()), recommended_by=())
    case = opened(permit_type=kind)
    for event in path(case)[:4]:
        case = case.apply(event, START)
    assert case.stage is S.RECOMMENDED
    assert case.missing_recommendations == ()


def test_every_row_of_the_table_is_walked() -> None:
    walked: set[Step] = set()
    for service in SERVICES:
        for kind, ways in _ways(service).items():
            for stage in set(ways) & set(_stages(service)):
                case = ready(kind, _case(service, stage))
                walked.add(allowed_step(case, fitting(kind, case), LATER))
    # the third of three recommendations, the type that needs none (above), an approval of stored cases that wait in
    # VALIDATED with nothing missing, which no journey leads to, and the number of one that its service has signed
    certified = _case("krk", S.SIGNING).apply(j.SIGNED, START)
    walked.add(allowed_step(certified, fitting(e.NumberActivated, certified), LATER))
    none_needed = replace(_case("krk", S.VERIFIED), required_recommendations=())
    walked.add(allowed_step(none_needed, fitting(e.AdministrationValidated, none_needed), LATER))
    nothing_missing = replace(_case("krk", S.VALIDATED), required_recommendations=())
    walked.add(allowed_step(nothing_missing, fitting(e.ApplicationApproved, nothing_missing), LATER))
    opening = {step for step in STEPS if not step.origin}
    assert {step.event for step in opening} == {e.ApplicationRegistered}
    assert walked | opening == set(STEPS)
