"""Reconciliation (Pasal 22(4)b): what each line of an agency's list gets, and what the list lacks."""

from __future__ import annotations

import json
import tracemalloc
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from gateway.domain.errors import GatewayError, Malformed, Refused, Unauthorised
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.operations.reconciling.pulse import LEASE, Step
from gateway.operations.reconciling.results import as_csv, as_json, head_of, known, lines_of
from gateway.operations.reconciling.running import KEPT, Reconciling, Wanted
from gateway.operations.reconciling.settling import Settling, difference_warnings
from gateway.operations.reconciling.watching import ReconciliationWatch, broken_off_warnings
from gateway.store.plan import Change, Delete, Insert, Plan
from gateway.store.tables import AgencyRow, AttemptRow, DataKeyRow, ExchangeRow, PartRow, ReconciliationRow
from tests.operations.ledgers import Office

DAY = date(2026, 1, 5)
NOON = datetime.fromisoformat("2026-01-05T12:00:00+07:00")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Desk:
    """The office with an agency, and exchanges of it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        office.now = NOON
        office.commit(Plan.of(Insert(AgencyRow, AgencyRow(id="dpupr", name="DPUPR", kind="opd").model_dump())))
        self.reconciling = Reconciling(
            reader=office.reader,
            vault=office.vault,
            unit_of_work=office.writer,
            leaves=office.leaves,
            clock=lambda: office.now,
            new_id=office.new_id,
        )
        self.settling = Settling(office.reader, office.writer, office.leaves, lambda: office.now)

    def said(self, name: str, message_id: str | None, at: datetime = NOON, **values: Any) -> None:
        """An exchange: parts are texts, of which leaves commit to each."""
        parts = values.pop("parts", {"request": name, "answer": f"answer to {name}"})
        case_id = values.get("case_id")
        key = self.office.vault.exchange_key(case_id, at)
        row: dict[str, Any] = {
            "id": name,
            "direction": "in",
            "agency": "dpupr",
            "interaction": "technical-recommendation",
        }
        row |= {"message_id": message_id, "verdict": "accepted", "at": at, **values}
        changes: list[Change] = [Insert(ExchangeRow, row)]
        for part, text in parts.items():
            changes.append(Insert(PartRow, {"exchange": name, "name": part, "body": text.encode()}))
            bodies = {part: text.encode()}
            leaf = self.office.leaves.make(
                LeafKind.ACCEPTED, at=at, exchange=name, case_id=case_id, key=key.key, parts=bodies
            )
            changes.append(leaf.row)
        self.office.commit(key.plan + Plan(tuple(changes)))

    def compared(self, *lines: str, head: str = "message_id,sha256", actor: str = "staff/agus") -> ReconciliationRow:
        wanted = Wanted(agency="dpupr", first=DAY, last=DAY, source="staff", actor=actor)
        return self.reconciling.run(wanted, ["\r\n".join((head, *lines)).encode()])

    def lines(self, row: ReconciliationRow, **sought: Any) -> list[dict[str, Any]]:
        return list(lines_of(self.office.reader, row, **sought))


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


def test_what_a_run_found_is_a_leaf_and_the_same_list_gives_the_same_result(desk: Desk) -> None:
    desk.said("a", "m-1")
    desk.office.integrator().run_once()
    first, second = desk.compared(f"m-1,{digest('a')}"), desk.compared(f"m-1,{digest('a')}")
    assert first.id != second.id
    assert (first.result_sha256, first.list_sha256) == (second.result_sha256, second.list_sha256)
    assert first.result_sha256 is not None
    leaves = [Leaf.parse(row.canonical) for row in desk.office.reader.pending_leaves(9)]
    assert [leaf.kind for leaf in leaves] == [LeafKind.RECONCILIATION] * 2
    said = leaves[0].extra
    assert (said["deed"], said["list"], said["result"]) == ("compared", first.list_sha256, first.result_sha256)
    assert (said["agency"], said["matched"], said["different"]) == ("dpupr", 1, 0)


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


def test_a_difference_is_settled_by_another_officer_with_a_reason_and_health_tells_until_then(desk: Desk) -> None:
    row = desk.compared(f"m-1,{digest('a')}")
    (sentence,) = difference_warnings(desk.office.reader)
    assert "1 differences that nobody has settled" in sentence
    with pytest.raises(Unauthorised, match="another officer"):
        desk.settling.settle(row.id, 1, "salah hari", "staff/agus")
    for number, reason, code in (
        (2, "salah hari", "no-difference"),
        (0, "salah hari", "no-difference"),
        (1, " ", "reason-wrong"),
    ):
        with pytest.raises(GatewayError) as refused:
            desk.settling.settle(row.id, number, reason, "staff/rina")
        assert refused.value.code == code
    desk.settling.settle(row.id, 1, "instansi salah hari", "staff/rina")
    assert difference_warnings(desk.office.reader) == ()
    (line,) = desk.lines(row, state="differences")
    assert line["settled"]["reason"] == "instansi salah hari"
    with pytest.raises(Refused, match="is settled"):
        desk.settling.settle(row.id, 1, "sekali lagi", "staff/rina")


def test_a_result_is_kept_for_its_time_and_then_forgotten(desk: Desk) -> None:
    row = desk.compared(f"m-1,{digest('a')}")
    desk.office.now += KEPT
    with pytest.raises(Refused, match="not kept"):
        desk.lines(row, at=desk.office.now)
    desk.office.now += timedelta(seconds=1)
    desk.compared(f"m-1,{digest('a')}")
    assert list(desk.office.reader.reconciliation_pieces(row.id)) == []
    assert known(desk.office.reader, row.id).differences == 1
    with pytest.raises(Refused):
        known(desk.office.reader, row.id, agency="bank")


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


def test_long_lists_go_through_in_bounded_memory_and_pages_begin_where_they_are_asked(desk: Desk) -> None:
    text = f",{digest('x')}\n".join(f"m-{number}" for number in range(20_001)) + f",{digest('x')}\n"
    body = f"message_id,sha256\n{text}".encode()
    chunks = (body[at : at + 65536] for at in range(0, len(body), 65536))
    wanted = Wanted(agency="dpupr", first=DAY, last=DAY, source="staff", actor="staff/agus")
    heard: dict[Step, tuple[int, int]] = {}
    tracemalloc.start()
    row = desk.reconciling.run(wanted, chunks, lambda step, done, total: heard.update({step: (done, total)}), len(body))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * 2**20
    assert heard == {
        Step.READING: (len(body), len(body)),
        Step.COMPARING: (20_001, 20_001),
        Step.WRITING: (20_001, 20_001),
    }
    assert row.differences == 20_001
    found = lines_of(desk.office.reader, row, after=19_999)
    assert [each["messageId"] for each in found] == ["m-19999", "m-20000"]


# --- runs that are broken off ---------------------------------------------------------------------------------------


class Died(Exception):
    """The process is gone."""


def died(desk: Desk, step: Step) -> ReconciliationRow:
    """A run whose process died in this step."""

    def told(now: Step, done: int, _total: int) -> None:
        if now is step and done:
            raise Died

    wanted = Wanted(agency="dpupr", first=DAY, last=DAY, source="staff", actor="staff/agus")
    with pytest.raises(Died):
        desk.reconciling.run(wanted, [f"message_id,sha256\r\nm-1,{digest('a')}".encode()], told)
    return desk.office.reader.reconciliations()[0]


def watched(desk: Desk) -> None:
    ReconciliationWatch(desk.office.reader, desk.office.writer, lambda: desk.office.now).run_once()


@pytest.mark.parametrize("step", [Step.COMPARING, Step.WRITING])
def test_a_run_that_gives_no_sign_is_told_broken_off_with_what_to_do_until_its_list_is_compared_again(
    desk: Desk, step: Step
) -> None:
    desk.said("a", "m-1")
    row = died(desk, step)
    watched(desk)
    assert known(desk.office.reader, row.id).state == "running"  # it may be alive
    assert broken_off_warnings(desk.office.reader, desk.office.now) == ()
    desk.office.now += LEASE + timedelta(seconds=1)
    watched(desk)
    broken = known(desk.office.reader, row.id)
    assert broken.state == "broken-off"
    assert "bandingkan daftar yang sama sekali lagi" in head_of(desk.office.reader, broken)["toDo"]
    assert list(desk.office.reader.reconciliation_pieces(row.id)) == []
    with pytest.raises(Refused, match="broken off"):
        desk.lines(broken)
    (sentence,) = broken_off_warnings(desk.office.reader, desk.office.now)
    assert row.id in sentence
    assert "compare the same list again" in sentence
    again = desk.compared(f"m-1,{digest('a')}")
    assert (again.state, broken_off_warnings(desk.office.reader, desk.office.now)) == ("done", ())


def test_a_run_that_goes_on_is_not_told_broken_off_and_one_that_was_keeps_nothing_more(desk: Desk) -> None:
    desk.said("a", "m-1")
    states = []

    def told(now: Step, done: int, _total: int) -> None:
        if now is Step.COMPARING and done:
            desk.office.now += LEASE  # a slow page; its sign comes right behind it
        elif now is Step.WRITING:
            desk.office.now += timedelta(seconds=1)
            watched(desk)
            states.append(known(desk.office.reader, desk.office.reader.reconciliations()[0].id).state)
            desk.office.now += LEASE if done else timedelta()

    wanted = Wanted(agency="dpupr", first=DAY, last=DAY, source="staff", actor="staff/agus")
    body = f"message_id,sha256\nm-1,{digest('a')}".encode()
    assert desk.reconciling.run(wanted, [body], told).state == "done"
    assert states == ["running", "running"]

    def asleep(now: Step, done: int, _total: int) -> None:
        if now is Step.WRITING and not done:
            desk.office.now += 2 * LEASE
            watched(desk)

    with pytest.raises(Refused, match="was told broken off: compare the list again"):
        desk.reconciling.run(wanted, [body], asleep)
    row = desk.office.reader.reconciliations()[0]
    assert (row.state, list(desk.office.reader.reconciliation_pieces(row.id))) == ("broken-off", [])
