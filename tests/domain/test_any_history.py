"""Any sequence of facts, sensible or not: the case stays valid, counts what it took, and can be replayed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gateway.domain import events as e
from gateway.domain.calendar import WorkingCalendar
from gateway.domain.case import PermitCase, Residency, Stage
from gateway.domain.catalogue import SAMPLE, PermitType
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import ApplicantKind, CaseEvent, Origin, SigningMethod
from gateway.domain.facts import decode_case, decode_event, encode_case, encode_event
from gateway.domain.lifecycle import asks, deadlines
from gateway.domain.service_clock import ServiceClock
from gateway.domain.stages import ON_THE_WAY, Hold
from tests.domain import journeys as j
from tests.domain import strategies
from tests.domain.fitting import MOVES, fitting
from tests.domain.journeys import START, path, registration

S = Stage
CALENDAR = WorkingCalendar(frozenset({date(2026, 3, 19), date(2026, 3, 20)}))
NUMBERED = (S.NUMBERED, S.PREPARED, S.SIGNING, S.SIGNED, S.PRINTED, S.ACTIVE, S.HANDED_OVER)
SIGNED = (S.SIGNED, S.ACTIVE, S.HANDED_OVER)
AFTER_PAYMENT = (S.PAID, *NUMBERED, S.REVOKED)
DECIDED = (*ON_THE_WAY, S.HANDED_OVER, S.LAPSED, S.REVOKED, S.REJECTED)

PATIENCE = timedelta(days=20)
ENDINGS = (e.ApplicationWithdrawn, e.ApplicationRejected, e.PermitRevoked, e.DocumentHandedOver)
"""Facts that end a case too early to see much of it: they wait until some time has passed."""

RULES: dict[str, Callable[[PermitCase], bool]] = {
    "a levied permit is numbered and issued after payment (14(3))": lambda case: (
        not case.levied or case.stage not in AFTER_PAYMENT or case.payment is not None
    ),
    "an unlevied one never has a charge (15)": lambda case: case.levied or (case.skrd, case.payment) == (None, None),
    "a payment is of the amount of its SKRD (14(6))": lambda case: (
        case.payment is None or (case.skrd is not None and case.payment.amount == case.skrd.amount)
    ),
    "a decision has its time": lambda case: case.stage not in DECIDED or case.decided_at is not None,
    "a number is reserved from NUMBERED on (11(3)i)": lambda case: (
        case.stage not in NUMBERED or case.reserved_number is not None
    ),
    "a voided number never comes back": lambda case: case.reserved_number not in case.voided_numbers,
    "a number in force is the reserved one, signed and known outside (11(3)h, i)": lambda case: (
        not case.number_active
        or (
            case.signed_sha256 is not None
            and case.in_force_since is not None
            and case.reference("permit-number") == case.reserved_number
        )
    ),
    "a permit number is known outside once it came into force, and not before": lambda case: (
        (case.reference("permit-number") is None) is (case.in_force_since is None)
    ),
    "a revoked permit had a number in force (7(2)b)": lambda case: (
        (case.stage is S.REVOKED) is (case.in_force_since is not None and not case.number_active)
    ),
    "a signed document was prepared (13(3))": lambda case: (
        case.stage not in SIGNED or (case.document_sha256 is not None and case.signed_sha256 is not None)
    ),
    "what a service is asked to sign is known, and not for ink (13)": lambda case: (
        case.stage is not S.SIGNING or (case.signature_asked is not None and case.signing is SigningMethod.ELECTRONIC)
    ),
    "ink is put on a printed document (16(2))": lambda case: (
        case.signing is not SigningMethod.WET or case.stage not in SIGNED or case.printed is not None
    ),
    "a handed-over permit was printed, surveyed and in force (17(2), 18)": lambda case: (
        case.stage is not S.HANDED_OVER or (case.printed is not None and case.survey is not None and case.number_active)
    ),
    "only a missing survey after three warnings suspends (17(4))": lambda case: (
        not case.suspended or (case.survey is None and case.survey_warnings == 3 and case.stage in ON_THE_WAY)
    ),
    "a running clock is held by nothing": lambda case: not case.clock.is_running or case.clock.holds == (),
    "a suspension holds an open clock": lambda case: (
        not case.clock.is_open or case.suspended is (Hold.SUSPENDED in case.clock.holds)
    ),
    "an ended case has no open clock": lambda case: not (case.ended and case.clock.is_open),
    "the clock starts with the tanda terima (12(4))": lambda case: (
        (case.acknowledgement_number is None) is (case.clock == ServiceClock()) is (case.completed_at is None)
    ),
    "a person who is validated was verified once (8(4)c)": lambda case: (
        case.stage not in (S.VALIDATED, S.RECOMMENDED)
        or case.applicant.kind is ApplicantKind.COMPANY
        or case.residency is not Residency.UNCHECKED
    ),
    "a charge notice was received after its SKRD (14(3))": lambda case: (
        case.charge_notice_received_at is None or case.skrd is not None
    ),
}
"""What holds of every case that facts have led to, whichever they were."""


class AnyHistory(RuleBasedStateMachine):
    """One case, to which facts happen in any order; most are refused."""

    @initialize(
        service=st.sampled_from(("pbg", "krk", "aset", "trayek", "reklame")),
        origin=st.sampled_from(Origin),
        recommended=st.booleans(),
        ahead=st.integers(0, 14),
    )
    def register(self, service: str, origin: Origin, recommended: bool, ahead: int) -> None:
        kind = SAMPLE.find(service, START.date())
        self.kind: PermitType = kind if recommended else replace(kind, recommended_by=())
        self.opening = registration(service, origin)
        self.now = START
        self.case = PermitCase.open("K-2026-000017", self.opening, START, self.kind)
        self.taken: list[tuple[CaseEvent, datetime]] = []
        self.the_usual_happens(steps=ahead)

    def _refusal(self, event: CaseEvent) -> CaseRefusal | None:
        try:
            self.case.apply(event, self.now)
        except CaseRefusal as refusal:
            return refusal
        return None

    def _happen(self, event: CaseEvent) -> None:
        before, written = self.case, encode_case(self.case)
        refusal = self._refusal(event)
        if refusal is None:
            self.case = before.apply(event, self.now)
            self.taken.append((event, self.now))
            assert self.case.version == before.version + 1
            assert isinstance(asks(before, event, self.case, self.now), tuple)
        else:
            assert refusal.code
            assert refusal.clause
        # neither a refusal nor the next case changes the one before
        assert encode_case(before) == written

    @rule(event=strategies.events())
    def anything_happens(self, event: CaseEvent) -> None:
        self._happen(event)

    @rule(kind=st.sampled_from(MOVES))
    def something_fitting_happens(self, kind: type[CaseEvent]) -> None:
        if self.now >= START + PATIENCE or kind not in ENDINGS:
            self._happen(fitting(kind, self.case, self.now))

    @rule(data=st.data())
    def something_possible_happens(self, data: st.DataObject) -> None:
        suited = [fitting(kind, self.case, self.now) for kind in MOVES if kind not in ENDINGS]
        possible = [event for event in suited if self._refusal(event) is None]
        self._happen(data.draw(st.sampled_from(possible)))

    @rule(steps=st.integers(1, 5))
    def the_usual_happens(self, steps: int) -> None:
        """Go some way straight on, so that the later stages are tried as often as the first."""
        for event in path(self.case):
            if steps and self._is_next(event):
                version = self.case.version
                self._happen(fitting(type(event), self.case, self.now))
                steps -= self.case.version > version

    def _is_next(self, event: CaseEvent) -> bool:
        if isinstance(event, e.RecommendationGiven):
            return self.case.recommendation(event.agency) is None
        return not isinstance(event, e.ResidentVerified | e.SurveyCompleted) or self.case.version % 3 == 0

    @rule(days=st.integers(0, 12), seconds=st.integers(0, 86_399))
    def time_passes(self, days: int, seconds: int) -> None:
        self.now += timedelta(days=days, seconds=seconds)

    @rule()
    def the_next_deadline_passes(self) -> None:
        due = [each.due_at for each in deadlines(self.case, CALENDAR)]
        self.now = max(self.now, *due[:1], START)
        self.what_is_overdue_happens()

    @rule()
    def what_is_overdue_happens(self) -> None:
        for deadline in deadlines(self.case, CALENDAR):
            if deadline.due_at <= self.now:
                version = self.case.version
                event = _fact_of(deadline.kind.value, deadline.count, deadline.due_on)
                if event is not None:
                    self._happen(event)
                    assert self.case.version == version + 1, f"{deadline} is due and {event} is refused"
                return  # the rest is reckoned anew from the case that came of it

    @invariant()
    def the_case_is_valid(self) -> None:
        assert [name for name, holds in RULES.items() if not holds(self.case)] == []

    @invariant()
    def the_case_counts_what_it_took(self) -> None:
        assert self.case.version == 1 + len(self.taken)

    @invariant()
    def deadlines_can_always_be_told(self) -> None:
        found = deadlines(self.case, CALENDAR)
        assert list(found) == sorted(found, key=lambda each: each.due_at)
        assert not (self.case.ended and found)

    def teardown(self) -> None:
        if not hasattr(self, "case"):
            return
        replayed = PermitCase.open("K-2026-000017", self.opening, START, self.kind)
        for event, at in self.taken:
            replayed = replayed.apply(decode_event(*encode_event(event)), at)
        assert replayed == self.case
        assert decode_case(encode_case(self.case)) == self.case


def _fact_of(kind: str, count: int, due_on: date) -> CaseEvent | None:
    """The fact that a deadline calls for; the service standard is only reported."""
    return {
        "signature": j.NOT_GIVEN,
        "payment-lapse": e.ChargeLapsed(due_on=due_on),
        "survey-warning": e.SurveyWarned(count=count),
        "suspension": e.ProcessSuspended(),
        "positive-fiction": e.ApprovedByFiction(due_on=due_on),
    }.get(kind)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
