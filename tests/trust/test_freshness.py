"""The window of a signed time, and what its refusals say about the clock or the zone that is behind them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.domain.errors import Unauthenticated
from gateway.trust.freshness import SKEW_S, WINDOW_S, check_fresh
from tests.trust.parties import AT


def refusal(off: timedelta) -> Unauthenticated:
    created = AT + off
    with pytest.raises(Unauthenticated) as caught:
        check_fresh(created, created + timedelta(seconds=WINDOW_S), AT)
    return caught.value


@pytest.mark.parametrize(
    ("off", "code", "words"),
    [
        (timedelta(hours=7), "timestamp-future", "WIB labelled as UTC: write times in UTC"),
        (timedelta(hours=8, seconds=-40), "timestamp-future", "WITA labelled as UTC: write times in UTC"),
        (timedelta(hours=9, seconds=40), "timestamp-future", "WIT labelled as UTC: write times in UTC"),
        (
            timedelta(hours=-7),
            "timestamp-stale",
            "sign it anew when sending; if it was signed just now, that looks like",
        ),
    ],
)
def test_whole_hours_of_a_zone_are_said_and_no_remedy_for_clocks(off: timedelta, code: str, words: str) -> None:
    found = refusal(off)
    assert found.code == code
    assert words in found.text
    assert "NTP" not in found.text


@pytest.mark.parametrize(
    ("off", "words"),
    [
        (timedelta(hours=6), "set your clock by NTP"),
        (timedelta(hours=7, minutes=10), "set your clock by NTP"),
        (timedelta(minutes=-30), "sign it anew when sending"),
    ],
)
def test_what_fits_no_zone_is_a_clock_or_a_late_message(off: timedelta, words: str) -> None:
    text = refusal(off).text
    assert text.endswith(words)
    assert "labelled" not in text


@pytest.mark.parametrize("off_s", [SKEW_S, 0, -WINDOW_S - SKEW_S])
def test_the_window_has_both_its_ends(off_s: int) -> None:
    created = AT + timedelta(seconds=off_s)
    check_fresh(created, created + timedelta(seconds=WINDOW_S), AT)
    beyond = timedelta(seconds=off_s + (1 if off_s > 0 else -WINDOW_S - SKEW_S - 1 - off_s))
    assert refusal(beyond).code in {"timestamp-future", "timestamp-stale"}
