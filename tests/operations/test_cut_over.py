"""Versions that are active beside each other follow each other, and no day between them is left without one."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.contract.agreement import Agreement, agreement_from_document
from gateway.domain.errors import Refused
from gateway.operations.cut_over import check_begins_in_turn, check_covers, check_no_day_without
from tests.contract.drafts import draft

TODAY = date(2026, 3, 2)


def version(number: str, first: str, last: str = "2026-12-31") -> Agreement:
    document: dict[str, Any] = draft()
    document["agreement"] |= {"version": number, "valid_from": first, "valid_until": last}
    return agreement_from_document(document)


FIRST = version("1.0", "2026-01-01")


@pytest.mark.parametrize(
    ("number", "first"),
    [("1.1", "2026-01-01"), ("1.1", "2025-12-31"), ("0.9", "2026-07-01"), ("1.0", "2026-07-01")],
)
def test_a_later_version_begins_later(number: str, first: str) -> None:
    with pytest.raises(Refused, match="the later version has to begin later") as refused:
        check_begins_in_turn(version(number, first), [FIRST])
    assert refused.value.code == "cut-over-unclear"


def test_versions_in_turn_may_stand_beside_each_other() -> None:
    check_begins_in_turn(version("1.10", "2026-09-01"), [FIRST, version("1.9", "2026-07-01")])
    check_begins_in_turn(version("0.9", "2025-07-01"), [FIRST])
    check_begins_in_turn(FIRST, [])


@pytest.mark.parametrize(
    ("last", "first", "days"),
    [
        ("2026-06-30", "2026-07-01", ""),
        ("2026-12-31", "2026-07-01", ""),
        ("2026-06-29", "2026-07-01", "on 2026-06-30 no version"),
        ("2026-02-01", "2026-07-01", "from 2026-03-02 to 2026-06-30 no version"),
        ("2026-01-31", "2026-03-02", ""),
    ],
)
def test_no_day_from_today_on_is_left_between_two_versions(last: str, first: str, days: str) -> None:
    both = [version("1.1", first), version("1.0", "2026-01-01", last)]
    if not days:
        check_no_day_without(both, TODAY)
        return
    with pytest.raises(Refused, match=days) as refused:
        check_no_day_without(both, TODAY)
    assert refused.value.code == "agreement-gap"


@pytest.mark.parametrize(
    ("left", "day"),
    [
        ([], "2026-07-01"),
        ([version("1.0", "2026-01-01", "2026-06-30")], "2026-07-01"),
        ([version("1.0", "2026-01-01", "2026-07-01")], ""),
    ],
)
def test_what_is_ended_before_its_time_leaves_another_in_force(left: list[Agreement], day: str) -> None:
    coming = version("1.1", "2026-07-01")
    if not day:
        check_covers(coming, left, TODAY)
        return
    with pytest.raises(Refused, match=f"in force on {day}") as refused:
        check_covers(coming, left, TODAY)
    assert refused.value.code == "agreement-gap"


def test_what_is_over_may_be_ended() -> None:
    check_covers(version("1.0", "2025-01-01", "2026-02-01"), [], TODAY)
