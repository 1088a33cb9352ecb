"""The journal of erasures: a file beside the database, which a restored older copy of the database does not undo.

    {"v": 1, "id": "...", "at": "<UTC>", "dossier": "dossier/<random>", "cases": ["..."], "basis": "...",
     "by": ["<who proposed>", "<who approved>"]}
    {"v": 1, "passed": <number of a line>, "sha256": "<of its bytes>", "because": "torn" | "accepted"}

One line of the first kind for each erasure, written and flushed to disk before a key is destroyed. It names random
scopes, case ids and staff, and never the person. A line that cannot be read may be the only trace of an erasure, so it
is never passed by in silence: one of the second kind, behind it, says why it is (`losing`).
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from gateway.domain.errors import Misconfigured

VERSION = 1
TORN, ACCEPTED = "torn", "accepted"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One erasure: its id, when it was decided, the scope of its dossier, the ids of its cases, and by whom."""

    id: str
    at: str
    dossier: str
    cases: tuple[str, ...]
    basis: str
    by: tuple[str, str]

    @property
    def line(self) -> bytes:
        """As it stands in the file."""
        return _line(asdict(self))


@dataclass(frozen=True, kw_only=True)
class Passed:
    """Says that a line that cannot be read is passed by: its number from 1, the SHA-256 (hex) of its bytes, why."""

    passed: int
    sha256: str
    because: str


@dataclass(frozen=True)
class Unreadable:
    """A line that cannot be read and that nothing passes by; `is_torn`: the last one, without its end."""

    number: int
    raw: bytes
    is_torn: bool

    def passed(self, because: str) -> Passed:
        """What passes it by."""
        return Passed(passed=self.number, sha256=sha256(self.raw).hexdigest(), because=because)


class Journal:
    """The file. Several processes may append to it: each line is one write at its end, under the file's lock."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entry: Entry) -> None:
        """Write an erasure down, on disk when this returns. Raises Misconfigured `erasure-journal`.

        A last line that is torn is passed by: who appends has judged it (`gateway.operations.erasing.losing`).
        """
        self._write(entry.line)

    def end_torn(self) -> None:
        """Pass by a last line that has no end."""
        self._write(b"")

    def accept(self, lines: Sequence[Unreadable]) -> None:
        """Pass these lines by from now on: somebody has accepted what they may have said."""
        self._write(b"".join(_line(asdict(each.passed(ACCEPTED))) for each in lines))

    def entries(self) -> Iterator[Entry]:
        """All erasures, in the order in which they were written. Raises Misconfigured `erasure-journal`."""
        for raw in self._lines():
            if isinstance(said := _read(raw), Entry):
                yield said

    def ids(self) -> set[str]:
        """The ids of all erasures in it."""
        return {each.id for each in self.entries()}

    def unreadable(self) -> list[Unreadable]:
        """The lines of which nobody can tell what they said, and which nothing passes by."""
        found, passed = [], set()
        with self._locked():
            for number, raw in enumerate(self._lines(), 1):
                said = _read(raw)
                if isinstance(said, Passed):
                    passed.add((said.passed, said.sha256))
                elif said is None and raw.strip():
                    found.append(Unreadable(number, raw.rstrip(b"\n"), not raw.endswith(b"\n")))
        return [each for each in found if (each.number, each.passed(TORN).sha256) not in passed]

    # --- within -------------------------------------------------------------------------------------------------------

    def _lines(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                yield from file
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unusable(self.path, error) from None

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold others off who append, where there is a file."""
        try:
            file = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            yield
            return
        except OSError as error:
            raise _unusable(self.path, error) from None
        try:
            fcntl.flock(file, fcntl.LOCK_SH)
            yield
        finally:
            os.close(file)

    def _write(self, lines: bytes) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            is_new = not self.path.exists()
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                left = _end_of_torn(file) + lines
                while left:  # a full disk takes a part, and refuses the next one
                    left = left[os.write(file, left) :]
                os.fsync(file)
            finally:
                os.close(file)
            if is_new:
                _sync_folder(self.path.parent)
        except OSError as error:
            raise _unusable(self.path, error) from None


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps({"v": VERSION, **said}, separators=(",", ":")).encode() + b"\n"


def _end_of_torn(file: int) -> bytes:
    """What ends a last line that has no end, and passes it by where it cannot be read."""
    size = os.fstat(file).st_size
    if size == 0 or os.pread(file, 1, size - 1) == b"\n":
        return b""
    lines = os.pread(file, size, 0).split(b"\n")
    if _read(lines[-1]) is not None:
        return b"\n"
    return b"\n" + _line(asdict(Unreadable(len(lines), lines[-1], is_torn=True).passed(TORN)))


def _read(line: bytes) -> Entry | Passed | None:
    try:
        said: dict[str, Any] = json.loads(line)
        if said.pop("v") != VERSION:
            return None
        if "passed" in said:
            return Passed(**said)
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
