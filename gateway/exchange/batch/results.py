"""What is said of each record, in the form of the agency's file; and the report that accounts for all of them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from gateway.contract.message import Json, Payload
from gateway.domain.errors import MappingFault
from gateway.exchange.batch.documents import REPORT
from gateway.primitives.json_writer import JsonWriter
from gateway.store.tables import BatchRow
from gateway.validation.library import SchemaLibrary

_writer = JsonWriter()
CANONICAL = ("number", "key", "outcome", "reason", "text")
"""The members of a result row where the adapter makes none of its own."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to spreadsheets, and may be the sender's words. An apostrophe makes it text."""

_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)*", re.ASCII)

TEXT = 500
"""Characters of a sentence in a result, at most."""


class Outcome(StrEnum):
    """What became of a record."""

    ACCEPTED = "accepted"
    """It was taken, and has had its effects."""
    DECLINED = "declined"
    """A business no."""
    INVALID = "invalid"
    """It breaks the agreed schema, or is no record at all."""
    FAILED = "failed"
    """The hub could not map it, and staff gave it up."""


@dataclass(frozen=True)
class ResultForm:
    """How a result is written: its name and its media type."""

    name: str
    media_type: str


def result_form(file_form: str) -> ResultForm:
    """The form of the result of a file: CSV for CSV, JSON Lines for all else."""
    return ResultForm("csv", "text/csv") if file_form == "csv" else ResultForm("jsonl", "application/jsonl")


def canonical_row(number: int, key: str, outcome: Outcome, reason: str, text: str) -> dict[str, Json]:
    """The row of a record that the hub writes itself."""
    row: dict[str, Json] = {"number": number, "outcome": outcome.value}
    row |= {name: value for name, value in (("key", key), ("reason", reason), ("text", text[:TEXT])) if value}
    return row


def columns_of(schema: Mapping[str, object]) -> tuple[str, ...]:
    """The columns of a result in CSV: the members of its schema, `number` before them."""
    named = schema.get("properties")
    others = [name for name in (named if isinstance(named, dict) else ()) if name != "number"]
    return ("number", *others)


def rows_text(file_form: str, rows: Iterable[Payload], columns: Sequence[str], *, first: bool) -> bytes:
    """Result rows as they are written; `first`: the result begins with them, and CSV with its columns."""
    if result_form(file_form).name == "jsonl":
        return "".join(f"{_writer.write(dict(row))}\n" for row in rows).encode()
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\r\n")
    if first:
        writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return written.getvalue().encode()


def _cell(value: Json) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return _writer.write(value)
    return f"'{value}" if value.startswith(_FORMULA) and not _NUMBER.fullmatch(value) else value


def report(row: BatchRow, library: SchemaLibrary) -> bytes:
    """Where a batch stands, as JSON. Raises MappingFault when it breaks its own schema."""
    done = row.accepted + row.declined + row.invalid + row.failed
    said: dict[str, Json] = {
        "batch": row.name,
        "exchange": row.id,
        "interaction": row.interaction,
        "agreement": f"{row.agreement}/{row.agreement_version}",
        "state": row.state,
        "bytes": row.size,
        "received": row.received,
        "sha256": row.sha256,
        "records": row.records,
        "read": row.read,
        "accepted": row.accepted,
        "declined": row.declined,
        "invalid": row.invalid,
        "failed": row.failed,
        "waiting": row.read - done,
        "unread": max(0, row.records - row.read),
    }
    if row.cause:
        said["cause"] = row.cause[:1000]
    if row.result_sha256 is not None:
        said |= {
            "resultFormat": result_form(row.format).name,
            "resultBytes": row.result_size,
            "resultSha256": row.result_sha256,
        }
    if row.ended_at is not None:
        said["endedAt"] = moment(row.ended_at)
    violations = library.json(REPORT).check(said)
    if violations:
        raise MappingFault(f"our own report breaks {REPORT} at {violations[0].path or '/'}", clause="batch")
    return _writer.write(said).encode()


def moment(at: datetime) -> str:
    """An instant in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
