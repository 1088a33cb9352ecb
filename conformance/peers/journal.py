"""What a peer received and sent: one JSON line each, appended and never changed, so that a restart remembers."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from gateway.domain.errors import Tampered

JOURNAL_FILE = "journal.jsonl"
MASK = "***"

Entry: TypeAlias = dict[str, Any]
"""One line: `at` (ISO 8601), `kind`, and members by kind."""


class Journal:
    """The journal of one peer. Safe to use from several threads. Raises Tampered when a whole line is not JSON."""

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        self._entries = self._read()

    def append(self, kind: str, **members: Any) -> Entry:
        """Write an entry to the disk and give it back with its time."""
        with self._lock:
            entry: Entry = {"at": self._clock().isoformat(), "kind": kind, **members}
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._entries.append(entry)
            return entry

    def entries(self, *kinds: str) -> list[Entry]:
        """Give the entries of some kinds, or all, oldest first."""
        with self._lock:
            return [each for each in self._entries if not kinds or each["kind"] in kinds]

    def _read(self) -> list[Entry]:
        if not self._path.exists():
            return []
        data = self._path.read_bytes()
        whole, _, torn = data.rpartition(b"\n")
        if torn:
            # a crash cut the last line off in the middle: what it told never took effect
            with self._path.open("r+b") as file:
                file.truncate(len(data) - len(torn))
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as fault:
            text = f"{self._path} has a line that is not JSON: keep it as evidence and start in an empty folder"
            raise Tampered(text, code="journal-broken") from fault


def masked(members: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Copy a mapping with the values of some members replaced by `***`; names are compared without case."""
    hidden = {name.casefold() for name in names}
    return {name: MASK if name.casefold() in hidden else value for name, value in members.items()}
