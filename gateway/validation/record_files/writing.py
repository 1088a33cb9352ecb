"""Files of records, written: each form's beginning, its rows one at a time, and its end.

csv     the first line names the members of the record's schema, in its order
jsonl   one object on each line
xml     `<records>`, below it a `<record>` for each, whose children are its members
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from xml.sax.saxutils import escape

from gateway.contract.message import Payload
from gateway.primitives.json_writer import JsonWriter

_writer = JsonWriter()
_LINE_ENDS = {"\r": "&#13;"}  # which XML would else read as a line feed


@dataclass(frozen=True)
class RecordForm:
    """One form for one schema: `head`, a row for each record, `tail`. `row` raises ValueError for what it cannot hold.

    `is_text`: every value is text, and an empty one is no member.
    """

    head: bytes
    row: Callable[[Payload], bytes]
    tail: bytes
    is_text: bool

    def as_read(self, payload: Payload) -> Payload:
        """The record as whoever reads the file will have it."""
        return {name: value for name, value in payload.items() if value != ""} if self.is_text else payload


def form_of(form: str, members: Sequence[str]) -> RecordForm:
    """The form of that name; `members` are those of the record's schema. Raises ValueError for another name."""
    match form:
        case "csv":
            return RecordForm(_line(members), partial(_csv_row, members), b"", is_text=True)
        case "jsonl":
            return RecordForm(b"", _json_row, b"", is_text=False)
        case "xml":
            head = b'<?xml version="1.0" encoding="UTF-8"?>\n<records>\n'
            return RecordForm(head, _xml_row, b"</records>\n", is_text=True)
        case _:
            raise ValueError(f"no form of a file is called {form!r}")


def _json_row(payload: Payload) -> bytes:
    return f"{_writer.write(dict(payload))}\n".encode()


def _csv_row(members: Sequence[str], payload: Payload) -> bytes:
    return _line([_text(name, payload.get(name, "")) for name in members])


def _line(cells: Sequence[str]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerow(cells)
    return written.getvalue().encode()


def _xml_row(payload: Payload) -> bytes:
    members = (f"<{name}>{escape(_xml_text(name, value), _LINE_ENDS)}</{name}>" for name, value in payload.items())
    return f"<record>{''.join(members)}</record>\n".encode()


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"{name} is no text without the character NUL")
    return value


def _xml_text(name: str, value: object) -> str:
    """Raises ValueError for a character that XML 1.0 (section 2.2) does not have."""
    text = _text(name, value)
    if any((each < " " and each not in "\t\n\r") or each in "\ufffe\uffff" for each in text):
        raise ValueError(f"{name} has a control character, which XML cannot hold")
    return text
