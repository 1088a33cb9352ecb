"""The list that an agency sends: CSV with the header `message_id,sha256[,answer_sha256][,direction][,at]`.

    message_id     the id that the sender gave the message
    sha256         of the exact bytes of the body that was sent or received (docs/wire.md), hex; capitals are taken
    answer_sha256  the same of the answer in the same call; empty where it is not listed
    direction      seen from the agency: `from-you` or `to-you`; empty: either
    at             the agency's own time of it, ISO 8601; given back and not compared

UTF-8, with or without a byte order mark. Columns in any order. Semicolons are taken when the header has them, since
that is what Excel writes where a comma is the decimal point. Empty lines are passed over; a fault names its line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from gateway.domain.errors import Malformed

COLUMNS = ("message_id", "sha256", "answer_sha256", "direction", "at")
NEEDED = COLUMNS[:2]
FROM_AGENCY, TO_AGENCY = "from-you", "to-you"
MAX_LINE = 4096
"""Characters of one line."""
MAX_LINES = 5_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
MAX_ID = 256


class Line(NamedTuple):
    """One line. `number` counts the messages of the list from 1; digests are lower-case hex; "" where not given."""

    number: int
    message_id: str
    sha256: str
    answer_sha256: str = ""
    direction: str = ""
    at: str = ""


def read_list(chunks: Iterable[bytes]) -> Iterator[Line]:
    """Read a list, a line at a time. Raises Malformed `list-unreadable`, `list-too-long`."""
    lines = _lines(chunks)
    head = next(lines, "")
    if not head.strip():
        raise _unreadable(1, f"the header is missing: begin with {','.join(NEEDED)}")
    mark = ";" if ";" in head and "," not in head else ","
    names = [each.strip().strip('"').lower() for each in head.split(mark)]
    unknown = [each for each in names if each not in COLUMNS]
    lacking = [each for each in NEEDED if each not in names]
    if unknown or lacking or len(set(names)) < len(names):
        raise _unreadable(
            1,
            f"the header is {head.strip()[:80]!r}: message_id and sha256, and of answer_sha256, direction and at what "
            "is known, each once, parted by commas or by semicolons",
        )
    count = 0
    for place, cells in enumerate(csv.reader(lines, delimiter=mark), 2):
        if not any(each.strip() for each in cells):
            continue
        count += 1
        if count > MAX_LINES:
            raise Malformed(f"the list has more than {MAX_LINES} lines: split it by days", code="list-too-long")
        yield _line(count, place, names, cells)


def checked(line: Line, place: int) -> Line:
    """A line whose values can be compared. Raises Malformed `list-unreadable`, which names the place in the list."""
    if not 1 <= len(line.message_id) <= MAX_ID or not line.message_id.isprintable():
        raise _unreadable(place, f"a message_id has 1 to {MAX_ID} printable characters")
    if not _DIGEST.fullmatch(line.sha256):
        raise _unreadable(place, f"sha256 is {line.sha256[:70]!r}: 64 hex digits, not base64, of the exact body")
    if line.answer_sha256 and not _DIGEST.fullmatch(line.answer_sha256):
        raise _unreadable(place, f"answer_sha256 is {line.answer_sha256[:70]!r}: 64 hex digits, or nothing")
    if line.direction not in ("", FROM_AGENCY, TO_AGENCY):
        raise _unreadable(place, f"direction is {line.direction[:20]!r}: {FROM_AGENCY}, {TO_AGENCY} or nothing")
    if line.at:
        try:
            datetime.fromisoformat(line.at)
        except ValueError:
            raise _unreadable(place, f"at is {line.at[:40]!r}: 2026-03-02T09:00:00+07:00, or nothing") from None
    return line


def _line(number: int, place: int, names: Sequence[str], cells: Sequence[str]) -> Line:
    if len(cells) != len(names):
        raise _unreadable(place, f"it has {len(cells)} values, and the header {len(names)}")
    said = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
    return checked(
        Line(
            number=number,
            message_id=said["message_id"],
            sha256=said["sha256"].lower(),
            answer_sha256=said.get("answer_sha256", "").lower(),
            direction=said.get("direction", "").lower(),
            at=said.get("at", ""),
        ),
        place,
    )


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Lines of bounded length, decoded."""
    rest, place = b"", 0
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for each in whole:
            place += 1
            yield _decoded(each, place)
        if len(rest) > MAX_LINE:
            raise _unreadable(place + 1, f"it is longer than {MAX_LINE} bytes: this is no list of messages")
    if rest:
        yield _decoded(rest, place + 1)


def _decoded(line: bytes, place: int) -> str:
    if len(line) > MAX_LINE or b"\x00" in line:
        raise _unreadable(place, f"it is longer than {MAX_LINE} bytes, or has a null byte: save the sheet as CSV")
    try:
        return line.decode("utf-8-sig" if place == 1 else "utf-8") + "\n"
    except UnicodeDecodeError:
        raise _unreadable(place, "it is not UTF-8: save the sheet as CSV UTF-8") from None


def _unreadable(place: int, text: str) -> Malformed:
    return Malformed(f"line {place} of the list: {text}", code="list-unreadable", clause="Pasal 22(4)b")
