"""What an agency may collect: of its own, under its terms, as often as agreed, and when; found by an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.store.reading import Reader
from gateway.store.reads.mailboxes import Posted
from gateway.store.tables import DeliveryRow
from tests.store.rows import NOW, Put, delivery, minutes
from tests.store.test_claims import plan_of, statements

TERMS = Posted(
    agreement="dpupr-2026",
    version="1.0",
    interaction="technical-recommendation",
    longest=timedelta(minutes=6),
    attempts=3,
)


def there(reader: Reader, *terms: Posted) -> list[str]:
    return [row.id for row in reader.in_mailbox("dpupr", terms or (TERMS,), NOW, 10)]


@pytest.mark.parametrize(
    ("state", "values", "is_there"),
    [
        ("laid-down", {}, True),
        ("laid-down", {"attempts": 3}, True),  # the agreement changed since
        ("collected", {"due": 5, "attempts": 1}, False),
        ("collected", {"due": 0, "attempts": 1}, True),
        ("collected", {"due": 0, "attempts": 3}, False),
        ("collected", {"due": 7, "attempts": 1}, True),  # by a clock that was set back since
        ("queued", {}, False),
        ("dead", {}, False),
        ("answered", {}, False),
        ("laid-down", {"agency": "oss"}, False),
        ("laid-down", {"agreement_version": "1.1"}, False),
        ("laid-down", {"interaction": "other"}, False),
    ],
)
def test_an_item_is_there_for_its_agency_in_its_time(
    reader: Reader, put: Put, state: str, values: dict[str, Any], is_there: bool
) -> None:
    put(DeliveryRow, delivery("a-1", "a", 1, state, **values))
    assert there(reader) == (["a-1"] if is_there else [])


def test_the_oldest_comes_first_and_without_terms_there_is_nothing(reader: Reader, put: Put) -> None:
    put(
        DeliveryRow,
        delivery("b-2", "b", 2, "laid-down"),
        delivery("a-1", "a", 1, "laid-down"),
        delivery("c-0", "c", 0, "laid-down", interaction="other"),
    )
    assert there(reader) == ["a-1", "b-2"]
    other = Posted(agreement="dpupr-2026", version="1.0", interaction="other", longest=timedelta(0), attempts=1)
    assert there(reader, TERMS, other) == ["c-0", "a-1", "b-2"]
    assert reader.in_mailbox("dpupr", (), NOW, 10) == []
    assert reader.in_mailbox("dpupr", (TERMS,), NOW, 1)[0].id == "a-1"


def test_who_may_come_and_what_was_not_acknowledged(reader: Reader, put: Put) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "laid-down", agency="oss"),
        delivery("b-1", "b", 1, "collected", due=2),
        delivery("c-1", "c", 1, "collected", due=1),
        delivery("d-1", "d", 1, "queued"),
    )
    assert reader.mailboxes_with_items({"oss", "dpupr", "bank"}, NOW) == {"oss"}
    assert reader.mailboxes_with_items({"dpupr"}, minutes(1)) == {"dpupr"}
    assert [row.id for row in reader.unacknowledged(minutes(2))] == ["c-1", "b-1"]
    assert [row.id for row in reader.unacknowledged(minutes(2), 1, 1)] == ["b-1"]
    assert reader.unacknowledged(NOW) == []


def test_what_lies_there_waits_for_its_agency_and_what_is_owed_is_overdue(reader: Reader, put: Put) -> None:
    states = ("queued", "laid-down", "collected", "awaiting", "dead")
    put(DeliveryRow, *(delivery(each, each, 1, each, answer_due_at=minutes(1), remind_at=NOW) for each in states))
    assert (reader.waiting_for("dpupr", 10), reader.waiting_for("dpupr", 2), reader.waiting_for("oss", 9)) == (3, 2, 0)
    assert {row.id for row in reader.due_reminders(NOW)} == {"laid-down", "collected", "awaiting"}
    assert reader.overdue_count(minutes(1)) == 3


def test_each_question_is_asked_of_an_index_that_has_nothing_else_in_it(
    engine: Engine, reader: Reader, put: Put
) -> None:
    put(DeliveryRow, delivery("a-1", "a", 1, "laid-down"), delivery("done", "done", 1, "answered"))
    questions: dict[str, Callable[[], object]] = {
        "delivery_mailbox": lambda: there(reader),
        "delivery_collected": lambda: reader.unacknowledged(NOW),
        "delivery_reminder": lambda: reader.due_reminders(NOW),
        "delivery_overdue": lambda: reader.overdue(NOW),
    }
    for index, question in questions.items():
        with statements(engine) as asked:
            question()
        plan = plan_of(engine, *asked[-1])
        assert index in plan, plan
