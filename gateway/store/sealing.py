"""Bodies at rest: what a stored body that may hold personal data looks like, and which key opens it.

    blob    MARK, the length of the scope in one byte, the scope, nonce (12 bytes), ciphertext and tag
    text    TEXT_MARK, then the base64 of such a blob: no text of ours begins so, for all of them are JSON
    unit    what is erased or copied as one: an exchange or a case
    key     HMAC-SHA256(scope key, "simojo-body-key-v1" 00 unit)          one AES-256-GCM key for each unit
    nonce   HMAC-SHA256(scope key, "simojo-body-nonce-v1" 00 unit 00 place 00 SHA-256(plain)), its first 12 bytes
    associated data: MARK, scope and place. The place is table, key and column, so no body stands for another

The scope is that of the data key (`gateway.store.vault`), and stands in the body: it says by itself what opens it. The
nonce is made from what is sealed (as RFC 5297 does it): the same body at the same place is sealed alike, another one
under another nonce, and nobody has to count. Salts of receipts are made with the same key under another label, so
what they give away opens nothing.

A body without the mark was stored before this was so, and is taken as it is until it is sealed; commitments of the
ledger stand over plain bytes either way.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.domain.errors import Refused, Tampered
from gateway.primitives.mac import hmac_sha256
from gateway.trust.secrets import NONCE_SIZE

MARK = b"\x00simojo\x01"
TEXT_MARK = "~1~"

PARTS = "exchange_part"
CASES = "permit_case"
FACTS = "case_event"
DOCUMENTS = "document"
"""The tables whose bodies are sealed. A part's name is its own, a case's BODY, a fact's its number, a document's its
SHA-256."""

BODY = "body"

ERASED = ""
"""What the body of a case or a fact reads as when it was erased."""

BLANK = MARK + b"\x00"
BLANK_TEXT = TEXT_MARK + base64.b64encode(BLANK).decode()
"""What stands where the sealed body of erased data was: a body of no scope, which no key opens."""

DAMAGED = "~"
"""What the body of a fact reads as when it was changed."""

Keys: TypeAlias = Callable[[str], bytes | None]
"""The data key of a scope; None when it was destroyed, is not stored, or does not open."""


class Place(NamedTuple):
    """Where a body stands: of which unit (exchange or case), in which table, under which name there."""

    unit: str
    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.table} {self.name} of {self.unit}"

    def encode_place(self) -> bytes:
        """The bytes that bind a body to this place."""
        return f"{self.table}\x00{self.unit}\x00{self.name}".encode()


class BodySeal:
    """Seals the bodies of one unit under the data key of its scope."""

    def __init__(self, scope: str, key: bytes, unit: str) -> None:
        self.unit = unit
        self._key = key
        self._head = _head(scope)
        self._cipher = AESGCM(_unit_key(key, unit))

    def blob(self, table: str, name: str, plain: bytes) -> bytes:
        """Exact bytes, sealed."""
        place = Place(self.unit, table, name).encode_place()
        drawn = hmac_sha256(self._key, b"simojo-body-nonce-v1\x00" + place + b"\x00" + sha256(plain).digest())
        nonce = drawn[:NONCE_SIZE]
        return self._head + nonce + self._cipher.encrypt(nonce, plain, self._head + place)

    def text(self, table: str, name: str, plain: str) -> str:
        """A text, sealed."""
        return TEXT_MARK + base64.b64encode(self.blob(table, name, plain.encode())).decode()


class Shut(Refused):
    """The key of a body is no more: the data were erased, or the key is lost."""

    default_code = "erased"

    def __init__(self, place: Place) -> None:
        super().__init__(
            f"{place} cannot be opened any more: its key was destroyed when the data of that person were erased."
            " Where nothing was erased, `simojo ledger verify` names the damage",
            clause="UU 27/2022 Pasal 43",
        )


def is_sealed(body: bytes | str) -> bool:
    """Whether a stored body is sealed; one that is not was stored before bodies were."""
    return body.startswith(TEXT_MARK) if isinstance(body, str) else body.startswith(MARK)


def open_blob(stored: bytes, place: Place, keys: Keys) -> bytes:
    """The exact bytes of a stored body. Raises Shut without its key, Tampered `sealed-damaged` when it was changed."""
    if not stored.startswith(MARK):
        return stored
    start = len(MARK) + 1 + stored[len(MARK)] if len(stored) > len(MARK) else len(stored)
    head = stored[:start]
    try:
        scope = head[len(MARK) + 1 :].decode()
    except UnicodeDecodeError as error:
        raise _damaged(place) from error
    key = keys(scope) if scope else None
    if key is None:
        raise Shut(place)
    try:
        cipher = AESGCM(_unit_key(key, place.unit))
        nonce, sealed = stored[start : start + NONCE_SIZE], memoryview(stored)[start + NONCE_SIZE :]
        return cipher.decrypt(nonce, sealed, head + place.encode_place())
    except (InvalidTag, ValueError) as error:
        raise _damaged(place) from error


def open_text(stored: str, place: Place, keys: Keys) -> str:
    """The same of a text."""
    if not isinstance(stored, str):
        return stored  # type: ignore[unreachable]  # SQLite lets a blob stand there: whoever reads the row sees it
    if not stored.startswith(TEXT_MARK):
        return stored
    try:
        sealed = base64.b64decode(stored[len(TEXT_MARK) :], validate=True)
    except ValueError as error:
        raise _damaged(place) from error
    if not sealed.startswith(MARK) or base64.b64encode(sealed).decode() != stored[len(TEXT_MARK) :]:
        raise _damaged(place)  # base64 has spare bits at its end: each text has one spelling
    return open_blob(sealed, place, keys).decode()


def _head(scope: str) -> bytes:
    named = scope.encode()
    return MARK + bytes([len(named)]) + named


def _unit_key(key: bytes, unit: str) -> bytes:
    return hmac_sha256(key, b"simojo-body-key-v1\x00" + unit.encode())


def _damaged(place: Place) -> Tampered:
    return Tampered(
        f"the sealed body {place} does not open: it was changed or moved; restore it from a backup",
        code="sealed-damaged",
    )


def erased(scope: str) -> Refused:
    """The refusal of whatever would begin under a key that was destroyed."""
    return Refused(
        f"{scope}: the data of this person were erased, nothing new is kept under it",
        code="erased",
        clause="UU 27/2022 Pasal 43",
    )
