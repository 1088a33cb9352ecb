"""The checkpoint of a receipt and the key that judges it (`conformance.notes`), as damage where they are none."""

from __future__ import annotations

from conformance import notes
from conformance.notes import Checkpoint, NotAKey, NotANote, NotSigned, VerifierKey
from conformance.receipts.damage import CHECKPOINT_MALFORMED, CHECKPOINT_SIGNATURE, ORIGIN, VERIFIER_KEY, Damaged


def read_key(text: str) -> VerifierKey:
    """Read a ledger's verifier key. Raises Damaged `verifier-key`."""
    try:
        return notes.read_key(text)
    except NotAKey as fault:
        raise Damaged(VERIFIER_KEY, "verifier key", str(fault)) from None


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Check the signature of a note by this key, and read what it says of the key's own ledger.

    Raises Damaged `checkpoint-malformed`, `checkpoint-signature` (also for a note that this key did not sign at all),
    `checkpoint-origin`.
    """
    try:
        notes.verify(note, key)
        checkpoint = notes.read_checkpoint(note)
    except NotANote as fault:
        raise Damaged(CHECKPOINT_MALFORMED, "checkpoint", str(fault)) from None
    except NotSigned as fault:
        raise Damaged(CHECKPOINT_SIGNATURE, "checkpoint", str(fault)) from None
    if checkpoint.origin != key.name:
        detail = f"it speaks of the ledger {checkpoint.origin[:80]!r}, the key is that of {key.name!r}"
        raise Damaged(ORIGIN, "checkpoint", detail)
    return checkpoint


def has_line(note: str, key: VerifierKey) -> bool:
    """Whether a note has a line by this key, good or bad."""
    try:
        _, lines = notes.split_note(note)
    except NotANote:
        return False
    return any((name, key_id) == (key.name, key.key_id) for name, key_id, _ in lines)


def lines_of(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The signed text and its lines, as `conformance.notes.split_note`. Raises Damaged `checkpoint-malformed`."""
    try:
        return notes.split_note(note)
    except NotANote as fault:
        raise Damaged(CHECKPOINT_MALFORMED, "checkpoint", str(fault)) from None
