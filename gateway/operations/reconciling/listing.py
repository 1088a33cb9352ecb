"""The list that an agency sends: CSV with the header `message_id,sha256[,answer_sha256][,direction][,at]`.

    message_id     the id that the sender gave the message
    sha256         of the exact bytes of the body that was sent or received (docs/wire.md), hex; capitals are taken
    answer_sha256  the same of the answer in the same call; empty where it is not listed
    direction      seen from the agency: `from-you` or `to-you`; empty: either
    at             the agency's own time of it, ISO 8601; given back and not compared

Of a file of records (a batch) the list has a line for each record, and the header `record,sha256[,at]` or
`key,sha256[,at]`:

    record         its number in the file, from 1
    key            what the result of the file calls its key; of a key only its digest is kept
    sha256         of the record as it stands in the file (docs/reconciliation.md)

UTF-8, with or without a byte order mark. Columns in any order. Semicolons are taken when the header has them, since
that is what Excel writes where a comma is the decimal point. Empty lines are passed over; a fault names its line.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from gateway.domain.errors import Malformed

COLUMNS = ("message_id", "sha256", "answer_sha256", "direction", "at")
NEEDED = COLUMNS[:2]
RECORD, KEY = "record", "key"
FROM_AGENCY, TO_AGENCY = "from-you", "to-you"
MAX_LINE = 4096
"""Characters of one line."""
MAX_LINES = 5_000_000
_NUMBER = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
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


def read_list(chunks: Iterable[bytes], *, of_records: bool = False) -> Iterator[Line]:
    """Read a list of messages or of records, a line at a time. Raises Malformed `list-unreadable`, `list-too-long`.

    Of a record's line `direction` is `record` or `key`, and `message_id` its number or the SHA-256 of the key.
    """
    lines = _lines(chunks)
    head = next(lines, "")
    if not head.strip():
        raise _unreadable(1, f"the header is missing: begin with {','.join(NEEDED)}")
    mark = ";" if ";" in head and "," not in head else ","
    names = [each.strip().strip('"').lower() for each in head.split(mark)]
    if len(set(names)) < len(names) or not (_names_records(names) if of_records else _names_messages(names)):
        wanted = "message_id and sha256, and of answer_sha256, direction and at what is known"
        wanted = "record or key, sha256, and at where it is known" if of_records else wanted
        raise _unreadable(
            1, f"the header is {head.strip()[:80]!r}: {wanted}, each once, parted by commas or by semicolons"
        )
    read = _record_line if of_records else _line
    count = 0
    for place, cells in enumerate(csv.reader(lines, delimiter=mark), 2):
        if not any(each.strip() for each in cells):
            continue
        count += 1
        if count > MAX_LINES:
            raise Malformed(f"the list has more than {MAX_LINES} lines: split it by days", code="list-too-long")
        yield read(count, place, names, cells)


def _names_messages(names: Sequence[str]) -> bool:
    return set(names) <= set(COLUMNS) and set(NEEDED) <= set(names)


def _names_records(names: Sequence[str]) -> bool:
    return set(names) in ({mark, "sha256", *more} for mark in (RECORD, KEY) for more in ((), ("at",)))


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


def _said(place: int, names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) != len(names):
        raise _unreadable(place, f"it has {len(cells)} values, and the header {len(names)}")
    return {name: cell.strip() for name, cell in zip(names, cells, strict=True)}


def _record_line(number: int, place: int, names: Sequence[str], cells: Sequence[str]) -> Line:
    said = _said(place, names, cells)
    if RECORD in said:
        mark, name = RECORD, said[RECORD]
        if not _NUMBER.fullmatch(name):
            raise _unreadable(place, f"record is {name[:20]!r}: its number in the file, from 1")
    else:
        mark, name = KEY, mark_of_key(said[KEY])
        if not 1 <= len(said[KEY]) <= MAX_ID:
            raise _unreadable(place, f"a key has 1 to {MAX_ID} characters")
    line = checked(Line(number, name, said["sha256"].lower(), at=said.get("at", "")), place)
    return line._replace(direction=mark)


def mark_of_key(key: str) -> str:
    """Give what stands for a record's key: keys may name people, and are not kept."""
    return sha256(key.encode()).hexdigest()


def _line(number: int, place: int, names: Sequence[str], cells: Sequence[str]) -> Line:
    said = _said(place, names, cells)
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
