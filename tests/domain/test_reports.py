"""What OSS is told of the cases that it lodged, and what it is not told a second time."""

from datetime import datetime

from gateway.domain import events as e
from gateway.domain.case import PermitCase, Stage
from gateway.domain.deadlines import suspension_at
from gateway.domain.events import Ask, CaseEvent, CaseStatus, Origin
from gateway.domain.lifecycle import asks
from tests.domain import journeys as j
from tests.domain.fitting import LATER, suspended, warned
from tests.domain.journeys import START, case_in


def _reports(case: PermitCase, event: CaseEvent, at: datetime = START) -> list[Ask]:
    return [each for each in asks(case, event, case.apply(event, at), at) if isinstance(each, e.ReportStatus)]


def test_what_oss_took_back_itself_is_not_told_to_it_and_what_the_applicant_took_back_is() -> None:
    case = case_in(Stage.COMPLETE, origin=Origin.OSS)
    assert _reports(case, e.ApplicationWithdrawn(by="OSS", reason="NIB dicabut")) == []
    (told,) = _reports(case, j.WITHDRAWN)
    assert isinstance(told, e.ReportStatus)
    assert (told.status, told.note) == (CaseStatus.WITHDRAWN, "batal")


def test_a_clock_that_stands_already_is_not_told_to_stand_or_go_on_17_4() -> None:
    case = suspended(case_in(Stage.APPROVED, origin=Origin.OSS))
    (told,) = _reports(case, j.SURVEYED)
    assert isinstance(told, e.ReportStatus)
    assert told.status is CaseStatus.CLOCK_RESUMED
    held = case.apply(e.ServiceClockPaused(reason="menunggu"), LATER)
    assert _reports(held, j.SURVEYED) == []
    before = warned(case_in(Stage.APPROVED, origin=Origin.OSS)).apply(e.ServiceClockPaused(reason="menunggu"), LATER)
    assert _reports(before, j.SUSPENDED, suspension_at(before)) == []
