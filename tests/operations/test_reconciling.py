"""Reconciliation (Pasal 22(4)b): what each line of an agency's list gets, and what the list lacks."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from gateway.domain.errors import GatewayError, Malformed
from gateway.operations.reconciling.results import as_csv, as_json
from gateway.operations.reconciling.running import Wanted
from gateway.store.plan import Delete, Insert, Plan
from gateway.store.tables import AttemptRow, DataKeyRow
from tests.operations.ledgers import Office
from tests.operations.reconciling import DAY, NOON, Desk, digest


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


def states(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {each["messageId"]: each["state"] for each in lines}


def test_matched_different_and_missing_on_either_side_each_with_its_proof(desk: Desk) -> None:
    desk.said("a", "m-1")
    desk.said("b", "m-2")
    desk.said("c", "m-3")
    desk.office.integrator().run_once()
    row = desk.compared(f"m-1,{digest('a')}", f"m-2,{digest('forged')}", f"m-4,{digest('d')}")
    lines = desk.lines(row)
    assert states(lines) == {"m-1": "matched", "m-2": "different", "m-4": "missing-here", "m-3": "missing-there"}
    assert (row.differences, row.unsettled) == (3, 3)
    leaves = {name: desk.office.reader.leaves_of_exchange(name)[0] for name in "abc"}
    for line, name in zip((lines[0], lines[1], lines[3]), "abc", strict=True):
        assert line["proof"] == [{"leaf": leaves[name].hash.hex(), "index": leaves[name].tree_index}]
    (difference,) = lines[1]["difference"]
    assert difference == {
        "part": "request",
        "theirs": digest("forged"),
        "ours": digest("b"),
        "leaf": leaves["b"].hash.hex(),
    }
    assert lines[3]["sha256"] == digest("c")
    assert {line["prevails"] for line in lines if "prevails" in line} == {"simojo"}
    whole = json.loads(b"".join(as_json(desk.office.reader, row, NOON)))
    assert "Pasal 22 ayat (5)" in whole["prevails"]
    assert whole["checkpoint"].startswith("simojo.example/ledger\n6\n")
    assert [line["number"] for line in whole["lines"]] == [1, 2, 3, 4]
    sheet = b"".join(as_csv(desk.office.reader, row, NOON)).decode("utf-8-sig").splitlines()
    assert sheet[2].startswith("2,different,2,m-2,from-you,technical-recommendation,b,2026-01-05 12:00:00,accepted,,")


def test_answers_and_both_directions_and_what_travelled_encrypted_are_compared(desk: Desk) -> None:
    desk.said("in", "m-1", parts={"request": "jwe", "request-plain": "clear", "answer": "first", "answer-at-9": "next"})
    desk.said(
        "out", "m-1", direction="out", verdict="answered", parts={"sent-1": "s1", "reply-1": "r1", "sent-2": "s2"}
    )
    head = "sha256;message_id;direction;answer_sha256"
    row = desk.compared(
        f"{digest('clear').upper()};m-1;from-you;{digest('next')}",
        f"{digest('s2')};m-1;to-you;{digest('r1')}",
        f"{digest('s1')};m-1;;",
        f"{digest('jwe')};m-1;from-you;{digest('no')}",
        head=head,
    )
    found = desk.lines(row)
    assert [(each["state"], each["direction"]) for each in found] == [
        ("matched", "from-you"),
        ("matched", "to-you"),
        ("matched", "to-you"),
        ("repeated", "from-you"),
    ]


def test_a_day_is_of_jakarta_by_our_receipt_and_nothing_near_midnight_is_told_missing(desk: Desk) -> None:
    midnight = datetime.fromisoformat("2026-01-05T00:00:00+07:00")
    desk.said("before", "m-1", midnight - timedelta(seconds=1))
    desk.said("first", "m-2", midnight)
    desk.said("last", "m-3", midnight + timedelta(days=1, microseconds=-1))
    desk.said("after", "m-4", midnight + timedelta(days=1))
    desk.said("inside", "m-5", midnight + timedelta(minutes=15))
    lines = desk.lines(desk.compared(f"m-1,{digest('before')}"))
    assert states(lines) == {"m-1": "matched", "m-2": "at-edge", "m-3": "at-edge", "m-5": "missing-there"}
    assert lines[0]["outsidePeriod"] is True


def test_refused_repeated_dead_and_erased_messages_have_states_of_their_own(desk: Desk) -> None:
    desk.said("refused", "m-1", verdict="refused", code="schema-violation")
    desk.said("unbound", None, verdict="refused", code="agreement-missing")
    desk.said("keyed", "content:1234", parts={"request": "keyed"})
    out: dict[str, Any] = {"direction": "out", "case_id": "case-1"}
    desk.said("dead", "m-2", verdict="dead", parts={"sent-1": "dead"}, **out)
    desk.said("late", "m-3", verdict="answered", parts={"sent-1": "late"}, **out)
    ended = NOON + timedelta(days=1)
    desk.office.commit(
        Plan.of(
            Insert(
                AttemptRow,
                {"delivery": "late", "number": 2, "fence": 1, "started_at": NOON, "ended_at": ended, "outcome": "x"},
            )
        )
    )
    desk.said("secret", "m-4", verdict="answered", parts={"sent-1": '{"password":"***"}'}, **out)
    desk.said("gone", "m-5", case_id="case-9")
    desk.said("asked", "m-6", interaction="meta.echo")
    desk.said("other", "m-7", agency="bank")
    desk.office.commit(Plan.of(Delete(DataKeyRow, {"scope": "case/case-9"})))
    row = desk.compared(
        f"m-1,{digest('refused')}",
        f"m-1,{digest('another sending')}",
        f"x-1,{digest('unbound')}",
        f"x-2,{digest('keyed')}",
        f"m-4,{digest('with the password')}",
        f"m-5,{digest('gone')}",
        f"m-7,{digest('other')}",
    )
    assert [each["state"] for each in desk.lines(row)] == [
        *("matched", "repeated", "refused", "matched", "withheld", "erased", "missing-here"),
        *("not-delivered", "at-edge"),
    ]
    assert desk.lines(row)[0]["code"] == "schema-violation"
    assert [each["messageId"] for each in desk.lines(row)[-2:]] == ["m-2", "m-3"]
    assert row.differences == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "the header is missing"),
        (b"id,sha256\n", "message_id and sha256"),
        (b"message_id,sha256,sha256\n", "each once"),
        (b"message_id,sha256\nm-1\n", "line 2 of the list: it has 1 values"),
        (b"message_id,sha256\n\nm-1,q83v\n", "line 3 of the list: sha256 is 'q83v'"),
        (b"message_id,sha256\n," + b"a" * 64 + b"\n", "printable characters"),
        (b"message_id,sha256\n\xff,\n", "not UTF-8"),
        (b"message_id,sha256\n" + b"x" * 5000, "longer than"),
        (b"message_id,sha256,direction\nm," + b"a" * 64 + b",in\n", "from-you, to-you or nothing"),
        (b"message_id,sha256,at\nm," + b"a" * 64 + b",kemarin\n", "at is 'kemarin'"),
    ],
)
def test_a_list_that_cannot_be_read_names_its_line_and_leaves_nothing(desk: Desk, text: bytes, told: str) -> None:
    wanted = Wanted(agency="dpupr", first=DAY, last=DAY, source="staff", actor="staff/agus")
    with pytest.raises(Malformed, match=told):
        desk.reconciling.run(wanted, [text])
    assert desk.office.reader.reconciliations() == []


def test_an_unknown_agency_and_an_impossible_period_are_refused(desk: Desk) -> None:
    for agency, last, code in (("x", DAY, "agency-unknown"), ("dpupr", date(2026, 1, 4), "period-wrong")):
        wanted = Wanted(agency=agency, first=DAY, last=last, source="staff", actor="staff/agus")
        with pytest.raises(GatewayError) as refused:
            desk.reconciling.run(wanted, [b"\xef\xbb\xbfmessage_id,sha256\n"])
        assert refused.value.code == code
