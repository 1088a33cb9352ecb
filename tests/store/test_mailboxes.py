"""What an agency may collect: of its own, under its terms, as often as agreed, and when; found by an index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from gateway.store.reading import Reader
from gateway.store.reads.mailboxes import Posted
from gateway.store.tables import AttemptRow, CaseRow, DeliveryRow
from tests.store.rows import NOW, Put, case, delivery, minutes
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


def test_under_which_terms_anything_lies_there(reader: Reader, put: Put) -> None:
    put(CaseRow, case(1, 0), {**case(2, 0), "service": "pbg"})
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "laid-down"),
        delivery("b-1", "b", 2, "laid-down", last_attempt=1),
        delivery("c-1", "c", 3, "laid-down", case_id="c-2"),
        delivery("d-1", "d", 4, "laid-down"),
        delivery("e-1", "e", 5, "collected", last_attempt=1, agreement_version="1.1"),
        delivery("f-1", "f", 6, "queued", agreement_version="1.1"),
    )
    said = [(each.service, each.collected) for each in reader.lying()]
    assert sorted(said) == [("krk", False), ("krk", True), ("pbg", False)]
    under = {(each.service, each.collected): [row.id for row in reader.lying_under(each, 9)] for each in reader.lying()}
    assert under == {("krk", False): ["a-1", "d-1"], ("krk", True): ["b-1"], ("pbg", False): ["c-1"]}
    (new,) = (each for each in reader.lying() if (each.service, each.collected) == ("krk", False))
    assert [row.id for row in reader.lying_under(new, 1, 1)] == ["d-1"]


def test_how_each_mailbox_stands(reader: Reader, put: Put) -> None:
    assert reader.mailbox_loads() == []
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "laid-down"),
        delivery("b-1", "b", 2, "collected", last_attempt=2),
        delivery("c-1", "c", 3, "laid-down", agency="oss"),
        delivery("d-1", "d", 0, "answered", last_attempt=7),
    )
    tries = [(1, 5.0, "taken by x"), (2, 9.0, "taken by y")]
    for number, at, by in tries:
        values = {"number": number, "fence": number, "started_at": minutes(at), "detail": by}
        put(AttemptRow, {"delivery": "b-1", **values})
    dpupr, oss = reader.mailbox_loads()
    assert (dpupr.agency, dpupr.lying, dpupr.collected, dpupr.oldest_at) == ("dpupr", 1, 1, minutes(1))
    assert (dpupr.most_collections, dpupr.last_at, dpupr.last_by) == (2, minutes(9), "taken by y")
    assert (oss.agency, oss.lying, oss.collected, oss.most_collections) == ("oss", 1, 0, 0)
    assert (oss.last_at, oss.last_by) == (None, None)


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
        "delivery_mailbox": lambda: (there(reader), reader.lying(), reader.mailbox_loads()),
        "delivery_collected": lambda: reader.unacknowledged(NOW),
        "delivery_reminder": lambda: reader.due_reminders(NOW),
        "delivery_overdue": lambda: reader.overdue(NOW),
    }
    for index, question in questions.items():
        with statements(engine) as asked:
            question()
        for each in asked:
            plan = plan_of(engine, *each)
            assert index in plan, plan
