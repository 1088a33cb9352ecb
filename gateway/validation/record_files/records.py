"""What every form of a file of records gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from gateway.contract.message import Payload
from gateway.domain.errors import Violation

MAX_RECORD_BYTES = 64 * 1024
"""The largest record that is read, in bytes as it stands in its file."""

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Place:
    """Up to where a file was read: so many records, and the byte behind the last one."""

    records: int = 0
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class ReadRecord:
    """One record: its number from 1 on, the byte behind it, and what it says; or why it is none (`fault`).

    `begins_at` is the byte at which it begins; of XML, where nobody asks for it, 0.
    """

    number: int
    begins_at: int = 0
    ends_at: int
    payload: Payload
    fault: Violation | None = None


class BrokenFile(Exception):
    """From this byte on the file cannot be read. `text` says why, with line (0: not known) and byte."""

    def __init__(self, why: str, *, line: int, byte: int) -> None:
        where = f"line {line}, byte {byte}" if line else f"byte {byte}"
        super().__init__(f"{why}, at {where}")
        self.text = f"{why}, at {where}"
        self.line = line
        self.byte = byte


class Source(Protocol):
    """The bytes of a file, as `io.BufferedReader` gives them."""

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line with its end, at most `size` bytes of it; b"" at the end."""
        ...

    def read(self, size: int | None = -1, /) -> bytes:
        """At most `size` bytes; b"" at the end."""
        ...

    def seek(self, target: int, whence: int = 0, /) -> int:
        """Go on from the byte `target`."""
        ...


def unfit(rule: str, text: str) -> Violation:
    """Why a record as a whole is none."""
    return Violation(path="", rule=rule, text=text)
