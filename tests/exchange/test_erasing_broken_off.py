"""An erasure that is broken off, or undone by a restored copy, is done by the next start."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from tests.exchange.erasing import (
    ORDER,
    PERSONAL,
    case_id,
    erased,
    integrate,
    left,
    orders,
    said,
    verified,
    with_ended_case,
    without_journal,
)
from tests.exchange.stage import Stage


@pytest.fixture(autouse=True)
def no_journal_of_another_test(stage: Stage) -> Iterator[None]:
    yield from without_journal(stage)


@pytest.fixture
def office(stage: Stage) -> Stage:
    return with_ended_case(stage)


STEPS = ("journal", "known", "destroy", "sweep", "compact")


@pytest.mark.parametrize("step", STEPS)
def test_whoever_dies_in_the_middle_leaves_what_the_next_start_ends(
    office: Stage, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {
        "journal": "gateway.operations.erasing.journal.Journal.append",
        "known": "gateway.operations.erasing.carrying.blank_known",
        "destroy": "gateway.operations.erasing.carrying.destruction",
        "sweep": "gateway.operations.erasing.carrying.sweep",
        "compact": "gateway.operations.erasing.carrying.compact",
    }

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    row = orders(office).propose(ORDER, "rina")
    with monkeypatch.context() as patched:
        patched.setattr(names[step], dies)
        with pytest.raises(KeyboardInterrupt):
            orders(office).approve(row.id, "agus")
    office.restart()
    done = office.hub.store.reader.erasure(row.id)
    assert done is not None
    assert (done.state, done.decided_by) == ("done", "agus")
    assert left(office) == set()
    integrate(office)
    assert verified(office).ledger.parts_erased > 20


def test_an_older_copy_that_is_restored_forgets_the_person_again_before_anybody_asks(office: Stage) -> None:
    """Copy, erase, restore the copy, start, search."""
    url = make_url(office.settings.database_url)
    if url.get_backend_name() != "sqlite":
        pytest.skip("the copy of a server's database is made by its own tools; the replay is the same")
    office.hub.stop()
    older = office.folder / "older.db"
    shutil.copyfile(str(url.database), older)
    office.hub = office.start()
    row = erased(office)
    office.hub.stop()
    for each in Path(str(url.database)).parent.glob(f"{Path(str(url.database)).name}*"):
        each.unlink()
    shutil.copyfile(older, str(url.database))
    office.hub = office.start()
    known = office.hub.store.reader.erasure(row)
    assert known is not None
    assert (known.state, known.decided_by) == ("done", "agus")
    assert left(office) == set()
    integrate(office)
    assert verified(office).ledger.parts_erased > 20
    assert said(lambda: office.case(case_id(office))) == "erased"


def test_a_copy_from_before_the_case_ended_sends_nothing_more(stage: Stage) -> None:
    """What was still to be sent in the older copy is not sent for somebody of whom nothing is kept."""
    case = stage.register()
    entry = stage.hub.store.erasing.journal
    (stage.settings.erasure_journal_file.parent).mkdir(exist_ok=True)
    key = stage.hub.store.reader.data_key(f"case/{case.id}")
    assert key is not None
    line = {"v": 1, "id": "e-1", "at": "2026-03-02T03:00:00+00:00", "dossier": key.under, "cases": [case.id]}
    with entry.path.open("a", encoding="utf-8") as file:
        file.write(json.dumps({**line, "basis": "requested", "by": ["rina", "agus"]}) + "\n")
    stage.restart()
    assert stage.deliver() == 0
    assert left(stage) == set()
    integrate(stage)
    assert verified(stage).ledger.parts_erased > 0


def test_another_machines_journal_gets_what_this_one_destroyed(office: Stage) -> None:
    row = erased(office)
    journal = office.settings.erasure_journal_file
    assert not any(word in journal.read_text() for word in PERSONAL)
    journal.unlink()
    assert office.hub.store.erasing.run_once() is False
    office.restart()
    assert office.hub.store.erasing.journal.ids() == {row}
