"""Reading a whole store: every table in the order of its key, in batches that fit into memory, with its digest.

Digests are over values and not over what an engine makes of them, so that two engines that hold the same have the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, Connection, Integer, LargeBinary, Table, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import SQLModel

import gateway.store.tables  # noqa: F401 - declares the tables on SQLModel.metadata
from gateway.domain.errors import Refused

Row: TypeAlias = Sequence[Any]

ROWS = 2000
"""Rows of one batch, at most."""

BATCH_BYTES = 8 * 2**20
"""Bytes of text and bodies after which a batch ends."""

AHEAD = {True: 32, False: 500}
"""Rows that are fetched at a time, of a table with bodies and of one without."""

_LARGEST_INTEGER = 2**31


def tables() -> tuple[Table, ...]:
    """Every table of this version, in the order of their names."""
    return tuple(SQLModel.metadata.tables[name] for name in sorted(SQLModel.metadata.tables))


def count(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def batches(connection: Connection, table: Table) -> Iterator[list[Row]]:
    """All rows of a table in the order of its key, a value for every column in the table's order.

    Must run in a transaction. Raises Refused `value-unreadable` for a stored value that is not of its column's type.
    """
    bodies = any(isinstance(column.type, LargeBinary) for column in table.columns)
    statement = select(*table.columns).order_by(*table.primary_key.columns)
    batch: list[Row] = []
    size, last = 0, None
    options = {"stream_results": True, "yield_per": AHEAD[bodies]}
    try:
        with connection.execute(statement, execution_options=options) as found:
            for row in found:
                last = row
                batch.append(row)
                size += sum(len(value) for value in row if isinstance(value, bytes | str))
                if len(batch) >= ROWS or size >= BATCH_BYTES:
                    yield batch
                    batch, size = [], 0
    except (ValueError, TypeError) as error:  # from a column's type
        raise _unreadable(table, last) from error
    except DBAPIError as error:
        if "decode to UTF-8" in str(error.orig):  # the words of sqlite3
            raise _unreadable(table, last) from None
        raise
    if batch:
        yield batch


class Digest:
    """The SHA-256 of rows as they come: each value by its type, its length and its bytes; instants in UTC."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, rows: Sequence[Row]) -> None:
        """Take in rows."""
        for row in rows:
            for value in row:
                kind, said = _canonical(value)
                self._hash.update(b"%b%d:" % (kind, len(said)))
                self._hash.update(said)
            self._hash.update(b"\n")

    def hexdigest(self) -> str:
        """The digest of all rows so far."""
        return self._hash.hexdigest()


def check_holdable(table: Table, rows: Sequence[Row], engine: str) -> None:
    """Refuse values that `engine` (a dialect's name) cannot keep, or that are not of their column's type.

    SQLite lets in any of them. Raises Refused `value-not-holdable` that names table, key and column.
    """
    for place, column in enumerate(table.columns):
        kind = _plain(column.type)
        wanted = kind.python_type
        small = engine == "postgresql" and isinstance(kind, Integer) and not isinstance(kind, BigInteger)
        for row in rows:
            value = row[place]
            if value is None and column.nullable:
                continue
            if not isinstance(value, wanted):
                raise _not_holdable(table, row, column.name, f"{type(value).__name__} where {wanted.__name__} belongs")
            if engine == "postgresql" and isinstance(value, str) and "\0" in value:
                raise _not_holdable(table, row, column.name, "a NUL character, which PostgreSQL keeps in no text")
            if small and not -_LARGEST_INTEGER <= value < _LARGEST_INTEGER:
                raise _not_holdable(table, row, column.name, f"{value}, a number beyond 32 bits")


def _plain(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    """What a column's type is without what decorates it."""
    while isinstance(kind, TypeDecorator):
        kind = kind.impl_instance
    return kind


def _canonical(value: object) -> tuple[bytes, bytes]:
    match value:
        case None:
            return b"n", b""
        case bool():
            return b"b", b"1" if value else b"0"
        case int():
            return b"i", str(value).encode()
        case str():
            return b"s", value.encode()
        case bytes():
            return b"x", value
        case datetime():
            return b"t", value.astimezone(UTC).isoformat(timespec="microseconds").encode()
        case date():
            return b"d", value.isoformat().encode()
        case other:
            raise TypeError(f"no canonical form of {type(other).__name__}")


def _key(table: Table, row: Row) -> str:
    names = [column.name for column in table.columns]
    return ", ".join(f"{column.name}={row[names.index(column.name)]!r}" for column in table.primary_key.columns)


def _not_holdable(table: Table, row: Row, column: str, what: str) -> Refused:
    return Refused(
        f"table {table.name}, row {_key(table, row)}: column {column} holds {what};"
        " see to that row in the source, then copy again",
        code="value-not-holdable",
    )


def _unreadable(table: Table, last: Row | None) -> Refused:
    where = "its first row" if last is None else f"a row behind {_key(table, last)}"
    return Refused(
        f"table {table.name}: {where} holds a value that is not of its column's type;"
        " see to it in the source (`simojo ledger verify` names it), then copy again",
        code="value-unreadable",
    )
