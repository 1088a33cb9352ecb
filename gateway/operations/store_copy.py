"""An office moved from one store to another: SQLite to PostgreSQL, or back.

    1. both     nobody else is at work on them, and both have the newest tables
    2. source   held still: read as it is at one instant, and nobody writes to it until the end
    3. target   empty, or an unfinished copy of the same source; marked as unfinished, and emptied
    4. rows     every table, in batches, each with its digest
    5. verify   the counts and digests of the target's tables, then its whole ledger and every stored byte
    6. finish   the mark goes, in one transaction: from now on a hub may start on the target

Whatever ends it before that leaves the source as it was and the target marked, so that no hub starts on it; the same
copy run again begins anew. Nothing is continued, for the source may have changed between two tries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, inspect, literal, select, table
from sqlalchemy.exc import SQLAlchemyError

from gateway.domain.errors import Misconfigured, Refused, Tampered
from gateway.operations.ledger_export import StoreVerdict
from gateway.store import copying
from gateway.store.alone import alone
from gateway.store.reading import Reader
from gateway.store.schema import newest, prepare, revision_of
from gateway.store.unit_of_work import bulk
from gateway.store.unit_of_work.transaction import CommitUnknown

Progress = Callable[[str, int, int], None]
"""`progress(step, done, total)`: step is `copy`, `compare`, `ledger` or `finish`; what is counted is rows or leaves."""

Verify = Callable[[Reader, Callable[[int], None]], StoreVerdict]
"""Verifies all that is stored of the ledger (`verify_store` with the office's keys), telling the leaves done."""

_OTHERS = frozenset({"alembic_version", bulk.MARK})


@dataclass(frozen=True, kw_only=True)
class Copied:
    """What is on both sides: rows and digest of each table, the ledger found whole, and its last checkpoint."""

    rows: Mapping[str, int]
    digests: Mapping[str, str]
    ledger: StoreVerdict
    checkpoint: str | None


def copy_store(
    source: Engine,
    target: Engine,
    *,
    at: datetime,
    verify: Verify,
    progress: Progress = lambda _step, _done, _total: None,
    migrate_source: bool = False,
) -> Copied:
    """Copy all of `source` to `target` and verify it. With `migrate_source`, bring the source to the newest form first.

    Raises Misconfigured where one of them is in use, is not there or is of another version; Refused where the target
    holds rows or cannot hold one of the source's; Tampered where what arrived is not what was sent, or LedgerBroken
    where it is, and the ledger is damaged.
    """
    names = name_of(source), name_of(target)
    if names[0] == names[1]:
        raise Refused(f"source and target are the same store, {names[0]}: name two", code="copy-to-itself")
    marked = False
    try:
        with ExitStack() as stack:
            _check_there(source, names[0])
            source_is_ours = stack.enter_context(alone(source, names[0]))  # 1
            _check_source(source, names[0], migrate=migrate_source)
            target_is_ours = stack.enter_context(alone(target, names[1]))
            _check_target(target, *names)
            prepare(target, unfinished_too=True)
            tables = copying.tables()
            reading = stack.enter_context(_held_still(source, tables, names[0]))  # 2
            bulk.begin(target, tables, names[0], at)  # 3
            marked = True
            sent = _send(reading, target, tables, progress)  # 4
            received = _read_back(target, tables, sent, progress)  # 5
            _compare(sent, received)
            ledger = _verify_ledger(target, verify, progress)
            progress("finish", 0, 1)
            source_is_ours()  # a lost session let others in meanwhile
            target_is_ours()
            bulk.finish(target, tables)  # 6
    except (SQLAlchemyError, CommitUnknown) as error:
        said = getattr(error, "orig", None) or str(error) or "the database went away while it committed"
        left = "stays marked as unfinished: when both can be reached, start the same copy again"
        raise Misconfigured(
            f"the copy stopped ({said}); the source is as it was, and the target {left if marked else 'too'}",
            code="copy-stopped",
        ) from error
    return Copied(
        rows={name: each.rows for name, each in sent.items()},
        digests={name: each.digest for name, each in sent.items()},
        ledger=ledger,
        checkpoint=_last_checkpoint(target),
    )


def name_of(engine: Engine) -> str:
    """What a store is called in sentences: its URL without a password, a file by its whole path."""
    url = engine.url
    if url.get_backend_name() == "sqlite":
        url = url.set(database=str(Path(url.database or "").resolve()))
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


# --- 1 ------------------------------------------------------------------------------------------------------------


def _check_there(source: Engine, name: str) -> None:
    if source.dialect.name == "sqlite" and not Path(source.url.database or "").is_file():
        raise Misconfigured(f"there is no store at {name}: see to the path", code="store-not-there")


def _check_source(source: Engine, name: str, *, migrate: bool) -> None:
    with source.connect() as connection:
        unfinished, revision = bulk.unfinished(connection), revision_of(connection)
    if unfinished is not None:
        raise Misconfigured(
            f"{name} is itself an unfinished copy of {unfinished}: finish it, or copy from there",
            code="copy-unfinished",
        )
    if migrate:
        prepare(source)
    elif revision != newest():
        raise Misconfigured(
            f"{name} is at revision {revision or 'none'} and this version needs {newest()}: with --migrate-source it is"
            " migrated first; or run `simojo store migrate` on it",
            code="store-not-migrated",
        )


def _check_target(target: Engine, source: str, name: str) -> None:
    """Refuse rows that nobody asked to lose."""
    with target.connect() as connection:
        unfinished = bulk.unfinished(connection)
        if unfinished == source:
            return
        if unfinished is not None:
            raise Refused(
                f"{name} is an unfinished copy of another store, {unfinished}: finish that one, or name a new, empty"
                " database",
                code="target-not-empty",
            )
        if occupied := list(_occupied(connection)):
            raise Refused(
                f"{name} holds rows already ({', '.join(occupied[:5])}): name a new, empty database",
                code="target-not-empty",
            )


def _occupied(connection: Connection) -> Iterator[str]:
    for name in sorted(set(inspect(connection).get_table_names()) - _OTHERS):
        if connection.execute(select(literal(1)).select_from(table(name)).limit(1)).first() is not None:
            yield name


# --- 2 ------------------------------------------------------------------------------------------------------------


@contextmanager
def _held_still(source: Engine, tables: Sequence[Table], name: str) -> Iterator[Connection]:
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(bulk.held_still(source, tables))
        except SQLAlchemyError as error:
            raise Misconfigured(
                f"{name} could not be held still ({getattr(error, 'orig', None) or error}): stop whatever writes to it,"
                " and see that this user may",
                code="store-in-use",
            ) from error
        yield connection


# --- 4 and 5 ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Extent:
    rows: int
    digest: str


def _send(source: Connection, target: Engine, tables: Sequence[Table], progress: Progress) -> Mapping[str, _Extent]:
    total = sum(copying.count(source, each) for each in tables)
    progress("copy", 0, total)
    sent: dict[str, _Extent] = {}
    done = 0
    for each in tables:
        digest, rows = copying.Digest(), 0
        for batch in copying.batches(source, each):
            copying.check_holdable(each, batch, target.dialect.name)
            digest.add(batch)
            bulk.load(target, each, batch)
            rows += len(batch)
            progress("copy", done + rows, total)
        done += rows
        sent[each.name] = _Extent(rows, digest.hexdigest())
    return sent


def _read_back(
    target: Engine, tables: Sequence[Table], sent: Mapping[str, _Extent], progress: Progress
) -> Mapping[str, _Extent]:
    total = sum(each.rows for each in sent.values())
    progress("compare", 0, total)
    received: dict[str, _Extent] = {}
    done = 0
    with bulk.held_still(target, tables) as connection:
        for each in tables:
            digest = copying.Digest()
            for batch in copying.batches(connection, each):
                digest.add(batch)
                done += len(batch)
                progress("compare", done, total)
            received[each.name] = _Extent(copying.count(connection, each), digest.hexdigest())
    return received


def _compare(sent: Mapping[str, _Extent], received: Mapping[str, _Extent]) -> None:
    for name, extent in sent.items():
        if received[name] != extent:
            raise Tampered(
                f"table {name} differs: {extent.rows} rows with digest {extent.digest} were sent, {received[name].rows}"
                f" with {received[name].digest} arrived; the target stays marked as unfinished",
                code="copy-differs",
            )


def _verify_ledger(target: Engine, verify: Verify, progress: Progress) -> StoreVerdict:
    reader = Reader(target)
    size = reader.tree_size()
    progress("ledger", 0, size)
    verdict = verify(reader, lambda done: progress("ledger", done, size))
    progress("ledger", size, size)
    return verdict


def _last_checkpoint(target: Engine) -> str | None:
    last = Reader(target).last_checkpoint()
    return None if last is None else last.note
