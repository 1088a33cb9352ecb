"""Databases for tests, on both engines: an empty one, or a copy of one that was furnished before; and a look behind.

On PostgreSQL the copies are used again (`tests/recycling.py`).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url

from gateway.store.engine import open_engine
from tests.postgres import Server
from tests.recycling import Copy

ENGINES = ("sqlite", "postgres")


class Databases:
    """Makes databases: files in a folder, or on a server where there is one."""

    def __init__(self, folder: Path, server: Server | None = None, *, prefix: str = "t") -> None:
        self._folder = folder
        self._prefix = prefix  # two of these on one server need two
        self._server = server
        self._numbers = count(1)
        self._idle: dict[str, list[Copy]] = {}

    @contextmanager
    def new(self, template: str | None = None) -> Iterator[str]:
        """A URL of a database that is there until the block ends, as a copy of `template` (a URL) or empty.

        Nobody may be connected to the template meanwhile.
        """
        name = f"{self._prefix}{next(self._numbers)}"
        if self._server is None:
            path = self._folder / f"{name}.db"
            if template is not None:
                shutil.copyfile(_name(template), path)
            yield f"sqlite:///{path}"
        elif template is None:
            yield from self._empty(self._server, name)
        else:
            yield from self._copy(self._server, name, template)

    def _empty(self, server: Server, name: str) -> Iterator[str]:
        url = server.create(name, "template0", "STRATEGY FILE_COPY")
        try:
            yield url
        finally:
            for copy in self._idle.pop(url, []):
                copy.drop()
            server.drop(name)

    def _copy(self, server: Server, name: str, template: str) -> Iterator[str]:
        idle = self._idle.setdefault(template, [])
        copy = idle.pop() if idle else Copy(server, name, _name(template))
        try:
            yield copy.url
        finally:
            if copy.put_back():
                idle.append(copy)
            else:
                copy.drop()


def _name(url: str) -> str:
    return make_url(url).database or ""


@dataclass(frozen=True)
class Furnished:
    """A folder with keys and the database that goes with them, which tests copy."""

    folder: Path
    url: str
    databases: Databases

    @contextmanager
    def copied(self, to: Path) -> Iterator[str]:
        """Copy both; gives the URL of the copied database, which is there until the block ends."""
        shutil.copytree(self.folder, to, dirs_exist_ok=True)
        with self.databases.new(self.url) as url:
            yield url


class Behind:
    """A database looked at and changed behind the store's back."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)
        self._connection = self._engine.connect()
        self.is_file = self._engine.dialect.name == "sqlite"

    def execute(self, statement: str, **values: Any) -> Any:
        """Run one statement, with `:name` for each value, on its own; gives SQLAlchemy's result."""
        return self._connection.execute(text(statement), values)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables, by table."""
        names = inspect(self._engine).get_table_names()
        found = {name: self.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608 - the schema's own names
        return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in found.items()}

    def stored(self) -> list[tuple[str, bytes]]:
        """Everything that was stored: each value of each table, and SQLite's files themselves.

        Those of PostgreSQL hold deleted rows of the tests before.
        """
        values = [(name, value) for name, rows in self.rows().items() for row in rows for value in row]
        found = [(name, value if isinstance(value, bytes) else str(value).encode()) for name, value in values]
        if self.is_file:
            path = Path(str(self._engine.url.database))
            found += [(each.name, each.read_bytes()) for each in path.parent.glob(f"{path.name}*")]
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()
