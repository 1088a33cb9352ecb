"""The list and what was found of it, in a temporary SQLite file: sorted by id and by digest, gone when it is closed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

from gateway.operations.reconciling.listing import KEY, Line

_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;
CREATE TABLE line (number INTEGER PRIMARY KEY, message_id TEXT, sha256 TEXT, answer_sha256 TEXT, direction TEXT,
                   at TEXT);
CREATE TABLE found (number INTEGER PRIMARY KEY, rank INTEGER, body TEXT);
CREATE TABLE account (number INTEGER PRIMARY KEY, key TEXT, outcome TEXT);
CREATE TABLE unlisted (place INTEGER PRIMARY KEY, body TEXT);
"""
_BETTER = """
INSERT INTO found VALUES (?, ?, ?)
ON CONFLICT (number) DO UPDATE SET rank = excluded.rank, body = excluded.body WHERE excluded.rank < found.rank
"""


class Account(NamedTuple):
    """What became of a record: its number, what stands for its key ("" for none), and the outcome."""

    number: int
    key: str
    outcome: str


class SortedList:
    """A list of any length. For one thread; a context in which its file is there."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="simojo-list-")
        self._file = sqlite3.connect(f"{self._folder.name}/list.db", isolation_level=None)
        self._file.executescript(_TABLES)
        self._file.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._folder.cleanup()

    def take(self, lines: Iterable[Line]) -> int:
        """Take the lines of the list, and give how many there are. Raises what reading them raises."""
        self._file.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?)", lines)
        self._file.execute("CREATE INDEX line_id ON line (message_id, number)")
        self._file.execute("CREATE INDEX line_digest ON line (sha256, number)")
        (count,) = self._file.execute("SELECT count(*) FROM line").fetchone()
        return int(count)

    def named(self, message_id: str) -> list[Line]:
        """The lines with this message id, in their order."""
        return self._lines("message_id = ? ORDER BY number", message_id)

    def with_digest(self, sha256: str) -> list[Line]:
        """The lines whose message has this digest, in their order."""
        return self._lines("sha256 = ? ORDER BY number", sha256)

    def unfound(self, after: int, limit: int) -> list[Line]:
        """Lines of which nothing was found by now, behind a number."""
        return self._lines(
            "number > ? AND NOT EXISTS (SELECT 1 FROM found WHERE found.number = line.number) ORDER BY number LIMIT ?",
            after,
            limit,
        )

    def is_by_key(self) -> bool:
        """Whether it names records by their keys."""
        return self._file.execute("SELECT 1 FROM line WHERE direction = ? LIMIT 1", (KEY,)).fetchone() is not None

    def take_accounts(self, accounts: Iterable[Account]) -> bool:
        """Take what became of records of a file; whether two of them have one key."""
        self._file.executemany("INSERT OR REPLACE INTO account VALUES (?, ?, ?)", accounts)
        self._file.execute("CREATE INDEX account_key ON account (key)")
        twice = "SELECT 1 FROM account WHERE key != '' GROUP BY key HAVING count(*) > 1 LIMIT 1"
        return self._file.execute(twice).fetchone() is not None

    def has_keys(self) -> bool:
        """Whether any record has a key."""
        return self._file.execute("SELECT 1 FROM account WHERE key != '' LIMIT 1").fetchone() is not None

    def account(self, number: int) -> Account:
        """What became of a record; of one that is not accounted for nothing."""
        found = self._file.execute("SELECT * FROM account WHERE number = ?", (number,)).fetchone()
        return Account(number, "", "") if found is None else Account(*found)

    def count(self) -> int:
        """How many lines the result will have."""
        (count,) = self._file.execute("SELECT (SELECT count(*) FROM line) + (SELECT count(*) FROM unlisted)").fetchone()
        return int(count)

    def put(self, number: int, rank: int, body: str) -> None:
        """What was found of a line; of two that are found, that of the lower rank stands."""
        self._file.execute(_BETTER, (number, rank, body))

    def put_unlisted(self, body: str) -> None:
        """Something on record that the list does not name; in the order in which it is told."""
        self._file.execute("INSERT INTO unlisted (body) VALUES (?)", (body,))

    def results(self) -> Iterator[tuple[Line | None, str | None]]:
        """Every line with what was found of it, then what it does not name."""
        columns = ", ".join(f"line.{name}" for name in Line._fields)
        asked = f"SELECT {columns}, body FROM line LEFT JOIN found USING (number) ORDER BY line.number"  # noqa: S608 - our own names alone
        for *line, body in self._file.execute(asked):
            yield Line(*line), body
        for (body,) in self._file.execute("SELECT body FROM unlisted ORDER BY place"):
            yield None, body

    def _lines(self, where: str, *values: object) -> list[Line]:
        return [Line(*row) for row in self._file.execute(f"SELECT * FROM line WHERE {where}", values)]  # noqa: S608 - our own words alone
