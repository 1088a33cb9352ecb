"""A journal of erasures with a line that nobody can read: nothing that was erased comes back in silence."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from gateway.app import open_store
from gateway.domain.errors import Misconfigured, Refused
from gateway.ledger.leaf import Leaf
from tests.exchange.erasing import (
    ORDER,
    case_id,
    erased,
    integrate,
    left,
    orders,
    verified,
    with_ended_case,
    without_journal,
)
from tests.exchange.stage import Stage

LINE = '{"v":1,"id":"e-1","at":"2026-03-02T03:00:00+00:00","dossier":"dossier/x","cases":["K-1"],'


@pytest.fixture(autouse=True)
def no_journal_of_another_test(stage: Stage) -> Iterator[None]:
    yield from without_journal(stage)


@pytest.fixture
def office(stage: Stage) -> Stage:
    return with_ended_case(stage)


def said(stage: Stage, text: str) -> None:
    """Something stands at the end of the journal."""
    path = stage.settings.erasure_journal_file
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as file:
        file.write(text.encode())


def refused(stage: Stage) -> str:
    """Why the store does not open."""
    with pytest.raises(Misconfigured) as caught:
        open_store(stage.settings, clock=stage.clock)
    assert caught.value.code == "erasure-journal-damaged"
    return str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [LINE + '"basis":"reque\x00ted"\n', LINE.replace('"v":1', '"v":2') + "\n", "\x00" * 40, LINE[:60]],
    ids=["a bit", "a later version", "zeros", "half"],
)
def test_no_store_opens_over_a_line_that_may_be_the_only_trace_of_an_erasure(stage: Stage, damage: str) -> None:
    said(stage, damage)
    why = refused(stage)
    assert all(part in why for part in ("1: 1", "Restore the file from its copy", "--accept-loss --by"))
    stage.settings.erasure_journal_file.write_text("")  # its copy, from before anything was erased
    open_store(stage.settings, clock=stage.clock).close()


def test_a_loss_is_accepted_by_name_in_the_ledger_and_for_these_lines_alone(office: Stage) -> None:
    done = erased(office)
    said(office, "what was it\n")
    refused(office)
    with pytest.raises(Refused) as caught:
        open_store(office.settings, clock=office.clock, accept_loss_by="nobody")
    assert caught.value.code == "staff-unknown"
    refused(office)
    open_store(office.settings, clock=office.clock, accept_loss_by="agus").close()
    integrate(office)
    leaves = [Leaf.parse(each.canonical) for each in office.hub.store.reader.leaves(0)]
    (leaf,) = [each for each in leaves if each.extra.get("step") == "erasure-journal-lost"]
    approved = next(each for each in leaves if each.extra.get("step") == "erasure-approved")
    assert (leaf.actor, leaf.extra["line"]) == (approved.actor, 2)
    office.restart()
    assert office.hub.store.erasing.journal.ids() == {done}
    integrate(office)
    assert verified(office).ledger.parts_erased > 0
    said(office, "what was it\n")
    assert "(1: 4)" in refused(office)


@pytest.mark.parametrize("written", [0.1, 0.5, 1.0])
def test_a_line_that_was_torn_while_it_was_written_is_taken_as_never_written_where_its_erasure_stands_in_the_store(
    office: Stage, written: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process died in the middle of the line, before it destroyed a key."""

    def torn(_journal: object, entry: object) -> None:
        line = entry.line.decode()  # type: ignore[attr-defined]  # an Entry
        said(office, line[: int(written * (len(line) - 1))] + ("\x00" * 9 if written < 1 else ""))
        raise KeyboardInterrupt

    row = orders(office).propose(ORDER, "rina")
    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.journal.Journal.append", torn)
        with pytest.raises(KeyboardInterrupt):
            orders(office).approve(row.id, "agus")
    office.restart()
    assert left(office) == set()
    journal = office.hub.store.erasing.journal
    assert (journal.ids(), journal.unreadable()) == ({row.id}, [])
    lines = office.settings.erasure_journal_file.read_bytes().split(b"\n")
    assert ("torn" in [json.loads(each).get("because") for each in lines[1:-1]]) == (written < 1)
    office.restart()


def test_a_torn_line_of_an_erasure_that_the_restored_store_does_not_know_is_a_loss(office: Stage) -> None:
    row = orders(office).propose(ORDER, "rina")  # the copy is from before its approval
    said(office, f'{{"v":1,"id":"{row.id}","at":')
    refused(office)


def test_what_a_full_disk_took_of_a_line_is_no_line(office: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key is destroyed for it; when there is room again, the erasure is done."""
    row = orders(office).propose(ORDER, "rina")
    wrote: list[int] = []

    def full(file: int, data: bytes) -> int:
        if wrote:
            raise OSError(28, "No space left on device")
        wrote.append(really(file, data[:20]))
        return wrote[0]

    really = os.write
    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.journal.os.write", full)
        with pytest.raises(Misconfigured, match="No space left"):
            orders(office).approve(row.id, "agus")
    assert office.case(case_id(office)).applicant.name == "Siti Contoh"
    office.restart()
    assert (left(office), office.hub.store.erasing.journal.unreadable()) == (set(), [])
