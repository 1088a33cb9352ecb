"""The certified signature (Pasal 13): one at a time, taken whenever it comes, asked for again if it does not."""

from datetime import date, timedelta

from gateway.domain import events as e
from gateway.domain.asks import given_up
from gateway.domain.calendar import WorkingCalendar
from gateway.domain.case import Stage
from gateway.domain.deadlines import SIGNATURE_PATIENCE, DeadlineKind, deadlines
from gateway.domain.identifiers import NIK
from tests.domain import journeys as j
from tests.domain.fitting import suspended
from tests.domain.journeys import START, after, case_in, refused

ASK = e.SignDocument(
    challenge="c-2", document_sha256=j.DIGEST, signer_nik=NIK("9999014101800001"), factor=e.SecondFactor.PASSPHRASE
)


def test_a_signature_that_came_puts_the_number_into_force_and_names_its_request() -> None:
    case = after(case_in(Stage.SIGNING), [j.SIGNED, j.ACTIVATED])
    assert (case.stage, case.number_active, case.signed_sha256) == (Stage.ACTIVE, True, j.SIGNED_DIGEST)
    assert case.signature_asked == j.REQUESTED


def test_while_it_is_awaited_nothing_else_is_done_to_the_document() -> None:
    case = case_in(Stage.SIGNING)
    wet = e.SigningMethodChosen(officer="kepala-bidang", method=e.SigningMethod.WET, reason="pelimpahan")
    for event in (j.REQUESTED, j.PREPARED, j.DECLINED, wet, j.printed(case)):
        assert refused(case, event) == "step-not-allowed"


def test_one_that_did_not_come_is_told_and_can_be_asked_for_again() -> None:
    case = case_in(Stage.SIGNING).apply(j.NOT_GIVEN, START)
    assert (case.stage, case.signature_asked, case.signature_not_given) == (Stage.PREPARED, None, j.NOT_GIVEN)
    again = case.apply(j.REQUESTED, START)
    assert (again.stage, again.signature_not_given) == (Stage.SIGNING, None)
    assert case.apply(j.SIGNED, START).apply(j.ACTIVATED, START).number_active  # the office's own key may follow


def test_a_suspension_keeps_a_request_back_and_not_the_answer_to_an_earlier_one_17_4() -> None:
    prepared, asked = suspended(case_in(Stage.PREPARED)), suspended(case_in(Stage.SIGNING))
    at = START + 7 * j.DAY
    assert refused(prepared, j.REQUESTED, at) == "suspended"
    assert refused(prepared, j.SIGNED, at) == "suspended"
    assert after(asked, [j.SIGNED, j.ACTIVATED], at).stage is Stage.ACTIVE
    assert asked.apply(j.NOT_GIVEN, at).stage is Stage.PREPARED


def test_an_answer_to_a_case_that_was_withdrawn_meanwhile_comes_too_late() -> None:
    case = case_in(Stage.SIGNING).apply(j.WITHDRAWN, START)
    assert case.voided_numbers == ("001/PBG/III/2026",)
    assert refused(case, j.SIGNED) == "case-ended"


def test_its_answer_is_due_shortly_after_the_last_moment_at_which_it_may_be_sent() -> None:
    calendar = WorkingCalendar(frozenset({date(2026, 3, 19)}))
    due = {each.kind: each.due_at for each in deadlines(case_in(Stage.SIGNING), calendar)}
    assert due[DeadlineKind.SIGNATURE] == START + timedelta(minutes=10) + SIGNATURE_PATIENCE
    assert DeadlineKind.SIGNATURE not in {each.kind for each in deadlines(case_in(Stage.PREPARED), calendar)}


def test_only_a_signature_that_nobody_will_answer_changes_the_case() -> None:
    (fact,) = given_up(ASK, "layanan tidak menjawab")
    assert fact == e.SignatureNotGiven(challenge="c-2", reason="not-answered", text="layanan tidak menjawab")
    assert given_up(e.VerifyResident(), "tidak menjawab") == ()
