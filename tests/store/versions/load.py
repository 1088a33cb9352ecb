"""Stores of earlier versions, with data in every table, on either engine."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Boolean, Column, Connection, Date, DateTime, Engine, MetaData, Table, insert, select

from gateway.ledger.checkpoint import NoteKey
from gateway.settings import Settings
from gateway.store.unit_of_work import whole
from gateway.store.unit_of_work.bulk import number_on
from gateway.trust.secrets import MasterKey

FOLDER = Path(__file__).parent
MASTER_KEY, LEDGER_KEY = bytes([1] * 32), bytes([2] * 32)
"""The keys of the life that `dump` lets a hub live."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Version:
    """What a version left behind: its number, the revision of its tables, and their rows."""

    version: str
    revision: str
    tables: Mapping[str, list[Row]]


def versions() -> dict[str, Version]:
    """Every tagged version that has a fixture, by its tag."""
    read = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("v*.json"))}
    return {tag: Version(**said) for tag, said in read.items()}


def master() -> MasterKey:
    """The master key of every fixture."""
    return MasterKey(MASTER_KEY)


def note_key() -> NoteKey:
    """The ledger's key of every fixture."""
    return NoteKey.from_seed(Settings.model_fields["ledger_origin"].default, LEDGER_KEY)


def at_revision(engine: Engine, revision: str) -> None:
    """Make the tables of that revision by the migrations, in an empty database."""
    config = Config()
    config.set_main_option("script_location", "gateway.store:migrations")
    with whole(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def load(engine: Engine, version: Version) -> None:
    """The store as that version left it."""
    at_revision(engine, version.revision)
    with whole(engine) as connection:
        for name, rows in version.tables.items():
            table = Table(name, MetaData(), autoload_with=connection)
            connection.execute(insert(table), [_typed(table, row) for row in rows])
            if engine.dialect.name == "postgresql":
                number_on(connection, table)


def found(connection: Connection, name: str, columns: list[str]) -> list[Row]:
    """The rows of a table with these columns of theirs, as `expected` gives them."""
    table = Table(name, MetaData(), autoload_with=connection)
    rows = connection.execute(select(*(table.c[column] for column in columns))).mappings()
    return sorted(({key: _aware(value) for key, value in row.items()} for row in rows), key=repr)


def expected(connection: Connection, name: str, rows: list[Row]) -> list[Row]:
    """The rows of a fixture as values of their columns' types."""
    table = Table(name, MetaData(), autoload_with=connection)
    return sorted((_typed(table, row) for row in rows), key=repr)


def bytes_of(said: Mapping[str, str]) -> bytes:
    """Bytes as a fixture writes them."""
    return said["text"].encode() if "text" in said else base64.b64decode(said["base64"])


def _typed(table: Table, row: Row) -> dict[str, Any]:
    return {name: _value(table.c[name], value) for name, value in row.items()}


def _value(column: Column[Any], value: Any) -> Any:
    match value:
        case {"text": _} | {"base64": _}:
            return bytes_of(value)
        case str() if isinstance(column.type, DateTime):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
        case str() if isinstance(column.type, Date):
            return date.fromisoformat(value)
        case int() if isinstance(column.type, Boolean):
            return bool(value)
        case other:
            return other


def _aware(value: Any) -> Any:
    """SQLite gives instants back without their zone, which is UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
