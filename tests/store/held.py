"""A writer that is held up while plans pile up behind it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine

from gateway.store.plan import Committed, Plan
from gateway.store.unit_of_work import GroupCommit, transaction
from gateway.store.unit_of_work.statements import execute
from tests.store.plans import counter


@contextmanager
def held_writer(
    engine: Engine, batch: int = 128, gate: threading.Event | None = None
) -> Iterator[tuple[GroupCommit, list[str]]]:
    """A writer that is kept inside its first transaction until the block ends, while plans pile up behind it.

    With a gate of the caller's own it goes on as soon as that is set.

    Gives the writer, and the list of statements that begin and end transactions.
    """
    statements: list[str] = []
    gate, inside = gate or threading.Event(), threading.Event()

    def watched(connection: Connection, statement: str) -> None:
        if connection.engine is engine:  # the statements of a transaction's begin and end, and no others
            statements.append(statement.split(maxsplit=1)[0])
            inside.set()
            assert gate.wait(30)
        execute(connection, statement)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "execute", watched)
        writer = GroupCommit(engine, batch=batch)
        blocker = writer.submit(Plan.of(counter("blocker")))
        assert inside.wait(30)
        yield writer, statements
        gate.set()
        writer.close()
        assert blocker.result() == Committed()
