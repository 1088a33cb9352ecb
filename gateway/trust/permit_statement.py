"""The signed short statement in a permit's QR code (Pasal 22(4)c): what the office printed, verifiable offline.

    payload     0x01, key id (4 bytes), day of the document (2 bytes: days since 2020-01-01), holder (8 bytes),
                length of the service's code (1 byte), the code, the permit number (UTF-8)
    signature   Ed25519 over "simojo-permit-statement-v1" 0x00 payload
    statement   base64url(payload, signature) without padding: about 120 characters
    key id      first 4 bytes of SHA-256("simojo-permit", 0x0A, 0x01, public key), as a C2SP signed note names keys
    public key  "simojo-permit+<key id in hex>+<base64(0x01, public key)>", one line of text

`holder` is the first 8 bytes of an HMAC over number and name under a key of the hub: the paper is bound to its holder,
and whoever reads the code, or guesses names, learns nothing. Who has the public key can check number, service and day
with no network (`simojo-conformance verify-permit`); whether the permit still stands, only the office can tell.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gateway.domain.errors import Misconfigured, Refused
from gateway.primitives.mac import hmac_sha256

NAME = "simojo-permit"
MAX_STATEMENT = 300
"""Characters of a statement that are read."""

_DOMAIN = b"simojo-permit-statement-v1\x00"
_VERSION = b"\x01"
_ED25519 = b"\x01"
_EPOCH = date(2020, 1, 1)
_LAST_DAY = 0xFFFF
_KEY_ID_SIZE = 4
_HOLDER_SIZE = 8
_SIGNATURE_SIZE = 64
_KEY_SIZE = 32
_FIXED = len(_VERSION) + _KEY_ID_SIZE + 2 + _HOLDER_SIZE


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What a permit's QR code says: number, service code, day on the document, and `holder`, 8 keyed bytes."""

    number: str
    service: str
    day: date
    holder: bytes


@dataclass(frozen=True)
class StatementVerifier:
    """The public half of a statement key: 32 bytes of Ed25519."""

    public_key: bytes

    @property
    def key_id(self) -> bytes:
        """Four bytes that say which key signed. A hint, never a proof."""
        return sha256(NAME.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_SIZE]

    def encode(self) -> str:
        """Write the key as one line of text, to be handed out."""
        return f"{NAME}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public_key).decode()}"

    @classmethod
    def parse(cls, text: str) -> StatementVerifier:
        """Read that line. Raises Misconfigured `permit-key-invalid`."""
        encoded = text.split("+", 2)[-1]
        try:
            data = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            data = b""
        verifier = cls(data[len(_ED25519) :])
        if len(data) != len(_ED25519) + _KEY_SIZE or verifier.encode() != text:
            raise Misconfigured(
                f"{text[:80]!r} is no public key of permits: give the line that /periksa/kunci shows, "
                f"{NAME}+<key id>+<base64>",
                code="permit-key-invalid",
            )
        return verifier


@dataclass(frozen=True)
class StatementKey:
    """A key that signs statements, from 32 secret random bytes."""

    seed: bytes = field(repr=False)

    @classmethod
    def derived(cls, secret: bytes) -> StatementKey:
        """Derive the key from another secret of 32 random bytes, which it does not lead back to."""
        return cls(hmac_sha256(secret, b"simojo-permit-statement-key-v1"))

    @property
    def verifier(self) -> StatementVerifier:
        """The public half."""
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return StatementVerifier(public.public_bytes_raw())

    def holder(self, number: str, name: str) -> bytes:
        """Give the 8 bytes that stand for a holder on the permit of that number; `name` is already normalised."""
        key = hmac_sha256(self.seed, b"simojo-permit-holder-v1")
        return hmac_sha256(key, f"{number}\x00{name}".encode())[:_HOLDER_SIZE]

    def sign(self, said: Statement) -> str:
        """Sign a statement. ValueError for what has no place in one (a day before 2020, a code of over 255 bytes)."""
        days, service = (said.day - _EPOCH).days, said.service.encode()
        if not 0 <= days <= _LAST_DAY or len(said.holder) != _HOLDER_SIZE:
            raise ValueError(f"a statement has no room for the day {said.day} or {len(said.holder)} bytes of holder")
        payload = _VERSION + self.verifier.key_id + days.to_bytes(2) + said.holder
        payload += len(service).to_bytes(1) + service + said.number.encode()
        signature = Ed25519PrivateKey.from_private_bytes(self.seed).sign(_DOMAIN + payload)
        return base64.urlsafe_b64encode(payload + signature).rstrip(b"=").decode()


def read_statement(text: str, verifiers: Sequence[StatementVerifier]) -> Statement:
    """Verify a statement and give what it says.

    Raises Refused `statement-malformed`; `statement-key-unknown` for a key that is none of these; `statement-forged`
    when the named key did not sign it.
    """
    payload, signature = _split(text)
    key_id = _named(payload)
    verifier = next((each for each in verifiers if each.key_id == key_id), None)
    if verifier is None:
        raise Refused(f"the statement names the key {key_id.hex()}, which is not ours", code="statement-key-unknown")
    try:
        Ed25519PublicKey.from_public_bytes(verifier.public_key).verify(signature, _DOMAIN + payload)
    except InvalidSignature:
        raise Refused("the statement was not signed by the office, or was changed", code="statement-forged") from None
    end = _FIXED + 1 + payload[_FIXED]
    return Statement(
        number=payload[end:].decode(),
        service=payload[_FIXED + 1 : end].decode(),
        day=_EPOCH + timedelta(days=int.from_bytes(payload[_FIXED - _HOLDER_SIZE - 2 : _FIXED - _HOLDER_SIZE])),
        holder=payload[_FIXED - _HOLDER_SIZE : _FIXED],
    )


def named_key(text: str) -> bytes:
    """Give the id of the key that a statement says it was signed with, 4 bytes: a hint, until it is verified.

    Raises Refused `statement-malformed`.
    """
    return _named(_split(text)[0])


def _named(payload: bytes) -> bytes:
    return payload[len(_VERSION) : len(_VERSION) + _KEY_ID_SIZE]


def _split(text: str) -> tuple[bytes, bytes]:
    """Give payload and signature of a statement in its only form."""
    try:
        if len(text) > MAX_STATEMENT:
            raise ValueError("too long")
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        payload, signature = data[:-_SIGNATURE_SIZE], data[-_SIGNATURE_SIZE:]
        is_whole = len(payload) > _FIXED + 1 and len(payload) > _FIXED + 1 + payload[_FIXED]
        is_canonical = base64.urlsafe_b64encode(data).rstrip(b"=").decode() == text
        if not is_whole or not is_canonical or payload[:1] != _VERSION:
            raise ValueError("not of that form")
        payload[_FIXED + 1 :].decode()
    except (ValueError, UnicodeError):
        raise Refused(
            "this is no statement of a permit, or a part of it is missing: scan the code again",
            code="statement-malformed",
        ) from None
    return payload, signature
