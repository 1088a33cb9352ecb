"""What meta-services say in words: standings in one line, states of deliveries, texts that any transport carries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from lxml import etree

from gateway.exchange.meta.inquiry import plain
from gateway.exchange.meta.standing import Kept, Standing
from gateway.exchange.meta.status import SAID, ToAgency, status
from gateway.exchange.states import WAITING, Delivery
from gateway.store.tables import AgreementRow, AttemptRow, DeliveryRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from tests.exchange.keys import AT

AGREEMENT = read_agreement(packaged_agreements()["dpupr-2026"])
LIBRARY = SchemaLibrary(default_roots())
TODAY = date(2026, 3, 2)


def kept(state: str) -> Kept:
    row = AgreementRow(id="dpupr-2026", version="1.0", agency="dpupr", state=state, hash="00" * 32, body="{}")
    return Kept(row=row, agreement=AGREEMENT)


@pytest.mark.parametrize(
    ("standing", "line", "may"),
    [
        (Standing(kept=[kept("active")], in_force=AGREEMENT, suspended=None, on=TODAY), "active: dpupr-2026/1.0", True),
        (
            Standing(kept=[kept("active")], in_force=AGREEMENT, suspended="x\ny", on=TODAY),
            "the agency is suspended (x y); active: dpupr-2026/1.0",
            False,
        ),
        (
            Standing(kept=[kept("draft")], in_force=None, suspended=None, on=TODAY),
            "none active: dpupr-2026/1.0 is draft",
            False,
        ),
        (
            Standing(kept=[kept("active")], in_force=None, suspended=None, on=date(2029, 1, 1)),
            "none active: dpupr-2026/1.0 is active, and valid from 2026-01-01 to 2028-12-31",
            False,
        ),
        (
            Standing(kept=[], in_force=None, suspended=None, on=TODAY),
            "none active: no agreement with this agency is kept at the hub",
            False,
        ),
    ],
)
def test_a_standing_is_told_in_one_line(standing: Standing, line: str, may: bool) -> None:
    assert (standing.line(), standing.may_exchange) == (line, may)


def test_a_standing_of_many_agreements_stays_one_short_line() -> None:
    standing = Standing(kept=[kept("draft")] * 100, in_force=None, suspended=None, on=TODAY)
    assert len(standing.line()) == 512
    assert standing.line().endswith("...")


@pytest.mark.parametrize(
    ("text", "expected"), [("pendek", "pendek"), ("a\x00b\nc", "a b c"), ("1234567890", "1234567890"), ("é", "é")]
)
def test_a_text_is_carried_by_any_transport(text: str, expected: str) -> None:
    assert plain(text, 10) == expected
    etree.Element("t").text = plain(text, 10)


def test_a_text_that_is_too_long_ends_with_dots() -> None:
    assert plain("12345678901", 10) == "1234567..."


def sent(state: Delivery, *attempts: AttemptRow, **more: Any) -> ToAgency:
    row = DeliveryRow(
        id="d-1",
        queue="q",
        position=1,
        agency="dpupr",
        interaction="technical-recommendation",
        agreement="dpupr-2026",
        agreement_version="1.0",
        case_id="K-2026-000017",
        case_version=1,
        ask_kind="x",
        ask_body="{}",
        state=state.value,
        message_id="urn:uuid:d-1",
        made_at=AT,
        due_at=AT + timedelta(seconds=5),
        attempts=len(attempts),
        **more,
    )
    return ToAgency(row=row, attempts=attempts, leaves=())


def attempt(outcome: str | None, detail: str | None) -> AttemptRow:
    ended = None if outcome is None else AT
    return AttemptRow(delivery="d-1", number=1, fence=1, started_at=AT, ended_at=ended, outcome=outcome, detail=detail)


@pytest.mark.parametrize("state", Delivery)
def test_every_state_of_a_delivery_has_its_words_and_keeps_to_both_schemas(state: Delivery) -> None:
    told = status([sent(state, attempt("not-sent", "HTTP 503\x1b[31m"))])
    message: Any = told["message"]
    assert message[0]["text"] == SAID[state]
    assert ("nextDue" in message[0]) is (state in WAITING)
    document = "simojo/meta-status/1.0/reply"
    assert LIBRARY.json(document).check(told) == ()
    schema = LIBRARY.xml(document)
    assert schema.check(schema.to_element(told)) == ()


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        ("not-sent", True),
        ("unknown", True),
        ("refused", True),
        ("used-up", True),
        ("lease-ran-out", True),
        ("mapping-fault", False),
        ("given-up", False),
        ("answered", False),
        (None, False),
    ],
)
def test_a_cause_is_told_where_it_speaks_of_the_call_and_not_of_the_hubs_inside(
    outcome: str | None, told: bool
) -> None:
    said: Any = status([sent(Delivery.DEAD, attempt(outcome, "the very cause"), cause="the hub's own words")])
    (tried,) = said["message"][0]["attempt"]
    assert tried.get("text") == ("the very cause" if told else None)
    assert ("endedAt" in tried, "outcome" in tried) == (outcome is not None, outcome is not None)
    assert "the hub's own words" not in str(said)
    assert "K-2026-000017" not in str(said)
