"""The certificate that a JWS header means: by `x5t#S256`, and by what clients send in its place."""

from __future__ import annotations

import hashlib
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.trust.certificates import RegisteredCertificate
from gateway.trust.diagnosis.compact import encode
from gateway.trust.diagnosis.mistakes import Mistake
from gateway.trust.diagnosis.whose import key_of, read_der


class Meant(NamedTuple):
    """The registered certificate that a header means, and the mistake in how it says so."""

    registered: RegisteredCertificate
    mistake: Mistake | None


def meant(members: Mapping[str, object], certificates: Sequence[RegisteredCertificate]) -> Meant | None:
    """Find the registered certificate that a header means, None where nothing in it fits one."""
    said = {name: str(members[name])[:4096] for name in ("x5t#S256", "x5t", "kid") if name in members}
    for registered in certificates[-16:]:
        for text, mistake in _spellings(registered):
            for name, value in said.items():
                if value.rstrip("=").replace("+", "-").replace("/", "_") == text or value == text:
                    named = name == "x5t#S256"
                    return Meant(registered, mistake if named or mistake else Mistake.THUMBPRINT_MISSING)
    return None


def embedded(members: Mapping[str, object]) -> x509.Certificate | None:
    """Read the certificate that a header brings itself (x5c), None where it brings none."""
    chain = members.get("x5c")
    first = chain[0] if isinstance(chain, list) and chain else None
    if not isinstance(first, str) or len(first) > 32 * 1024:
        return None
    try:
        return read_der(b64decode(first))
    except ValueError:
        return None


def _spellings(registered: RegisteredCertificate) -> Iterator[tuple[str, Mistake | None]]:
    """Every way in which clients name a certificate, the right one first."""
    der = registered.certificate.public_bytes(Encoding.DER)
    pem = registered.certificate.public_bytes(Encoding.PEM)
    right = hashlib.sha256(der).digest()
    yield encode(right), None
    sha1 = hashlib.sha1(der, usedforsecurity=False).digest()
    yield from ((spelled, Mistake.THUMBPRINT_SHA1) for spelled in (encode(sha1), *_hexadecimal(sha1)))
    yield from ((spelled, Mistake.THUMBPRINT_HEX) for spelled in _hexadecimal(right))
    for text in (pem, pem.strip(), pem.replace(b"\n", b"\r\n"), _bare(pem)):
        made = hashlib.sha256(text).digest()
        yield from ((spelled, Mistake.THUMBPRINT_OF_PEM) for spelled in (encode(made), *_hexadecimal(made)))
    key = key_of(registered.certificate)
    if hasattr(key, "public_bytes"):
        made = hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
        yield encode(made), Mistake.THUMBPRINT_OF_KEY


def _hexadecimal(digest: bytes) -> Iterator[str]:
    for text in (digest.hex(), digest.hex().upper(), digest.hex(":"), digest.hex(":").upper()):
        yield text
        yield encode(text.encode())


def _bare(pem: bytes) -> bytes:
    return b"".join(line for line in pem.splitlines() if not line.startswith(b"-----"))
