"""Who signed an export's checkpoints, where it was none of the keys that a reader gave. Read, not verified."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import NoteVerifier, split_note
from gateway.ledger.encoding import parse_json, text_of

_BEGIN = '{"checkpoint"'


def key_name(verifier: NoteVerifier) -> str:
    """A key as people compare it: its name and the hex of its id."""
    return f"{verifier.name} (key id {verifier.key_id.hex()})"


def other_signers(lines: Iterable[str], given: Sequence[NoteVerifier]) -> tuple[str, ...]:
    """Name the ledger's keys that have signed checkpoints on which no given key has a line, the first one first.

    `lines` are those of the export as the hub writes them. Lines of witnesses are passed over.
    """
    known = {(each.name, each.key_id) for each in given}
    found: dict[str, None] = {}
    for line in lines:
        if not line.startswith(_BEGIN):
            continue
        with suppress(LedgerBroken, ValueError, KeyError, TypeError):
            record = parse_json(line)
            body, signatures = split_note(
                text_of(record["checkpoint"], "checkpoint") if isinstance(record, dict) else ""
            )
            origin = body.partition("\n")[0]
            signed = [(name, signature[:4]) for name, signature in signatures if name == origin]
            if not known.intersection(signed):
                found |= {f"{name} (key id {key_id.hex()})": None for name, key_id in signed}
    return tuple(found)
