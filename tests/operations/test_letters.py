"""Dead letters: a person sends them again or cancels them, and the ledger has that they did."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from gateway.domain.errors import Refused
from gateway.ledger.leaf import Leaf
from gateway.operations.letters import Letters, Many
from gateway.store.plan import Insert, Outcome, Plan, Update
from gateway.store.reads.outbox import Sought
from gateway.store.tables import DeliveryRow
from tests.operations.ledgers import Office
from tests.store.rows import delivery, minutes

ACTOR = "staff/siti"


class Bell:
    """Counts how often the delivery workers were woken."""

    rung = 0

    def __call__(self) -> None:
        self.rung += 1


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def letters(office: Office, bell: Bell) -> Letters:
    return Letters(office.reader, office.writer, office.leaves, office.vault, lambda: office.now, bell)


def put(office: Office, state: str, **values: Any) -> None:
    office.commit(Plan.of(Insert(DeliveryRow, delivery("d-1", "c-1/dpupr", 0, state, **values))))


def row_of(office: Office) -> DeliveryRow:
    row = office.reader.delivery("d-1")
    assert row is not None
    return row


def refusal(act: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value


def test_a_dead_letter_is_sent_again_from_its_first_attempt(office: Office, letters: Letters, bell: Bell) -> None:
    put(office, "dead", attempts=9, cause="agency-timeout")
    office.now += timedelta(hours=1)
    letters.redrive("d-1", ACTOR)
    row = row_of(office)
    assert (row.state, row.attempts, row.due_at, bell.rung) == ("queued", 0, office.now, 1)
    (leaf,) = [Leaf.parse(each.canonical) for each in office.reader.leaves_of_exchange("d-1")]
    assert (leaf.kind.value, leaf.extra) == ("staff", {"step": "redriven"})
    assert leaf.actor
    assert "siti" not in leaf.actor


@pytest.mark.parametrize("state", ["queued", "sending", "unknown", "answered", "cancelled"])
def test_only_a_dead_letter_is_sent_again(office: Office, letters: Letters, bell: Bell, state: str) -> None:
    put(office, state)
    caught = refusal(lambda: letters.redrive("d-1", ACTOR))
    assert (caught.code, state in caught.text) == ("delivery-state", True)
    assert (row_of(office).state, bell.rung, office.reader.pending_count()) == (state, 0, 0)


@pytest.mark.parametrize("state", ["queued", "not-sent", "unknown", "laid-down", "dead"])
def test_a_delivery_that_nobody_is_sending_is_cancelled_with_the_reason(
    office: Office, letters: Letters, bell: Bell, state: str
) -> None:
    put(office, state)
    letters.cancel("d-1", "sudah dikirim di atas kertas", ACTOR)
    row = row_of(office)
    assert (row.state, row.cause, bell.rung) == ("cancelled", "sudah dikirim di atas kertas", 1)


@pytest.mark.parametrize("state", ["sending", "answered", "awaiting", "cancelled"])
def test_a_delivery_under_way_or_done_is_not_cancelled(office: Office, letters: Letters, state: str) -> None:
    put(office, state)
    assert refusal(lambda: letters.cancel("d-1", "x", ACTOR)).code == "delivery-state"
    assert row_of(office).state == state


def test_an_unknown_delivery_is_named(letters: Letters) -> None:
    for act in (lambda: letters.redrive("d-9", ACTOR), lambda: letters.cancel("d-9", "x", ACTOR)):
        caught = refusal(act)
        assert (caught.code, "d-9" in caught.text) == ("delivery-unknown", True)


def test_of_two_who_decide_at_once_one_does(office: Office, letters: Letters) -> None:
    put(office, "dead")

    def decide(which: int) -> str:
        try:
            letters.redrive("d-1", ACTOR) if which else letters.cancel("d-1", "x", ACTOR)
        except Refused as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(decide, (0, 1)))
    # a letter that was redriven first is open, and may still be cancelled; one that was cancelled stays so
    expected = {"cancelled": [["done", "delivery-state"], ["done", "done"]]}
    assert outcomes in expected[row_of(office).state]
    assert office.reader.pending_count() == outcomes.count("done")


# --- many ---------------------------------------------------------------------------------------------------------


def put_many(office: Office) -> None:
    """Seven dead letters of two agencies and three outcomes, and others that are not dead."""
    rows = [
        delivery("d-1", "q-1", 1, "dead", outcome="used-up", cause="no connection (TCP)"),
        delivery("d-2", "q-2", 2, "dead", outcome="used-up", cause="100% lost_x"),
        delivery("d-3", "q-3", 3, "dead", outcome="refused", cause="HTTP 404"),
        delivery("d-4", "q-4", 4, "dead", outcome="refused", cause="HTTP 404", interaction="notice"),
        delivery("d-5", "q-5", 4, "dead", outcome="refused", cause="HTTP 404", interaction="notice"),
        delivery("d-6", "q-6", 6, "dead", agency="sms", interaction="send-message"),
        delivery("d-7", "q-7", 7, "dead", agency="sms", interaction="send-message"),
        delivery("d-8", "q-8", 8, "queued"),
        delivery("d-9", "q-9", 9, "answered"),
    ]
    office.commit(Plan(tuple(Insert(DeliveryRow, row) for row in rows)))


MEANT: dict[str, tuple[Sought, list[str]]] = {
    "all": (Sought(), ["d-1", "d-2", "d-3", "d-4", "d-5", "d-6", "d-7"]),
    "agency": (Sought(agency="sms"), ["d-6", "d-7"]),
    "interaction": (Sought(agency="dpupr", interaction="notice"), ["d-4", "d-5"]),
    "outcome": (Sought(outcome="refused"), ["d-3", "d-4", "d-5"]),
    "cause": (Sought(cause="tcp"), ["d-1"]),
    "cause, word for word": (Sought(cause="0% lost_"), ["d-2"]),
    "times, half-open": (Sought(made_from=minutes(3), made_before=minutes(6)), ["d-3", "d-4", "d-5"]),
    "nothing": (Sought(agency="oss"), []),
}


@pytest.mark.parametrize("name", MEANT)
def test_many_dead_letters_are_counted_first_and_then_sent_again(
    office: Office, letters: Letters, bell: Bell, name: str
) -> None:
    put_many(office)
    sought, meant = MEANT[name]
    counts = letters.counts(sought)
    assert (sum(counts.values()), office.reader.pending_count(), bell.rung) == (len(meant), 0, 0)
    many = letters.redrive_many(sought, ACTOR, 100)
    assert (many.done, many.passed_over, many.left, bell.rung) == (len(meant), 0, 0, 1)
    rows = [row for row in office.reader.sought(Sought(states=("queued",)), 20) if row.id != "d-8"]
    assert [row.id for row in rows] == meant
    assert office.reader.pending_count() == len(meant)  # a leaf for each


def test_no_more_than_the_limit_is_done_the_oldest_first_and_the_rest_by_doing_it_again(
    office: Office, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.operations.letters.PAGE", 2)
    put_many(office)
    assert (letters.redrive_many(Sought(), ACTOR, 5).done, letters.redrive_many(Sought(), ACTOR, 5)) == (
        5,
        Many(done=2, passed_over=0, left=0),
    )


def test_a_process_that_ends_half_way_leaves_each_letter_sent_again_or_as_it_was(
    office: Office, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_many(office)
    commit, commits = office.writer.commit, itertools.count(1)

    def dies(plan: Plan) -> Outcome:
        if next(commits) == 4:
            raise KeyboardInterrupt
        return commit(plan)

    monkeypatch.setattr(office.writer, "commit", dies)
    with pytest.raises(KeyboardInterrupt):
        letters.redrive_many(Sought(), ACTOR, 100)
    monkeypatch.undo()
    assert (office.reader.delivery_counts(), office.reader.pending_count()) == ({"dead": 4, "queued": 4}, 3)
    assert letters.redrive_many(Sought(), ACTOR, 100) == Many(done=4, passed_over=0, left=0)


def test_a_letter_that_was_answered_meanwhile_is_passed_over(
    office: Office, letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_many(office)
    seen = office.reader.sought

    def meanwhile(*asked: Any, **more: Any) -> list[DeliveryRow]:
        rows = seen(*asked, **more)
        for row in rows[:1]:
            office.commit(Plan.of(Update(DeliveryRow, {"id": row.id}, {}, {"state": "answered"})))
        return rows

    monkeypatch.setattr(type(office.reader), "sought", lambda _self, *asked, **more: meanwhile(*asked, **more))
    assert letters.redrive_many(Sought(agency="sms"), ACTOR, 100) == Many(done=1, passed_over=1, left=0)
    assert office.reader.delivery("d-6") is not None


def test_many_are_cancelled_with_one_reason_and_states_that_cannot_be_are_refused(
    office: Office, letters: Letters
) -> None:
    put_many(office)
    assert letters.cancel_many(Sought(agency="sms"), "dobel", ACTOR, 100).done == 2
    row = office.reader.delivery("d-7")
    assert row is not None
    assert (row.state, row.cause) == ("cancelled", "dobel")
    assert letters.cancel_many(Sought(states=("queued",)), "dobel", ACTOR, 100).done == 1
    for states in (("sending",), ("answered", "dead")):
        assert refusal(lambda: letters.cancel_many(Sought(states=states), "x", ACTOR, 9)).code == "delivery-state"  # noqa: B023 - called at once
    assert refusal(lambda: letters.redrive_many(Sought(states=("queued",)), ACTOR, 9)).code == "delivery-state"
