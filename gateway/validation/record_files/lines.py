"""JSON Lines and CSV: files that are read line by line, and resumed at any byte where a record begins."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterator

from gateway.contract.message import Payload
from gateway.domain.errors import Malformed, Violation
from gateway.validation.json_parse import parse_json
from gateway.validation.record_files.records import (
    BOM,
    MAX_RECORD_BYTES,
    BrokenFile,
    Place,
    ReadRecord,
    Source,
    unfit,
)

_NUL_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_MAX_COLUMNS = 500
_COUNTED = 64 * 1024


def json_lines(source: Source, begin: Place) -> Iterator[ReadRecord]:
    """The records of a JSON Lines file from `begin` on. Empty lines are none.

    A line that is too long or no JSON object is a record with a fault: the next line stands for itself.
    """
    source.seek(begin.position)
    number, position = begin.records, begin.position
    while line := source.readline(MAX_RECORD_BYTES + 1):
        size = len(line)
        is_long = size > MAX_RECORD_BYTES
        while is_long and not line.endswith(b"\n") and (line := source.readline(MAX_RECORD_BYTES)):
            size += len(line)
        if position == 0:
            line = line.removeprefix(BOM)
        position += size
        if is_long:
            number += 1
            text = f"expected a line of at most {MAX_RECORD_BYTES} bytes"
            fault = unfit("record-too-large", text)
            yield ReadRecord(number=number, begins_at=position - size, ends_at=position, payload={}, fault=fault)
        elif line.strip():
            number += 1
            yield _json_record(line, number, position - size, position)


def _json_record(line: bytes, number: int, begins_at: int, ends_at: int) -> ReadRecord:
    payload: Payload = {}
    fault: Violation | None = None
    try:
        value = parse_json(line, max_bytes=MAX_RECORD_BYTES)
    except Malformed as malformed:
        fault = unfit(malformed.code, malformed.text)
    else:
        if not isinstance(value, dict):
            fault = unfit("type", "expected a JSON object")
        elif b"\\u0000" in line and _NUL_ESCAPED.search(line):
            fault = unfit("nul", "expected text without the character NUL")
        else:
            payload = value
    return ReadRecord(number=number, begins_at=begins_at, ends_at=ends_at, payload=payload, fault=fault)


NOT_COMMAS = (
    "kolom dipisahkan titik koma atau tab, bukan koma: simpan sebagai 'CSV UTF-8 (Comma delimited)', dengan koma "
    "sebagai pemisah daftar di Pengaturan Wilayah / columns are separated by semicolons or tabs, not commas: save as "
    "'CSV UTF-8 (Comma delimited)', with the comma as list separator in the regional settings"
)
NOT_UTF_8 = (
    "baris ini bukan UTF-8 (mungkin Windows-1252): simpan berkas sebagai 'CSV UTF-8' / this line is not UTF-8 (perhaps "
    "Windows-1252): save the file as 'CSV UTF-8'"
)
_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` makes of a byte that is not UTF-8; UTF-8 itself cannot hold these."""


def csv_rows(source: Source, begin: Place, members: Collection[str]) -> Iterator[ReadRecord]:
    """The records of a CSV file from `begin` on; `members` are what a column may be called.

    A row with too few or too many cells, or with bytes that are not UTF-8, is a record with a fault: commas, quotes and
    ends of lines are ASCII, so such bytes hide none of them. Raises BrokenFile for a first line that does not name
    columns, for quotes that do not go together, and for a row that is too long.
    """
    columns, behind = _columns(source, members)
    position = max(begin.position, behind)
    source.seek(position)
    lines = _Lines(source, position)
    number = begin.records
    reader = csv.reader(lines, strict=True)
    while True:
        lines.begin_row()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise lines.broken(f"this is not CSV as RFC 4180 has it ({error})") from None
        if not row:  # an empty line
            continue
        number += 1
        fault = None
        if len(row) != len(columns):
            fault = unfit("columns", f"expected {len(columns)} cells, as the first line has, found {len(row)}")
        elif any(_NOT_UTF_8.search(cell) for cell in row):
            fault = unfit("encoding", NOT_UTF_8)
        elif any("\0" in cell for cell in row):
            fault = unfit("nul", "expected text without the character NUL")
        payload = {} if fault else {name: cell for name, cell in zip(columns, row, strict=True) if cell}
        yield ReadRecord(number=number, begins_at=lines.row_at, ends_at=lines.position, payload=payload, fault=fault)


def _columns(source: Source, members: Collection[str]) -> tuple[list[str], int]:
    """The columns that the first line names, and the byte behind it."""
    source.seek(0)
    lines = _Lines(source, 0)
    lines.begin_row()
    try:
        row = next(csv.reader(lines, strict=True), [])
    except csv.Error as error:
        raise lines.broken(f"the first line is not CSV ({error})") from None
    unknown = [each for each in row if each not in members]
    if not row or unknown or len(set(row)) != len(row) or len(row) > _MAX_COLUMNS:
        wanted = ", ".join(members)
        if len(row) == 1 and (";" in row[0] or "\t" in row[0]):
            raise BrokenFile(NOT_COMMAS, line=1, byte=0)
        raise BrokenFile(
            f"the first line has to name columns, each once and out of {wanted}, with commas between", line=1, byte=0
        )
    return row, lines.position


class _Lines:
    """Lines as text for `csv.reader`, which takes just those that a row needs.

    `position` is the byte behind them, `row_at` the one at which the row begins.
    """

    def __init__(self, source: Source, position: int) -> None:
        self._source = source
        self.position = position
        self.row_at = position

    def begin_row(self) -> None:
        """The next line begins a row."""
        self.row_at = self.position

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._source.readline(MAX_RECORD_BYTES + 1)
        if not line:
            raise StopIteration
        if self.position + len(line) - self.row_at > MAX_RECORD_BYTES:
            raise self.broken(f"a row has more than {MAX_RECORD_BYTES} bytes: a quote may not be closed")
        first = self.position == 0
        text = (line.removeprefix(BOM) if first else line).decode("utf-8", "surrogateescape")
        self.position += len(line)
        return text

    def broken(self, why: str, byte: int | None = None) -> BrokenFile:
        """The error for the row that is being read, or for a byte in it."""
        byte = self.row_at if byte is None else byte
        return BrokenFile(why, line=_line_of(self._source, byte), byte=byte)


def _line_of(source: Source, byte: int) -> int:
    """The number of the line that holds a byte. Reads the file again: it happens once in a file's life."""
    source.seek(0)
    line, left = 1, byte
    while left > 0 and (chunk := source.read(min(left, _COUNTED))):
        line += chunk.count(b"\n")
        left -= len(chunk)
    return line
