"""Whether a version of an agreement can be put into force beside those that are, or ended: the rules of a cut-over.

A version is in force from its first day until the day before the next one begins, or until its own last day. So of
two versions that are active the later one has to begin later, and between them no day may be left without an
agreement, unless staff say that this is meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from gateway.contract.agreement import Agreement
from gateway.contract.versions import version_order
from gateway.domain.errors import Refused

_DAY = timedelta(days=1)


def check_begins_in_turn(agreement: Agreement, active: Sequence[Agreement]) -> None:
    """Raise Refused `cut-over-unclear` where a version would not begin in its turn among the active ones of its id."""
    order = version_order(agreement.version)
    for other in active:
        is_later = order > version_order(other.version)
        begins_later = agreement.valid_from > other.valid_from
        if is_later != begins_later or agreement.valid_from == other.valid_from:
            raise Refused(
                f"{agreement.id} {agreement.version} begins on {agreement.valid_from} and {other.version}, which is "
                f"active, on {other.valid_from}: the later version has to begin later, its first day is the cut-over; "
                "end the other one first, or agree on another first day",
                code="cut-over-unclear",
                clause="Pasal 21(2)",
            )


def check_no_day_without(active: Sequence[Agreement], on: date) -> None:
    """Raise Refused `agreement-gap` where days from `on` to the last day of all are covered by none of the versions."""
    for first, last in _gaps(active, on):
        days = f"on {first}" if first == last else f"from {first} to {last}"
        raise Refused(
            f"{days} no version of {active[0].id} would be in force: agree on versions that follow each other, or say "
            "that this is meant (--leave-gap)",
            code="agreement-gap",
            clause="Pasal 21(2)",
        )


def check_covers(ended: Agreement, left: Sequence[Agreement], on: date) -> None:
    """Raise Refused `agreement-gap` where no version would be in force once one ends on that day, before its time."""
    day = max(on, ended.valid_from)
    if ended.in_force(day) and not any(each.in_force(day) for each in left):
        raise Refused(
            f"without {ended.version} no version of {ended.id} would be in force on {day}: activate another one first, "
            "or say that this is meant (--leave-gap)",
            code="agreement-gap",
            clause="Pasal 21(2)",
        )


def _gaps(active: Sequence[Agreement], on: date) -> Iterator[tuple[date, date]]:
    """Days from `on` that lie between versions and are covered by none, as first and last day."""
    covered: date | None = None
    for each in sorted(active, key=lambda one: one.valid_from):
        if covered is not None and each.valid_from > max(covered + _DAY, on):
            yield max(covered + _DAY, on), each.valid_from - _DAY
        covered = each.valid_until if covered is None else max(covered, each.valid_until)
