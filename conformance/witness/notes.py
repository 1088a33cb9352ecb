"""Signed notes, checkpoints and co-signatures, as C2SP has them: read, verified and written.

A note is a text, an empty line, and signature lines `— <name> <base64(4-byte key id, signature)>`. A checkpoint is a
note whose text is origin, size and root. Lines by keys that are not known say nothing, and are passed over.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PLAIN, COSIGNATURE = 1, 4
"""Kinds of keys: a ledger's, which signs the text itself, and a witness's, which signs time and text."""

MAX_NOTE = 64 * 1024
_LINE = re.compile(r"— (\S+) (\S+)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


class NotANote(ValueError):
    """Unreadable; the text says why."""


class NotSigned(ValueError):
    """Readable, and not signed by the ledger's key."""


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Four bytes that, with the name, say which key signed."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


def verifier_key(name: str, kind: int, public: bytes) -> str:
    """A public key as one line of text."""
    return f"{name}+{key_id(name, kind, public).hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


@dataclass(frozen=True)
class LedgerKey:
    """The ledger's public key; its name is the ledger's origin."""

    name: str
    public: bytes

    @classmethod
    def read(cls, text: str) -> LedgerKey:
        """Read a verifier key. Raises NotANote."""
        try:
            name, _, encoded = text.strip().split("+", 2)
            key = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as fault:
            raise NotANote(f"{text[:80]!r} is no verifier key: {fault}") from None
        if len(key) != 33 or key[0] != PLAIN or verifier_key(name, PLAIN, key[1:]) != text.strip():
            raise NotANote(f"{text[:80]!r} is no verifier key of a ledger (Ed25519): copy it whole")
        return cls(name, key[1:])


@dataclass(frozen=True)
class Checkpoint:
    """What a ledger has signed: its `origin`, its `size` in leaves, its `root`; `note` is the whole signed text."""

    origin: str
    size: int
    root: bytes
    note: str = field(repr=False)

    @property
    def body(self) -> str:
        """The text that is signed."""
        return self.note.partition("\n\n")[0] + "\n"


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint; nothing is verified yet. Raises NotANote."""
    body, gap, _ = note.partition("\n\n")
    lines = body.split("\n")
    if len(note) > MAX_NOTE or not gap or not note.endswith("\n") or len(lines) != 3 or not lines[0]:
        raise NotANote("a checkpoint has origin, size and root, an empty line, and signature lines")
    if not _SIZE.fullmatch(lines[1]):
        raise NotANote(f"{lines[1][:40]!r} is no size")
    return Checkpoint(lines[0], int(lines[1]), read_hash(lines[2]), note)


def read_hash(text: str) -> bytes:
    """Read a SHA-256 hash in base64. Raises NotANote."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error:
        found = b""
    if len(found) != 32 or base64.b64encode(found).decode() != text:
        raise NotANote(f"{text[:60]!r} is no SHA-256 hash in base64")
    return found


def verify(checkpoint: Checkpoint, key: LedgerKey) -> None:
    """See that the ledger's key signed it. Raises NotSigned, NotANote."""
    _, _, lines = checkpoint.note.partition("\n\n")
    mine = (key.name, key_id(key.name, PLAIN, key.public))
    proven = False
    for line in lines.splitlines():
        found = _LINE.fullmatch(line)
        try:
            signature = base64.b64decode(found[2], validate=True) if found else b""
        except binascii.Error:
            signature = b""
        if found is None or len(signature) < 5:
            raise NotANote(f"{line[:80]!r} is no signature line")
        if (found[1], signature[:4]) != mine:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature[4:], checkpoint.body.encode())
        except InvalidSignature:
            raise NotSigned(
                f"the signature of {key.name} does not verify: the text or the signature was changed"
            ) from None
        proven = True
    if not proven:
        raise NotSigned(f"no line is signed by {key.name} with the key that this witness was given")


@dataclass(frozen=True)
class WitnessKey:
    """A witness's own key: its name and its 32-byte secret seed."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> str:
        """Its public half as one line of text, for the staff of the hub."""
        return verifier_key(self.name, COSIGNATURE, self._public)

    @property
    def _public(self) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    def cosign(self, checkpoint: Checkpoint, time: int) -> str:
        """Give the line that co-signs a checkpoint at `time` (POSIX seconds), with its newline."""
        text = f"cosignature/v1\ntime {time}\n{checkpoint.body}".encode()
        signature = time.to_bytes(8) + Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)
        encoded = base64.b64encode(key_id(self.name, COSIGNATURE, self._public) + signature).decode()
        return f"— {self.name} {encoded}\n"
