"""The signed checkpoint: a C2SP signed note with an Ed25519 signature, and the verifier key that judges it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from conformance.receipts.damage import CHECKPOINT_MALFORMED, CHECKPOINT_SIGNATURE, ORIGIN, VERIFIER_KEY, Damaged
from conformance.receipts.forms import HASH_SIZE, from_base64

MAX_CHARACTERS = 128 * 1024
_ALGORITHM = b"\x01"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True)
class Checkpoint:
    """The ledger `origin` has `size` leaves under this root (32 bytes)."""

    origin: str
    size: int
    root: bytes


@dataclass(frozen=True)
class VerifierKey:
    """A name, its four-byte key id and its Ed25519 public key (32 bytes)."""

    name: str
    key_id: bytes
    public: bytes


def read_key(text: str) -> VerifierKey:
    """Read `name+key id+base64`. Raises Damaged `verifier-key`."""
    try:
        name, key_id, encoded = text.split("+", 2)
        key = from_base64(encoded, 33)
        if not is_name(name) or key[:1] != _ALGORITHM:
            raise ValueError("a name without spaces and the algorithm 0x01 (Ed25519) expected")
        derived = sha256(name.encode() + b"\n" + key).digest()[:4]
        if derived.hex() != key_id:
            raise ValueError(f"its id is {derived.hex()}, written as {key_id[:16]!r}")
    except ValueError as fault:
        raise Damaged(VERIFIER_KEY, f"verifier key {text[:120]!r}", str(fault)) from None
    return VerifierKey(name, derived, key[1:])


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """Check the signature of a note by this key, and read what it says of the key's own ledger.

    Raises Damaged `checkpoint-malformed`, `checkpoint-signature` (also for a note that this key did not sign at all),
    `checkpoint-origin`.
    """
    text, lines = split_note(note)
    ours = [signature[4:] for name, signature in lines if (name, signature[:4]) == (key.name, key.key_id)]
    if not ours:
        raise Damaged(CHECKPOINT_SIGNATURE, "checkpoint", f"no signature of {key.name} (key id {key.key_id.hex()})")
    public = Ed25519PublicKey.from_public_bytes(key.public)
    for signature in ours:
        try:
            public.verify(signature, text.encode())
        except InvalidSignature:
            detail = f"the signature of {key.name} does not fit: the text or the signature was changed"
            raise Damaged(CHECKPOINT_SIGNATURE, "checkpoint", detail) from None
    checkpoint = _read(text)
    if checkpoint.origin != key.name:
        detail = f"it speaks of the ledger {checkpoint.origin[:80]!r}, the key is that of {key.name!r}"
        raise Damaged(ORIGIN, "checkpoint", detail)
    return checkpoint


def has_line(note: str, key: VerifierKey) -> bool:
    """Whether a note has a line by this key, good or bad."""
    try:
        _, lines = split_note(note)
    except Damaged:
        return False
    return any((name, signature[:4]) == (key.name, key.key_id) for name, signature in lines)


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The signed text with its final newline, and each signature line as name and (key id, signature)."""
    try:
        note.encode()
        if len(note) > MAX_CHARACTERS or any(each < " " and each != "\n" for each in note):
            raise ValueError("too long, or with control characters")
        text, gap, lines = note.rpartition("\n\n")
        if not (gap and text and lines.endswith("\n")):
            raise ValueError("text, an empty line and signature lines expected")
        return text + "\n", [_signature(line) for line in lines[:-1].split("\n")]
    except ValueError as fault:
        raise Damaged(CHECKPOINT_MALFORMED, "checkpoint", str(fault)[:300]) from None


def _signature(line: str) -> tuple[str, bytes]:
    fields = line.split(" ")
    if len(fields) != 3 or fields[0] != "—" or not is_name(fields[1]):
        raise ValueError(f"no signature line: {line[:80]!r}")
    signature = from_base64(fields[2])
    if len(signature) <= 4:
        raise ValueError(f"a signature line without a signature: {line[:80]!r}")
    return fields[1], signature


def _read(text: str) -> Checkpoint:
    try:
        origin, size, root = text[:-1].split("\n")
        if not origin or not _SIZE.fullmatch(size):
            raise ValueError("no origin or no size")
        return Checkpoint(origin, int(size), from_base64(root, HASH_SIZE))
    except ValueError as fault:
        detail = f"origin, size and root expected, each in its line: {fault}"
        raise Damaged(CHECKPOINT_MALFORMED, "checkpoint", detail) from None


def is_name(name: str) -> bool:
    """Whether this can be the name of a key."""
    return bool(name) and not any(each.isspace() or each < " " or each == "+" for each in name)
