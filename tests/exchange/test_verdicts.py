"""What becomes of an attempt: when the next one comes, what an answer or a fault means, and mistakes of mappings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.dpupr import ADAPTER as DPUPR
from adapters.sms import ADAPTER as SMS
from gateway.contract.adapter import Accept, Decline, Inquiry, Outbound, Reason
from gateway.contract.agreement import RetrySchedule
from gateway.domain.errors import GatewayError, MappingFault, Misconfigured, Refused, Unauthorised
from gateway.exchange.backoff import wait_before
from gateway.exchange.mapping import Mapping
from gateway.exchange.retry_after import retry_after
from gateway.exchange.sentences import of_hold
from gateway.exchange.speaking import reply_document
from gateway.exchange.states import Delivery
from gateway.exchange.verdict import HELD_BACK, Judge
from tests.exchange.agreed import terms
from tests.exchange.keys import AT

SCHEDULE = RetrySchedule(first_s=5, factor=2, max_s=60, attempts=5)


# --- backoff ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "whole"), [(1, 5), (2, 10), (3, 20), (4, 40), (5, 60), (500, 60), (5000, 60)])
def test_waits_grow_to_the_agreed_most_and_lie_between_half_and_whole(attempts: int, whole: float) -> None:
    least, middle, most = (
        wait_before(SCHEDULE, attempts, chance, None).total_seconds()
        for chance in (lambda: 0.0, lambda: 0.5, lambda: 1.0)
    )
    assert (least, middle, most) == (whole / 2, whole * 0.75, whole)


@pytest.mark.parametrize(("asked", "expected"), [(1, 5), (30, 30), (10**9, 86_400)])
def test_an_agency_that_says_when_is_obeyed_up_to_a_day_and_never_sooner_than_the_schedule(
    asked: int, expected: float
) -> None:
    assert wait_before(SCHEDULE, 1, lambda: 1.0, asked) == timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("9" * 400, 999_999_999),
        ("²", None),
        ("Mon, 05 Jan 2026 03:01:00 GMT", 60),
        ("Mon, 05 Jan 2026 02:00:00 GMT", 0),
        ("Mon, 05 Jan 2026 03:00:00.5 GMT", None),
        ("Monday, 05-Jan-26 03:01:00 GMT", 60),
        ("Mon, 32 Jan 2026 03:01:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_and_as_a_date(text: str, seconds: int | None) -> None:
    assert retry_after({"retry-after": text}, datetime(2026, 1, 5, 3, 0, tzinfo=UTC)) == seconds


# --- verdicts -----------------------------------------------------------------------------------------------------

JUDGE = Judge(lambda: 0.0)
RECOMMENDATION = terms(DPUPR, "technical-recommendation")
PIN = terms(SMS, "send-pin")


def test_a_declined_answer_calls_a_person() -> None:
    verdict = JUDGE.heard(RECOMMENDATION, Decline(reason=Reason.NOT_FOUND, text="tidak ada"), 1, AT, made_at=AT)
    assert (verdict.state, verdict.attention) == (Delivery.ANSWERED, "tidak ada")
    assert JUDGE.heard(RECOMMENDATION, Accept(), 1, AT, made_at=AT).state is Delivery.AWAITING
    assert JUDGE.heard(PIN, None, 1, AT, made_at=AT).state is Delivery.ANSWERED


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (MappingFault("x"), Delivery.DEAD),
        (Refused("x"), Delivery.UNKNOWN),
        (Misconfigured("x"), Delivery.UNKNOWN),
    ],
)
def test_a_fault_after_the_answer_came_leaves_what_was_done_unknown(error: GatewayError, state: Delivery) -> None:
    assert JUDGE.failed(RECOMMENDATION, error, 1, AT).state is state
    assert JUDGE.failed(PIN, error, 1, AT).state is Delivery.DEAD


def test_what_may_not_be_repeated_is_not_repeated_when_a_worker_was_lost() -> None:
    assert JUDGE.lease_ran_out(RECOMMENDATION, 1, AT).state is Delivery.UNKNOWN
    assert JUDGE.lease_ran_out(RECOMMENDATION, 8, AT).state is Delivery.DEAD
    assert JUDGE.lease_ran_out(PIN, 1, AT).state is Delivery.DEAD


def test_a_lost_worker_without_terms_leaves_its_delivery_to_staff_where_repeating_is_agreed() -> None:
    suspended = Unauthorised("agency sms is suspended", code="agency-suspended")
    held = JUDGE.lease_ran_out_uncovered(RECOMMENDATION.interaction, suspended, AT)
    assert (held.state, held.due_at, held.cause) == (Delivery.UNKNOWN, AT + HELD_BACK, of_hold(suspended))
    for interaction in (PIN.interaction, None):
        dead = JUDGE.lease_ran_out_uncovered(interaction, suspended, AT)
        assert (dead.state, dead.due_at) == (Delivery.DEAD, None)
        assert "tanyakan kepada instansi" in (dead.attention or "")


def test_the_hub_does_not_speak_first_in_an_inquiry() -> None:
    with pytest.raises(Misconfigured, match="does not speak first"):
        reply_document(terms(DPUPR, "permit-validity"))


# --- mappings -----------------------------------------------------------------------------------------------------


def test_a_mappings_mistake_is_a_fault_of_ours_that_shows_no_value() -> None:
    with pytest.raises(MappingFault) as raised, Mapping("dpupr/x"):
        raise ValueError("9999014506900001")
    assert "ValueError" in raised.value.text
    assert "9999014506900001" not in raised.value.text
    with pytest.raises(Refused, match="genau"), Mapping("dpupr/x"):
        raise Refused("genau")
    with pytest.raises(KeyboardInterrupt), Mapping("dpupr/x"):
        raise KeyboardInterrupt


# --- models -------------------------------------------------------------------------------------------------------


def test_models_of_the_vocabulary_are_told_apart() -> None:
    assert isinstance(RECOMMENDATION.interaction, Outbound)
    assert isinstance(terms(DPUPR, "permit-validity").interaction, Inquiry)
    assert RECOMMENDATION.reference == "dpupr-2026/1.0"
