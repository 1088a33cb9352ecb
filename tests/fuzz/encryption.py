"""What came encrypted, before its sender is known: XML Encryption of a Body, and compact JWE.

The first byte of an XML input says what follows: `E` an encrypted envelope, `P` a plaintext, which is encrypted as it
stands. Anybody can encrypt to the hub's certificate, so any plaintext reaches the parser behind decryption.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from functools import cache
from typing import Any

from lxml import etree

from gateway.domain.errors import Refused
from gateway.trust import jwe
from gateway.trust.envelope import open_envelope
from gateway.trust.xml_encryption import decrypt_envelope, mentions_encryption
from tests.fuzz.soap import CHANGES as XML_CHANGES
from tests.fuzz.soap import MAX_BYTES
from tests.fuzz.steps import Change, by, of_bytes
from tests.fuzz.target import Step, Target
from tests.fuzz.xml_steps import OF_STRUCTURE
from tests.trust.encrypting import HUB, MGF1P, OAEP_11, XENC, XENC11, ours, sent
from tests.trust.jws_attacks.forge import b64
from tests.trust.parties import key, signed, verify

BODY = b'{"permitNumber":"001/KRK/III/2026"}'


# --- XML Encryption -----------------------------------------------------------------------------------------------


@cache
def _plain() -> bytes:
    return etree.tostring(etree.fromstring(signed())[-1][0], method="c14n", exclusive=True)


@cache
def _envelopes() -> tuple[bytes, ...]:
    encrypted = (
        ours(),
        sent(),
        sent(content=f"{XENC11}aes128-gcm", size=16),
        sent(content=f"{XENC}aes256-cbc"),
        sent(transport=OAEP_11),
        sent(transport=MGF1P, parameters=""),
        sent(references=""),
        sent(key_info=""),
        sent(recipient=key("rsa", 1)),
    )
    plain = (_plain(), _plain(), _plain() * 2, b"", b"text", b"<a/>", b"<!DOCTYPE a><a/>")
    return (*(b"E" + each for each in encrypted), *(b"P" + each for each in plain))


def _change_xml(data: bytes, step: Step) -> bytes:
    return data[:1] + by(XML_CHANGES)(data[1:], step)


def read_xml(data: bytes) -> str:
    """Open, decrypt and verify; what is accepted in the end is what was signed."""
    envelope = sent(data[1:]) if data[:1] == b"P" else data[1:]
    opened = open_envelope(envelope, max_bytes=MAX_BYTES)
    if not mentions_encryption(opened):
        return "in clear"
    verified = verify(decrypt_envelope(opened, [HUB]))
    if verified.canonical_body != verify(signed()).canonical_body:
        raise AssertionError("a forged message was accepted")
    return "genuine"


XML_ENCRYPTION = Target(
    name="xml-encryption",
    what="`decrypt_envelope` between two passes of the gate, then `verify_envelope`",
    seeds=_envelopes,
    change=_change_xml,
    steps=len(XML_CHANGES),
    structured=len(OF_STRUCTURE),
    read=read_xml,
    refuses=Refused,
    share=0.1,
)


# --- JWE ----------------------------------------------------------------------------------------------------------

MEMBERS = ("alg", "enc", "cty", "typ", "kid", "x5t#S256", "epk", "apu", "apv", "zip", "crit", "p2c", "x")
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**64,
    1.5,
    "",
    "dir",
    "RSA1_5",
    "RSA-OAEP",
    "RSA-OAEP-256",
    "ECDH-ES",
    "ECDH-ES+A256KW",
    "A128GCM",
    "A256GCM",
    "A128CBC-HS256",
    "json",
    "x" * 300,
    "=",
    "\u202e\ud800",
    [],
    {},
    {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    {"kty": "EC", "crv": "P-384", "x": "A" * 64, "y": "A" * 64},
    {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
)
TOKENS = (b".", b"..", b"=", b"+/", b" ", b"\n", b"\x00", b"\xff", b"AAAA", b'"', b"{", b"}", b"[" * 200, b"9" * 5000)


def _member(data: bytes, a: int, b: int) -> bytes:
    """Give a member of the protected header another value; the content then no longer opens."""
    protected, _, rest = data.partition(b".")
    try:
        header = json.loads(urlsafe_b64decode(protected + b"=" * (-len(protected) % 4)))
        header[MEMBERS[a % len(MEMBERS)]] = VALUES[b % len(VALUES)]
    except (ValueError, TypeError, RecursionError):
        return data
    return b64(json.dumps(header).encode()).encode() + b"." + rest


def _of_header(data: bytes, a: int, b: int) -> bytes:
    """Change bytes of the decoded header alone."""
    protected, _, rest = data.partition(b".")
    steps = of_bytes(TOKENS)
    try:
        header = urlsafe_b64decode(protected + b"=" * (-len(protected) % 4))
    except ValueError:
        return data
    return b64(steps[(a ^ b) % len(steps)](header, a, b)).encode() + b"." + rest


JWE_CHANGES: tuple[Change, ...] = (_member, _member, _member, _of_header, _of_header, *of_bytes(TOKENS))
_KINDS = ("rsa", "p256", "p384")


@cache
def _tokens() -> tuple[bytes, ...]:
    return tuple(jwe.encrypt(BODY, "application/json", key(kind).certificate) for kind in (*_KINDS * 5, "p256"))


def read_jwe(data: bytes) -> str:
    """Decrypt with keys of each kind; what opens is what was encrypted."""
    opened = jwe.decrypt(data, [key(kind) for kind in _KINDS], max_bytes=MAX_BYTES)
    if opened.plaintext != BODY:
        raise AssertionError("another content came out")
    return "genuine"


JWE = Target(
    name="jwe",
    what="`jwe.decrypt` with an RSA, a P-256 and a P-384 key",
    seeds=_tokens,
    change=by(JWE_CHANGES),
    steps=len(JWE_CHANGES),
    structured=4,
    read=read_jwe,
    refuses=Refused,
    share=0.1,
)
