"""A store of many exchanges, without sending them: rows that the hub wrote for real ones, copied under new ids.

For each exchange: its row, its parts, and its two leaves, whose texts name the new ids and whose hashes are those of
the texts; then the tiles, the head and a signed checkpoint of the tree that holds all these leaves, so that the hub's
integrator goes on from it. Times lie in the year before. Not made anew are the commitments inside a leaf (to read them
would take the keys) and a data key for each day: neither is read by an exchange.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Engine, delete, func, insert, select, update
from sqlalchemy.engine import URL, make_url
from sqlmodel import SQLModel

from benchmarks.load import LoadFailed
from gateway.app import Store
from gateway.ledger.checkpoint import Checkpoint, sign
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.tree import extend
from gateway.operations.integrator import StoredTiles
from gateway.store.plan import table_of
from gateway.store.reading import HEAD
from gateway.store.tables import CheckpointRow, ExchangeRow, LeafRow, PartRow, TileRow, TreeHeadRow

EACH: tuple[type[SQLModel], ...] = (ExchangeRow, PartRow, LeafRow)
"""The tables in which each exchange has rows."""
SPAN = timedelta(days=365)

_CHUNK = 20_000
_Row: TypeAlias = dict[str, Any]
_Write: TypeAlias = Callable[[str, Sequence[str], Iterable[tuple[Any, ...]]], None]


def table_counts(engine: Engine) -> Mapping[str, int]:
    """Rows of every table."""
    with engine.connect() as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in SQLModel.metadata.sorted_tables
            if table.name != "reference_exchange"
        }


def check_tables(before: Mapping[str, int], after: Mapping[str, int], exchanges: int) -> None:
    """Raises LoadFailed when real exchanges wrote rows of their own into a table that is not filled here."""
    known = {table_of(model).name for model in EACH}
    grown = {name for name, count in after.items() if count - before[name] >= exchanges / 2}
    if unknown := grown - known:
        raise LoadFailed(
            f"each exchange also writes into {', '.join(sorted(unknown))}: benchmarks/fill.py must fill it"
        )


@dataclass(frozen=True)
class _Seed:
    """The rows of one real exchange, with the values of the driver."""

    exchange: _Row
    parts: Sequence[_Row]
    leaves: Sequence[_Row]


def fill(store: Store, count: int, until: datetime) -> None:
    """Add `count` exchanges, made from those that the store holds, before `until`.

    Nobody else may use the store. Raises LoadFailed when it holds none.
    """
    seeds = list(_seeds(store.engine))
    if not seeds:
        raise LoadFailed("the store holds no exchange that could be copied")
    first, hashes = store.reader.tree_size(), []
    copies = _copies(seeds, count, until, first)
    with _writing(store) as write:
        while chunk := list(itertools.islice(copies, _CHUNK)):
            for index, model in enumerate(EACH):
                rows = [row for copy in chunk for row in copy[index]]
                columns = list(rows[0])
                write(table_of(model).name, columns, (tuple(row.values()) for row in rows))
            hashes += [leaf["hash"] for copy in chunk for leaf in copy[2]]
    _grow(store, first, hashes, until)


def _seeds(engine: Engine) -> Iterator[_Seed]:
    with engine.connect() as connection:

        def rows(text: str) -> list[_Row]:
            return [dict(row) for row in connection.exec_driver_sql(text).mappings()]

        exchanges = rows("SELECT * FROM exchange WHERE direction = 'in' AND verdict = 'accepted' ORDER BY id LIMIT 64")
        for exchange in exchanges:
            parts = rows(f"SELECT * FROM exchange_part WHERE exchange = '{exchange['id']}'")  # noqa: S608 - our own id
            leaves = rows(f"SELECT * FROM leaf WHERE exchange = '{exchange['id']}' ORDER BY serial")  # noqa: S608 - same
            for leaf in leaves:
                del leaf["serial"]
            yield _Seed(exchange, parts, leaves)


def _copies(
    seeds: Sequence[_Seed], count: int, until: datetime, first: int
) -> Iterator[tuple[list[_Row], list[_Row], list[_Row]]]:
    """Rows of the exchanges, oldest first: of EACH table. `first` is the place of the first leaf."""
    run, place = os.urandom(4).hex(), itertools.count(first)
    for number, seed in zip(range(count), itertools.cycle(seeds), strict=False):
        at = until - SPAN + SPAN * number / count
        new = _new_id(at)
        exchange = {
            **seed.exchange,
            "id": new,
            "message_id": f"{run}-{number:09d}",
            "content": hashlib.sha256(new.encode()).hexdigest()[: len(seed.exchange["content"])],
            **{name: _time(seed.exchange[name], at) for name in ("at", "sealed_at")},
        }
        parts = [{**each, "exchange": new} for each in seed.parts]
        leaves = [_leaf(each, seed.exchange["id"], new, at, next(place)) for each in seed.leaves]
        yield [exchange], parts, leaves


def _leaf(seed: _Row, old: str, new: str, at: datetime, place: int) -> _Row:
    own = _new_id(at)
    canonical = bytes(seed["canonical"]).replace(old.encode(), new.encode()).replace(seed["id"].encode(), own.encode())
    return {
        **seed,
        "id": own,
        "exchange": new,
        "canonical": canonical,
        "hash": leaf_hash(canonical),
        "tree_index": place,
    }


def _new_id(at: datetime) -> str:
    """A UUID of version 7 of that moment."""
    stamp, chance = int(at.timestamp() * 1000), os.urandom(10).hex()
    return f"{stamp:012x}"[:8] + f"-{stamp & 0xFFFF:04x}-7{chance[:3]}-8{chance[3:6]}-{chance[6:18]}"


def _time(seed: Any, at: datetime) -> Any:
    """A time as the driver has it: text on SQLite."""
    if not isinstance(seed, str):
        return None if seed is None else at
    text = at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
    if len(text) != len(seed):
        raise LoadFailed(f"the store writes times as {seed!r}, benchmarks/fill.py as {text!r}")
    return text


def _grow(store: Store, first: int, hashes: Sequence[bytes], at: datetime) -> None:
    """Grow the tree by the leaves that are there now, as the integrator does, in one step."""
    grown = extend(first, StoredTiles(store.reader), hashes)
    note = sign(Checkpoint(store.note_key.name, grown.size, grown.root), store.note_key)
    tile, head = table_of(TileRow), table_of(TreeHeadRow)
    rows = [{"level": each.level, "number": each.index, "hashes": data} for each, data in grown.tiles.items()]
    partial = [each for each in grown.tiles if store.reader.tile(each.level, each.index) is not None]
    with store.engine.begin() as connection:
        for each in partial:
            connection.execute(delete(tile).where(tile.c.level == each.level, tile.c.number == each.index))
        connection.execute(insert(tile), rows)
        connection.execute(update(head).where(head.c.id == HEAD).values(size=grown.size))
        checkpoint = {"size": grown.size, "previous": first, "note": note, "at": at}
        connection.execute(insert(table_of(CheckpointRow)), checkpoint)


@contextmanager
def _writing(store: Store) -> Iterator[_Write]:
    """Rows into a table, through the driver; afterwards the engine has tidied up as it would over a year."""
    url = make_url(store.settings.database_url)
    writing = _sqlite(url.database or "") if url.get_backend_name() == "sqlite" else _postgres(url)
    with writing as write:
        yield write


@contextmanager
def _sqlite(path: str) -> Iterator[_Write]:
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-200000")

        def write(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
            places = ", ".join("?" * len(columns))
            connection.execute("BEGIN")
            text = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - names of our tables
            connection.executemany(text, rows)
            connection.execute("COMMIT")

        yield write
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("ANALYZE")


@contextmanager
def _postgres(url: URL) -> Iterator[_Write]:
    import psycopg

    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:

        def write(table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
            text = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor() as cursor, cursor.copy(text.encode()) as copy:
                for row in rows:
                    copy.write_row(row)

        yield write
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
