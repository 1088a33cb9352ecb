"""Values of a person, overwritten in the stored bytes of a file of records, and nothing else of it.

A file stands under the key of its day, with records of many people: no key ends with one of them. What names a person
in it (NIK, name, phone, references, as they stand at the case before its key is destroyed) is overwritten with as many
bytes: other records stay what they are, and where they are. This finds a person also in records that did nothing (they
were declined, invalid, or stand in a file of the office) and that no fact of a case tells of.

Its digest is then no more that of the manifest, or of the report. Whoever calls this notes that first, for
`simojo ledger verify`. Done again it changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape

from gateway.store.plan import Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import BatchPieceRow, BatchRow
from gateway.store.vault import Vault

SIDES = ("file", "result", "answer")
"""Of a file, of what is said of its records, of an agency's result of the office's: `BatchPieceRow.side`."""

SHORTEST = 4
"""A value of fewer bytes names nobody, and stands in every file."""


@dataclass
class _Piece:
    position: int
    body: bytearray
    is_changed: bool = False


def blank_values(
    reader: Reader, vault: Vault, commit: Callable[[Plan], Outcome], batch: BatchRow, values: Collection[str]
) -> int:
    """Overwrite these values in an ended file, its result and its agency's; gives how many pieces were written anew.

    Capital letters count as small ones (ASCII). Raises Shut and Refused `erased` once the key of its day is no more.
    """
    pattern = _pattern(values)
    written = 0
    if pattern is None:
        return written
    for side in SIDES:
        for position, body in _blanked(_pieces(reader, batch.id, side), pattern):
            key = {"batch": batch.id, "side": side, "position": position}
            kept = sealed(vault, BatchPieceRow, key, {"body": body}, at=batch.made_at)
            commit(kept.plan + Plan.of(Update(BatchPieceRow, key, {}, kept.values)))
            written += 1
    return written


def _blanked(pieces: Iterator[tuple[int, bytes]], pattern: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """The pieces that had one of the values, without it; a value may lie across any number of pieces."""
    longest = len(max(pattern.pattern.split(b"|"), key=len))
    window: list[_Piece] = []  # the first one, and behind it as much as a value that begins in it may need
    for position, body in pieces:
        window.append(_Piece(position, bytearray(body)))
        while sum(len(each.body) for each in window[1:]) >= longest:
            yield from _first_of(window, pattern)
    while window:
        yield from _first_of(window, pattern)


def _first_of(window: list[_Piece], pattern: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Take the first piece out, blanked, if it had or has a part of a value."""
    joined, length = b"".join(each.body for each in window), len(window[0].body)
    for found in pattern.finditer(joined):
        if found.start() >= length:
            break
        blank = (b"0" if found[0].isdigit() else b"*") * len(found[0])
        at = found.start()
        for each in window:
            mine = blank[: max(0, len(each.body) - at)] if at < len(each.body) else b""
            if mine:
                each.body[at : at + len(mine)] = mine
                each.is_changed = True
                blank = blank[len(mine) :]
            at = max(0, at - len(each.body))
    first = window.pop(0)
    if first.is_changed:
        yield first.position, bytes(first.body)


def _pieces(reader: Reader, batch: str, side: str) -> Iterator[tuple[int, bytes]]:
    at = 0
    while (found := reader.batch_piece_from(batch, side, at)) is not None:
        yield found
        at = found[0] + 1


def _pattern(values: Collection[str]) -> re.Pattern[bytes] | None:
    """Any of the values, as CSV, JSON and XML write them; None where none is long enough."""
    written = {
        form.encode()
        for value in values
        for form in (
            value,
            value.replace('"', '""'),
            json.dumps(value)[1:-1],
            json.dumps(value, ensure_ascii=False)[1:-1],
            escape(value, {'"': "&quot;"}),
            escape(value),
        )
    }
    told = sorted((re.escape(each) for each in written if len(each) >= SHORTEST), key=len, reverse=True)
    return re.compile(b"|".join(told), re.IGNORECASE) if told else None
