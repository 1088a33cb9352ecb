"""The journal of erasures: a file beside the database, which a restored older copy of the database does not undo.

    {"v": 1, "id": "...", "at": "<UTC>", "dossier": "dossier/<random>", "cases": ["..."], "basis": "...",
     "by": ["<who proposed>", "<who approved>"]}

One line for each erasure, written and flushed to disk before a key is destroyed. It names random scopes, case ids and
staff, and never the person. A line that a crash broke off is passed by: nothing was destroyed for it, and the erasure
that it was for writes it again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from gateway.domain.errors import Misconfigured

VERSION = 1

_log = structlog.get_logger("simojo.erasing")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One erasure: its id, when it was decided, the scope of its dossier, the ids of its cases, and by whom."""

    id: str
    at: str
    dossier: str
    cases: tuple[str, ...]
    basis: str
    by: tuple[str, str]


class Journal:
    """The file. Several processes may append to it: each line is one write at its end."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Entry) -> None:
        """Write an erasure down, on disk when this returns. Raises Misconfigured `erasure-journal`."""
        line = json.dumps({"v": VERSION, **asdict(entry)}, separators=(",", ":")).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                size = os.fstat(file).st_size
                torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
                os.write(file, b"\n" + line if torn else line)
                os.fsync(file)
            finally:
                os.close(file)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise _unusable(self.path, error) from None

    def entries(self) -> Iterator[Entry]:
        """All erasures, in the order in which they were written. Raises Misconfigured `erasure-journal`."""
        try:
            with self.path.open("rb") as file:
                for number, line in enumerate(file, 1):
                    entry = _read(line)
                    if entry is not None:
                        yield entry
                    elif line.strip():
                        _log.warning("erasure-journal-line-unreadable", path=str(self.path), line=number)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unusable(self.path, error) from None

    def ids(self) -> set[str]:
        """The ids of all erasures in it."""
        return {each.id for each in self.entries()}


def _read(line: bytes) -> Entry | None:
    try:
        said: dict[str, Any] = json.loads(line)
        if said.pop("v") != VERSION:
            return None
        proposer, approver = said.pop("by")
        return Entry(cases=tuple(said.pop("cases")), by=(proposer, approver), **said)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _sync_folder(folder: Path) -> None:
    """A new name is on disk when its folder is."""
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _unusable(path: Path, error: OSError) -> Misconfigured:
    return Misconfigured(
        f"the journal of erasures {path} cannot be used ({error.strerror}): nothing is erased without it. Name a file"
        " that this user may write, outside the database, in SIMOJO_ERASURE_JOURNAL",
        code="erasure-journal",
    )
