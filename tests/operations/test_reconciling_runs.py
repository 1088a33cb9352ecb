"""A run of a reconciliation: its leaf, its result and how long it is kept, its settling; and one that is broken off."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

import pytest

from gateway.domain.errors import GatewayError, Refused, Unauthorised
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.operations.reconciling.pulse import LEASE, Step
from gateway.operations.reconciling.results import head_of, known, lines_of
from gateway.operations.reconciling.running import KEPT, Wanted
from gateway.operations.reconciling.settling import difference_warnings
from gateway.operations.reconciling.watching import ReconciliationWatch, broken_off_warnings
from gateway.store.tables import ReconciliationRow
from tests.operations.ledgers import Office
from tests.operations.reconciling import DAY, Desk, digest


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


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
