"""Co-signatures: a witness states that a checkpoint is the newest of a ledger that it has only seen growing.

C2SP tlog-cosignature, the Ed25519 kind. A witness signs a text of its own over the text of the checkpoint:

    cosignature/v1
    time 1679315147                        when, in POSIX seconds
    simojo.example/ledger                  the checkpoint's own text, to its final newline
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

and its line stands under the ledger's in the note: base64(4-byte key id, 8-byte big-endian time, 64-byte signature).

    key id       = first 4 bytes of SHA-256(key name, 0x0A, 0x04, 32-byte Ed25519 public key)
    verifier key = "<key name>+<key id in hex>+<base64(0x04, public key)>"
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.ledger.checkpoint import KEY_SIZE, NoteVerifier, split_note
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import decode_base64, encode_base64

_COSIGNATURE_V1 = b"\x04"
_KEY_ID_SIZE = 4
_TIME_SIZE = 8
_SIGNATURE_SIZE = 64
_MAX_TIME = 2**63 - 1


@dataclass(frozen=True)
class Cosignature:
    """One verified line: who co-signed, when by its own clock (POSIX seconds), and the line with its newline."""

    witness: str
    time: int
    line: str


@dataclass(frozen=True)
class WitnessVerifier:
    """The public half of a witness's key: its name and its 32-byte Ed25519 public key."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        NoteVerifier(self.name, self.public_key)  # the same names and keys are fit

    @property
    def key_id(self) -> bytes:
        """Four bytes that, with the name, say which key signed. A hint, never a proof."""
        return sha256(self.name.encode() + b"\n" + _COSIGNATURE_V1 + self.public_key).digest()[:_KEY_ID_SIZE]

    def encode(self) -> str:
        """Write the verifier key as one line of text."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_COSIGNATURE_V1 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> WitnessVerifier:
        """Read a verifier key. Raises LedgerBroken (verifier-key) where it is unreadable or its parts disagree."""
        try:
            name, _, encoded = text.split("+", 2)
            key = decode_base64(encoded, len(_COSIGNATURE_V1) + KEY_SIZE)
            if key[:1] != _COSIGNATURE_V1:
                raise ValueError(f"algorithm 0x{key[:1].hex()}, not 0x04 (Ed25519 cosignature/v1)")
            verifier = cls(name, key[1:])
            if verifier.encode() != text:
                raise ValueError(f"a key whose id is {verifier.key_id.hex()}, written with another")
        except ValueError as error:
            where, expected = f"verifier key {text[:200]!r}", "name+key id+base64 of a witness's Ed25519 key"
            raise broken(Damage.VERIFIER_KEY, where, expected=expected, found=str(error)) from None
        return verifier

    def cosignature_on(self, note: str) -> Cosignature | None:
        """Verify this witness's lines in a note and give the newest; None when it has none there.

        Raises LedgerBroken: checkpoint-malformed for what is no note, checkpoint-signature for a bad line of its key.
        """
        body, signatures = split_note(note)
        found: Cosignature | None = None
        for name, signature in signatures:
            if (name, signature[:_KEY_ID_SIZE]) != (self.name, self.key_id):
                continue
            time = self._time(body, signature[_KEY_ID_SIZE:])
            if found is None or time > found.time:
                found = Cosignature(name, time, f"— {name} {encode_base64(signature)}\n")
        return found

    def _time(self, body: str, signature: bytes) -> int:
        time = int.from_bytes(signature[:_TIME_SIZE])
        try:
            if len(signature) != _TIME_SIZE + _SIGNATURE_SIZE or time > _MAX_TIME:
                raise InvalidSignature
            key = Ed25519PublicKey.from_public_bytes(self.public_key)
            key.verify(signature[_TIME_SIZE:], signed_text(body, time))
        except InvalidSignature:
            where = f"checkpoint {' / '.join(body.split(chr(10))[:2])!r}"
            expected, found = f"a good co-signature by {self.name}", "one that does not verify"
            raise broken(Damage.CHECKPOINT_SIGNATURE, where, expected=expected, found=found) from None
        return time


def signed_text(body: str, time: int) -> bytes:
    """Give the exact bytes that a witness signs at `time` (POSIX seconds) over the text of a checkpoint."""
    return f"cosignature/v1\ntime {time}\n{body}".encode()
