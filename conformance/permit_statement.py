"""The statement of a permit's QR code, judged with no network: format in docs/wire.md, "Permits on paper".

Code of the harness's own, so that it agrees with the hub by the format alone.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.domain.errors import Malformed, Tampered

_HEAD = 1 + 4 + 2 + 8
_SIGNATURE = 64
_PREFIX = b"simojo-permit-statement-v1\x00"


@dataclass(frozen=True, kw_only=True)
class PermitOnPaper:
    """What the office printed: number, service code, and the day on the document."""

    number: str
    service: str
    day: date


def verify_permit(scanned: str, keys: str) -> PermitOnPaper:
    """Verify what a QR code says: the address, or the statement alone, under one of the public `keys` (lines).

    Raises Malformed `permit-code-malformed`; Tampered `permit-code-forged`, also where the address names another permit
    than the statement.
    """
    named, text = _taken_apart(scanned.strip())
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        payload, signature = data[:-_SIGNATURE], data[-_SIGNATURE:]
        length = payload[_HEAD]
        service, number = payload[_HEAD + 1 : _HEAD + 1 + length].decode(), payload[_HEAD + 1 + length :].decode()
        if payload[0] != 1 or not number:
            raise ValueError("another version")
    except (ValueError, IndexError):
        raise Malformed(
            "this is no statement of a permit: give the whole address that the QR code says, with what follows ?s=",
            code="permit-code-malformed",
        ) from None
    if not any(_signed(key, payload, signature) for key in _keys(keys)):
        raise Tampered(
            "the statement was not signed with any of these keys: do not trust the paper", code="permit-code-forged"
        )
    if named and named != number:
        raise Tampered(
            f"the address names {named[:80]!r}, the statement {number!r}: a code of another permit",
            code="permit-code-forged",
        )
    day = date(2020, 1, 1) + timedelta(days=int.from_bytes(payload[5:7]))
    return PermitOnPaper(number=number, service=service, day=day)


def _taken_apart(scanned: str) -> tuple[str, str]:
    """The number in the address ("" when only the statement was given), and the statement."""
    if "://" not in scanned:
        return "", scanned
    address = urlsplit(scanned)
    return unquote(address.path.partition("/periksa/")[2]), parse_qs(address.query).get("s", [""])[0]


def _keys(lines: str) -> list[bytes]:
    """The public keys, each `simojo-permit+<key id>+<base64(0x01, key)>`. Raises Malformed `permit-key-malformed`."""
    found = []
    for line in lines.split():
        try:
            name, key_id, encoded = line.split("+", 2)
            key = base64.b64decode(encoded, validate=True)
            if key[:1] != b"\x01" or hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] != key_id:
                raise ValueError("parts that disagree")
            Ed25519PublicKey.from_public_bytes(key[1:])
        except ValueError:
            raise Malformed(
                f"{line[:60]!r} is no public key of permits: fetch the lines from the hub's /periksa/kunci",
                code="permit-key-malformed",
            ) from None
        found.append(key)
    return found


def _signed(key: bytes, payload: bytes, signature: bytes) -> bool:
    name = b"simojo-permit\n"
    if hashlib.sha256(name + key).digest()[:4] != payload[1:5]:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature, _PREFIX + payload)
    except InvalidSignature:
        return False
    return True
