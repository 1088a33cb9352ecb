"""A journal with a line that nobody can read: no process starts over it, until it is restored or its loss is accepted.

Such a line may be the only trace of an erasure that a restored copy of the database knows nothing of: what was erased
would be back, and nobody told. Taken as never written is one line alone: the last one, torn in the middle, where the
store has an erasure whose line begins just so and is not there. For that one nothing was destroyed, or what was
destroyed stands in the store; it is written again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Misconfigured, Refused
from gateway.ledger.leaf import LeafKind
from gateway.operations.erasing.journal import Entry, Journal, Unreadable
from gateway.store.conflicts import commit
from gateway.store.plan import Plan
from gateway.store.reading import Reader
from gateway.store.unit_of_work import UnitOfWork

STEP = "erasure-journal-lost"


def lost(journal: Journal, to_write: Iterable[Entry]) -> list[Unreadable]:
    """The lines that stop a start; `to_write` are the erasures of the store whose lines would be written now.

    One that was torn while it was written is passed by from now on.
    """
    found = journal.unreadable()
    if not found or not found[-1].is_torn:
        return found
    begun = found[-1].raw.rstrip(b"\0")  # a file system may have made room that was not written
    if not any(each.line.startswith(begun) for each in to_write):
        return found
    journal.end_torn()
    return found[:-1]


def refuse_lost(journal: Journal, lines: list[Unreadable]) -> None:
    """Raises Misconfigured `erasure-journal-damaged` where there are any."""
    if not lines:
        return
    named = ", ".join(str(each.number) for each in lines[:10])
    raise Misconfigured(
        f"the journal of erasures {journal.path} has lines that cannot be read ({len(lines)}: {named}): each may be the"
        " only trace of an erasure, and what was erased could be back in a restored database. Restore the file from its"
        " copy (docs/privacy.md), or start the version that wrote it. Where there is no copy: `simojo erasure journal`"
        " shows them, and `simojo erasure journal --accept-loss --by <staff>` goes on without them, which the ledger"
        " tells",
        code="erasure-journal-damaged",
    )


def accept(
    reader: Reader,
    unit_of_work: UnitOfWork,
    leaves: Leaves,
    journal: Journal,
    lines: list[Unreadable],
    by: str,
    at: datetime,
) -> None:
    """Go on without these lines, as a member of staff says: a leaf for each, then the journal says it too.

    Whoever dies in between accepts them again. Raises Refused `staff-unknown`.
    """
    if reader.staff(by) is None:
        raise Refused(f"no staff {by[:64]!r} is known: see `simojo staff list`", code="staff-unknown")
    for each in lines:
        said: dict[str, str | int] = {"step": STEP, "line": each.number, "sha256": each.passed(STEP).sha256}
        leaf = leaves.make(LeafKind.STAFF, at=at, actor=f"staff/{by}", extra=said)
        commit(unit_of_work, Plan.of(leaf.row))
    journal.accept(lines)
