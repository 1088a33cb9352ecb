"""Signed notes, checkpoints and co-signatures, as C2SP has them (signed-note, tlog-checkpoint, tlog-cosignature).

A note is a text, an empty line, and signature lines `— <name> <base64(4-byte key id, signature)>`. A checkpoint is a
note whose text is origin, size and root. Lines by keys that are not known say nothing, and are passed over; each has
its form all the same. Everything has one spelling: what is read otherwise by somebody else is refused.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LEDGER, WITNESS = 1, 4
"""Kinds of Ed25519 keys: a ledger's, which signs the text itself, and a witness's, which signs time and text."""

MAX_CHARACTERS = 128 * 1024
HASH_SIZE = 32
KEY_ID_SIZE = 4
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class NotANote(ValueError):
    """Unreadable; the text says why."""


class NotAKey(ValueError):
    """A line that is no verifier key of that kind; the text says why."""


class NotSigned(ValueError):
    """Readable, and not signed by that key."""


@dataclass(frozen=True)
class VerifierKey:
    """A name, its four-byte key id and its Ed25519 public key (32 bytes). A ledger's key is named as its origin."""

    name: str
    key_id: bytes
    public: bytes


@dataclass(frozen=True)
class Checkpoint:
    """The ledger `origin` has `size` leaves under this root (32 bytes); `note` is the whole signed note."""

    origin: str
    size: int
    root: bytes
    note: str = field(repr=False)

    @property
    def body(self) -> str:
        """The text that is signed, with its final newline."""
        return split_note(self.note)[0]


def read_key(text: str, kind: int = LEDGER) -> VerifierKey:
    """Read `name+key id+base64`. Raises NotAKey."""
    try:
        name, written, encoded = text.split("+", 2)
        key = from_base64(encoded, 1 + HASH_SIZE)
    except ValueError as fault:
        raise NotAKey(f"{text[:120]!r} is not name+id+base64: {fault}") from None
    if not is_name(name) or key[0] != kind:
        raise NotAKey(f"{text[:120]!r}: a name without spaces and the algorithm 0x{kind:02x} (Ed25519) expected")
    derived = _key_id(name, key)
    if derived.hex() != written:
        raise NotAKey(f"{text[:120]!r}: its id is {derived.hex()}, written as {written[:16]!r}: copy it whole")
    return VerifierKey(name, derived, key[1:])


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint; nothing is verified yet. Raises NotANote."""
    text, _ = split_note(note)
    try:
        origin, size, root = text[:-1].split("\n")
        if not origin or not _SIZE.fullmatch(size):
            raise ValueError("no origin or no size")
        return Checkpoint(origin, int(size), from_base64(root, HASH_SIZE), note)
    except ValueError as fault:
        raise NotANote(f"origin, size and root expected, each in its line: {str(fault)[:200]}") from None


def verify(note: str, *keys: VerifierKey) -> None:
    """See that one of these keys signed a note, whoever else did.

    Raises NotANote, and NotSigned also where a line of any of them is wrong.
    """
    text, lines = split_note(note)
    ours = [(key, line) for key in keys for name, id_, line in lines if (name, id_) == (key.name, key.key_id)]
    if not ours:
        wanted = " or ".join(f"{key.name} (key id {key.key_id.hex()})" for key in keys)
        raise NotSigned(f"no signature of {wanted}")
    for key, signature in ours:
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text.encode())
        except InvalidSignature:
            raise NotSigned(
                f"the signature of {key.name} does not verify: the text or the signature was changed"
            ) from None


def split_note(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The signed text with its final newline; each line as name, key id and signature. Raises NotANote."""
    try:
        note.encode()
        if len(note) > MAX_CHARACTERS or any(each < " " and each != "\n" for each in note):
            raise ValueError("too long, or with control characters")
        text, gap, lines = note.rpartition("\n\n")
        if not (gap and text and lines.endswith("\n")):
            raise ValueError("text, an empty line and signature lines expected")
        return text + "\n", [_line(line) for line in lines[:-1].split("\n")]
    except ValueError as fault:
        raise NotANote(str(fault)[:300]) from None


def from_base64(text: str, size: int | None = None) -> bytes:
    """Decode standard base64 in its one spelling (padding, no spare bits). Raises ValueError."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text or (size is not None and len(data) != size):
        raise ValueError(f"{text[:80]!r} is not the base64 of {size or 'some'} bytes")
    return data


def is_name(name: str) -> bool:
    """Whether this can be the name of a key."""
    return bool(name) and not any(each.isspace() or not each.isprintable() or each == "+" for each in name)


@dataclass(frozen=True)
class WitnessKey:
    """A witness's own key: its name and its 32-byte secret seed."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> str:
        """Its public half as one line of text, for the staff of the hub."""
        key = self._public
        return f"{self.name}+{_key_id(self.name, key).hex()}+{base64.b64encode(key).decode()}"

    @property
    def _public(self) -> bytes:
        return bytes([WITNESS]) + Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    def cosign(self, checkpoint: Checkpoint, time: int) -> str:
        """Give the line that co-signs a checkpoint at `time` (POSIX seconds), with its newline."""
        text = f"cosignature/v1\ntime {time}\n{checkpoint.body}".encode()
        signature = time.to_bytes(8) + Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)
        encoded = base64.b64encode(_key_id(self.name, self._public) + signature).decode()
        return f"— {self.name} {encoded}\n"


def _key_id(name: str, key: bytes) -> bytes:
    """Four bytes that, with the name, say which key signed. `key` begins with its kind."""
    return sha256(name.encode() + b"\n" + key).digest()[:KEY_ID_SIZE]


def _line(line: str) -> tuple[str, bytes, bytes]:
    fields = line.split(" ")
    if len(fields) != 3 or fields[0] != "—" or not is_name(fields[1]):
        raise ValueError(f"no signature line: {line[:80]!r}")
    signature = from_base64(fields[2])
    if len(signature) <= KEY_ID_SIZE:
        raise ValueError(f"a signature line without a signature: {line[:80]!r}")
    return fields[1], signature[:KEY_ID_SIZE], signature[KEY_ID_SIZE:]
