"""Checkpoints: signed statements that the ledger has this size and this root.

A checkpoint is a C2SP tlog-checkpoint in a C2SP signed note:

    simojo.example/ledger                                   origin: the name of the ledger and of its key
    20852163                                                number of leaves, decimal
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=            root, base64
                                                            an empty line; the signatures cover all before it
    — simojo.example/ledger Az3grlgtz...                    em dash, key name, base64(4-byte key id, signature)

    key id       = first 4 bytes of SHA-256(key name, 0x0A, 0x01, 32-byte Ed25519 public key)
    verifier key = "<key name>+<key id in hex>+<base64(0x01, public key)>"

Further lines may carry signatures of witnesses. A signature by a key that the reader does not know is ignored; a bad
signature by a known key refuses the whole note. Extension lines are refused: this ledger writes none, and nobody
could check what they say.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.domain.errors import LedgerBroken, Misconfigured
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import decode_base64, encode_base64
from gateway.ledger.merkle import HASH_SIZE

MAX_NOTE_SIZE = 128 * 1024
"""Characters of a note that is still read: room for more than the 16 signatures that every reader must accept."""

KEY_SIZE = 32
_ED25519 = b"\x01"
_KEY_ID_SIZE = 4
_SIGNATURE_LINE = re.compile(r"— ([^ ]+) ([^ ]+)")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True)
class Checkpoint:
    """The ledger `origin` has `size` leaves, and their Merkle root is `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or self.size < 0 or len(self.root) != HASH_SIZE:
            raise ValueError("a checkpoint has an origin, a size of 0 or more and a root of 32 bytes")

    def body(self) -> str:
        """Give the text that is signed, with its final newline."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


@dataclass(frozen=True)
class NoteVerifier:
    """The public half of a note key: its name and its 32-byte Ed25519 public key."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_key_name(self.name)
        if len(self.public_key) != KEY_SIZE:
            raise ValueError(f"an Ed25519 key has {KEY_SIZE} bytes, not {len(self.public_key)}")

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed. A hint, never a proof."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_SIZE]

    def encode(self) -> str:
        """Write the verifier key as one line of text, to be handed to agencies on paper or in the agreement."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> NoteVerifier:
        """Read a verifier key. Raises LedgerBroken (verifier-key) where it is unreadable or its parts disagree."""
        try:
            name, key_id, encoded = text.split("+", 2)
            key = decode_base64(encoded, len(_ED25519) + KEY_SIZE)
            verifier = cls(name, key[1:])
            if key[:1] != _ED25519:
                raise ValueError(f"algorithm 0x{key[:1].hex()}, not 0x01 (Ed25519)")
            if verifier.encode() != text:
                raise ValueError(f"a key whose id is {verifier.key_id.hex()}, written with id {key_id}")
        except ValueError as error:
            where, expected = f"verifier key {text!r}", "name+key id+base64 of an Ed25519 key"
            raise broken(Damage.VERIFIER_KEY, where, expected=expected, found=str(error)) from None
        return verifier

    def verify(self, body: str, signature: bytes) -> bool:
        """Whether this key signed the text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, body.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True)
class NoteKey:
    """A note key that can sign: its name (for the ledger's own key: the origin) and its 32-byte secret seed."""

    name: str
    seed: bytes = field(repr=False)

    @classmethod
    def generate(cls, name: str) -> NoteKey:
        """Make a new key from the operating system's randomness."""
        return cls.from_seed(name, secrets.token_bytes(KEY_SIZE))

    @classmethod
    def from_seed(cls, name: str, seed: bytes) -> NoteKey:
        """Take the key of a stored seed. Raises Misconfigured for a seed or name that cannot be one."""
        try:
            _check_key_name(name)
            Ed25519PrivateKey.from_private_bytes(seed)
        except ValueError as error:
            raise Misconfigured(f"note key {name!r}: {error}. Give a name without spaces and a 32-byte seed.") from None
        return cls(name, seed)

    @property
    def verifier(self) -> NoteVerifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return NoteVerifier(self.name, public.public_bytes_raw())

    def signature_line(self, body: str) -> str:
        """Sign: the signature line over a note's text, with its final newline."""
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(body.encode())
        return f"— {self.name} {encode_base64(self.verifier.key_id + signature)}\n"


def sign(checkpoint: Checkpoint, key: NoteKey) -> str:
    """Sign a checkpoint with the ledger's own key. Raises Misconfigured where the key is not named as the origin."""
    if key.name != checkpoint.origin:
        raise Misconfigured(
            f"the note key is named {key.name!r} and the ledger {checkpoint.origin!r}: give both the same name"
        )
    return checkpoint.body() + "\n" + key.signature_line(checkpoint.body())


def cosign(note: str, key: NoteKey) -> str:
    """Add a witness's signature to a note. The witness has opened the note and checked consistency."""
    body, _, _ = note.rpartition("\n\n")
    return note + key.signature_line(body + "\n")


def open_note(text: str, verifiers: Sequence[NoteVerifier]) -> Checkpoint:
    """Verify a note and return the checkpoint that it signs.

    1. the form: size, characters, text, empty line, signature lines
    2. the signatures: at least one by a known key, none by a known key that is bad, others ignored
    3. the text: origin, size, root and nothing else

    Raises LedgerBroken: checkpoint-malformed for 1 and 3, checkpoint-signature for 2.
    """
    # 1
    body, signatures = split_note(text)
    # 2
    _check_signatures(body, signatures, verifiers)
    # 3
    return _parse_body(body)


def split_note(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """Give the signed text of a note, and the name and bytes of each signature line: nothing is verified yet.

    Raises LedgerBroken (checkpoint-malformed).
    """
    if len(text) > MAX_NOTE_SIZE:
        raise _malformed(f"at most {MAX_NOTE_SIZE} characters", f"{len(text)}")
    if (control := _CONTROL.search(text)) or not _is_unicode(text):
        raise _malformed("UTF-8 without control characters", repr(control.group()) if control else "a lone surrogate")
    body, gap, lines = text.rpartition("\n\n")
    if not gap or not body or not lines.endswith("\n"):
        raise _malformed("a text, an empty line, signature lines and a final newline", "none of that form")
    return body + "\n", [_signature(line) for line in lines[:-1].split("\n")]


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_key_name(name: str) -> None:
    if not name or "+" in name or any(each.isspace() or each < " " for each in name):
        raise ValueError(f"a key name is not empty and has no space, plus or control character: {name!r}")


def _signature(line: str) -> tuple[str, bytes]:
    match = _SIGNATURE_LINE.fullmatch(line)
    try:
        if match is None:
            raise ValueError("no em dash, key name and signature with single spaces between")
        signature = decode_base64(match[2])
        if len(signature) <= _KEY_ID_SIZE:
            raise ValueError(f"only {len(signature)} bytes of signature")
        _check_key_name(match[1])
    except ValueError as error:
        raise _malformed("a signature line", f"{line[:200]!r}: {error}") from None
    return match[1], signature


def _check_signatures(body: str, signatures: list[tuple[str, bytes]], verifiers: Iterable[NoteVerifier]) -> None:
    known = {(each.name, each.key_id): each for each in verifiers}
    proven = False
    for name, signature in signatures:
        verifier = known.get((name, signature[:_KEY_ID_SIZE]))
        if verifier is None:
            continue
        if not verifier.verify(body, signature[_KEY_ID_SIZE:]):
            found = "one that does not verify: the text or the signature was changed"
            raise _unsigned(body, f"a good signature by {name}", found)
        proven = True
    if not proven:
        wanted = " or ".join(f"{name} (key id {key_id.hex()})" for name, key_id in known) or "a known key"
        found = ", ".join(f"{name} (key id {signature[:_KEY_ID_SIZE].hex()})" for name, signature in signatures)
        raise _unsigned(body, f"a signature by {wanted}", found)


def _parse_body(body: str) -> Checkpoint:
    lines = body[:-1].split("\n")
    try:
        origin, size, root = lines
        if not _SIZE.fullmatch(size):
            raise ValueError(f"size {size!r}")
        return Checkpoint(origin, int(size), decode_base64(root, HASH_SIZE))
    except ValueError as error:
        raise _malformed("lines with origin, size and root, and no other", f"{len(lines)} lines: {error}") from None


def _malformed(expected: str, found: str) -> LedgerBroken:
    return broken(Damage.CHECKPOINT_MALFORMED, "checkpoint", expected=expected, found=found)


def _unsigned(body: str, expected: str, found: str) -> LedgerBroken:
    first_lines = " / ".join(body.split("\n")[:2])
    return broken(Damage.CHECKPOINT_SIGNATURE, f"checkpoint {first_lines!r}", expected=expected, found=found)
