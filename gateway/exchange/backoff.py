"""When a delivery is tried again: the agreement's schedule, with jitter, never by sleeping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tenacity import RetryCallState, Retrying, wait_exponential

from gateway.contract.agreement import RetrySchedule


def wait_before(schedule: RetrySchedule, attempts: int, jitter: Callable[[], float], asked_s: int | None) -> timedelta:
    """How long to wait after `attempts` (1 or more) tries.

    Between half and the whole of `first * factor ** (attempts - 1)`, at most `max`, so that deliveries that failed
    together do not come back together; `jitter` gives 0 to 1. An agency that said how long to wait is obeyed, up to
    a day.
    """
    wait = wait_exponential(multiplier=schedule.first_s, exp_base=schedule.factor, max=schedule.max_s)
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempts
    whole = wait(state)
    seconds = whole * (0.5 + 0.5 * jitter())
    if asked_s is not None:
        seconds = max(seconds, min(asked_s, 86_400))
    return timedelta(seconds=seconds)
