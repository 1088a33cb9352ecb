"""A stored result as it is handed out: its head, its lines by page, and whole as JSON or CSV."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Refused
from gateway.operations.reconciling.comparing import DIFFERENCES, State
from gateway.operations.reconciling.pulse import BROKEN_OFF
from gateway.operations.reconciling.watching import AGAIN
from gateway.store.reading import Reader
from gateway.store.tables import ReconciliationRow

PREVAILS = (
    "Bila catatan berbeda, yang berlaku adalah catatan dalam SIMOJO (Pasal 22 ayat (5)). "
    "Where records differ, the record in SIMOJO prevails."
)
MEANING = {
    State.MATCHED: "kedua pihak memegang byte yang sama",
    State.REPEATED: "kiriman lain dari pesan yang sudah cocok",
    State.DIFFERENT: "id dikenal, tetapi digest bukan digest dari byte yang tercatat",
    State.MISSING_HERE: "tidak ada di catatan SIMOJO",
    State.REFUSED: "pernah tiba dan ditolak tanpa mengikat id; ditemukan menurut digest",
    State.WITHHELD: "id cocok; salinan kami tanpa rahasia, sehingga digest tidak dapat dibandingkan",
    State.ERASED: "tercatat, tetapi datanya sudah dihapus: dari sisi kami tidak dapat dibandingkan lagi",
    State.MISSING_THERE: "ada di catatan SIMOJO, tidak ada di daftar instansi",
    State.NOT_DELIVERED: "pesan kami yang belum terbukti tiba",
    State.AT_EDGE: "tercatat di dekat pergantian hari; mungkin ada di daftar hari sebelah",
}
"""What each state means, for people."""

_COLUMNS = (
    *("number", "state", "line", "messageId", "direction", "interaction", "exchange", "at_wib", "verdict", "code"),
    *("sha256", "part", "theirs", "ours", "leaf", "leaf_index", "prevails", "settled", "record", "outcome"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula; such a cell gets an apostrophe before it."""


def head_of(reader: Reader, row: ReconciliationRow) -> dict[str, Any]:
    """What is said of a whole reconciliation; `checkpoint` is the note in whose tree the indexes of proofs stand."""
    checkpoint = reader.checkpoint(row.tree_size) if row.tree_size else None
    return {
        "id": row.id,
        "agency": row.agency,
        "from": row.since.astimezone(JAKARTA).date().isoformat(),
        "to": _last_day(row).isoformat(),
        "since": _moment(row.since),
        "until": _moment(row.until),
        "source": row.source,
        "batch": row.batch,
        "state": row.state,
        "toDo": AGAIN if row.state == BROKEN_OFF else None,
        "madeAt": _moment(row.made_at),
        "endedAt": None if row.ended_at is None else _moment(row.ended_at),
        "listSha256": row.list_sha256,
        "resultSha256": row.result_sha256,
        "counts": json.loads(row.counts),
        "differences": row.differences,
        "unsettled": row.unsettled,
        "keptUntil": _moment(row.kept_until),
        "prevails": PREVAILS,
        "clause": "Pasal 22(4)b, 22(5)",
        "checkpoint": None if checkpoint is None else checkpoint.note,
    }


def known(reader: Reader, reconciliation: str, agency: str | None = None) -> ReconciliationRow:
    """A reconciliation that has ended. Raises Refused `reconciliation-unknown`, also for that of another `agency`."""
    row = reader.reconciliation(reconciliation)
    if row is None or (agency is not None and row.agency != agency):
        raise Refused(f"no reconciliation {reconciliation[:64]!r} is known", code="reconciliation-unknown")
    return row


def lines_of(
    reader: Reader, row: ReconciliationRow, *, after: int = 0, state: str | None = None, at: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """The lines of a result behind a number, in a state (`differences`: in any that is one), with what was settled.

    Raises Refused `result-gone` when it is no longer kept `at` that time, or was never finished.
    """
    if row.state != "done" or (at is not None and at >= row.kept_until):
        raise Refused(
            "the lines of this reconciliation are not kept: it was broken off, or its time is over; compare the list "
            "again",
            code="result-gone",
        )
    wanted = {each.value for each in DIFFERENCES} if state == "differences" else {state}
    settled = {each.number: each for each in reader.settled_differences(row.id)}
    for piece in reader.reconciliation_pieces(row.id, after + 1):
        for text in piece.splitlines():
            line: dict[str, Any] = json.loads(text)
            number = line["number"]
            if number <= after or (state is not None and line["state"] not in wanted):
                continue
            if number in settled:
                line["settled"] = {"reason": settled[number].reason, "at": _moment(settled[number].at)}
            yield line


def as_json(reader: Reader, row: ReconciliationRow, at: datetime) -> Iterator[bytes]:
    """The whole as one JSON document: the head's members, `meaning` of states, and `lines`."""
    lines = lines_of(reader, row, at=at)
    head = {**head_of(reader, row), "meaning": {state.value: text for state, text in MEANING.items()}}
    opened = json.dumps(head, ensure_ascii=False, separators=(",", ":"))

    def written() -> Iterator[bytes]:
        yield f'{opened[:-1]},"lines":['.encode()
        for place, line in enumerate(lines):
            yield (",\n" if place else "\n").encode() + json.dumps(line, ensure_ascii=False).encode()
        yield b"\n]}\n"

    return written()


def as_csv(reader: Reader, row: ReconciliationRow, at: datetime) -> Iterator[bytes]:
    """The lines as CSV with commas, UTF-8 with a byte order mark; times in WIB; several values parted by spaces."""
    lines = lines_of(reader, row, at=at)

    def written() -> Iterator[bytes]:
        yield b"\xef\xbb\xbf" + _row(_COLUMNS)
        for line in lines:
            yield _row(tuple(_cells(line)[name] for name in _COLUMNS))

    return written()


def _cells(line: dict[str, Any]) -> dict[str, str]:
    differing = line.get("difference", [])
    said = {name: str(line.get(name) or "") for name in _COLUMNS}
    if "at" in line:
        local = datetime.fromisoformat(line["at"]).astimezone(JAKARTA)
        said["at_wib"] = f"{local:%Y-%m-%d %H:%M:%S}"
    said["part"] = " ".join(each["part"] for each in differing)
    said["theirs"] = " ".join(each["theirs"] for each in differing)
    said["ours"] = " ".join(each["ours"] or "-" for each in differing)
    said["leaf"] = " ".join(each["leaf"] for each in line.get("proof", []))
    said["leaf_index"] = " ".join(str(each.get("index", "-")) for each in line.get("proof", []))
    said["settled"] = line.get("settled", {}).get("reason", "")
    return {name: f"'{value}" if value.startswith(_FORMULA) and value != "-" else value for name, value in said.items()}


def _row(cells: tuple[str, ...]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue().encode()


def _last_day(row: ReconciliationRow) -> date:
    return (row.until.astimezone(JAKARTA) - timedelta(days=1)).date()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
