"""What a store is and holds, of whatever version it is; and the change of its version. Nothing is migrated to look."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, inspect, select, table, text

from gateway.store.alone import alone
from gateway.store.schema import newest, prepare, revision_of
from gateway.store.unit_of_work import bulk

_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": "SELECT pg_database_size(current_database())",
}
_NO_ROWS_OF_OURS = frozenset({"alembic_version", bulk.MARK})


@dataclass(frozen=True, kw_only=True)
class Status:
    """A store as it stands. `revision` is None before the first migration; `size` is in bytes.

    `unfinished` names the store that this one is an unfinished copy of; `checkpoint` is the last one, a signed note.
    """

    engine: str
    revision: str | None
    newest: str
    size: int
    rows: Mapping[str, int]
    checkpoint: str | None
    unfinished: str | None


def status_of(engine: Engine) -> Status:
    """Look at a store."""
    with engine.connect() as connection:
        names = sorted(set(inspect(connection).get_table_names()) - _NO_ROWS_OF_OURS)
        rows = {name: _count(connection, name) for name in names}
        return Status(
            engine=engine.dialect.name,
            revision=revision_of(connection),
            newest=newest(),
            size=int(connection.execute(text(_SIZE[engine.dialect.name])).scalar_one()),
            rows=rows,
            checkpoint=_checkpoint(connection) if rows.get("checkpoint") else None,
            unfinished=bulk.unfinished(connection),
        )


def migrate(engine: Engine, name: str) -> tuple[str | None, str]:
    """Bring a store to the newest form while nobody is at work on it; gives the revisions from and to.

    Raises Misconfigured as `prepare` does, and `store-in-use`.
    """
    with ExitStack() as stack:
        stack.enter_context(alone(engine, name))
        with engine.connect() as connection:
            before = revision_of(connection)
        return before, prepare(engine)


def _count(connection: Connection, name: str) -> int:
    return int(connection.execute(select(func.count()).select_from(table(name))).scalar_one())


def _checkpoint(connection: Connection) -> str:
    return str(connection.execute(text("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")).scalar_one())
