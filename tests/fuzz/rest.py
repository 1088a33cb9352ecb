"""REST: a detached JWS in a header line, and the JSON that it is over. The input is the line, a line feed, the body."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from functools import cache
from typing import Any

from gateway.domain.errors import Refused
from gateway.trust.jws import verify_detached
from gateway.validation.json_parse import parse_json
from tests.fuzz.steps import Change, by, of_bytes
from tests.fuzz.target import Target
from tests.trust.jws_attacks.catalogue import ATTACKS
from tests.trust.jws_attacks.forge import Genuine, Signer, b64
from tests.trust.parties import AT, key, registered

PAYLOAD = b'{"permitNumber":"001/KRK/III/2026"}'
CLAIMS = {"iss": "dpupr", "aud": "dpmptsp", "jti": "v-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"}
MAX_BYTES = 500_000
_TRUSTED = ("p256", "rsa", "ed25519")
OWN_DOING = "p384"

MEMBERS = ("alg", "x5t#S256", "iss", "aud", "iat", "exp", "jti", "agr", "int", "rel", "leaf", "crit", "b64", "jwk", "x")
VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1772420400,
    1772420700,
    2**53,
    10**400,
    1.5,
    1e308,
    "",
    "none",
    "HS256",
    "ES256",
    "ES384",
    "RS256",
    "Ed25519",
    "dpupr",
    "dpmptsp",
    "x" * 257,
    "\u202e\ud800",
    "a\nb",
    [],
    {},
    [[]],
    {"a": {"a": 1}},
)
TOKENS = (
    b".",
    b"..",
    b"=",
    b"+/",
    b" ",
    b",",
    b"\n",
    b"\r\n",
    b"\x00",
    b"\xff",
    b"\xef\xbb\xbf",
    b"e30",
    b"AAAA",
    b'"',
    b'{"a":1,"a":2}',
    b"[" * 200,
    b"]",
    b"{",
    b"}",
    b'\\ud800"',
    b"\\",
    b"1e999",
    b"NaN",
    b"-0",
    b"9" * 5000,
    b"9007199254740993",
    b"null",
    "\u00e9\u202e".encode(),
)


@cache
def _genuine(kind: str) -> Genuine:
    mine, stranger, other = key(kind), key(kind, 1), key("rsa", 2)
    return Genuine(
        kind=kind,
        sender=Signer(mine.private_key, mine.certificate),
        stranger=Signer(stranger.private_key, stranger.certificate),
        other_agency=Signer(other.private_key, other.certificate),
        payload=PAYLOAD,
        at=AT,
        claims=CLAIMS,
    )


def _header(data: bytes) -> tuple[dict[str, Any], bytes, bytes]:
    """Header, the rest of the token, and the body. Raises ValueError for what is no header."""
    token, _, body = data.partition(b"\n")
    protected, _, rest = token.partition(b".")
    header = json.loads(urlsafe_b64decode(protected + b"=" * (-len(protected) % 4)))
    if not isinstance(header, dict):
        raise TypeError
    return header, rest, body


def _member(data: bytes, a: int, b: int) -> bytes:
    """Give a member of the header another value."""
    try:
        header, rest, body = _header(data)
    except (ValueError, TypeError, RecursionError):
        return data
    header[MEMBERS[a % len(MEMBERS)]] = VALUES[b % len(VALUES)]
    return b64(json.dumps(header).encode()).encode() + b"." + rest + b"\n" + body


def _sign_again(data: bytes, _a: int, _b: int) -> bytes:
    """Sign what now stands there, by another registered key."""
    try:
        header, _, body = _header(data)
    except (ValueError, TypeError, RecursionError):
        return data
    sender = _genuine(OWN_DOING)
    header |= {"alg": "ES384", "x5t#S256": sender.sender.thumbprint}
    return sender.token(header, body).encode() + b"\n" + body


def _only(part: int) -> Change:
    """Change bytes of the decoded header (0), of the token (1) or of the body (2) alone."""
    changes = of_bytes(TOKENS)

    def change(data: bytes, a: int, b: int) -> bytes:
        token, _, body = data.partition(b"\n")
        step = changes[(a ^ b) % len(changes)]
        if part == 2:
            return token + b"\n" + step(body, a, b)
        if part == 1:
            return step(token, a, b) + b"\n" + body
        protected, _, rest = token.partition(b".")
        try:
            header = urlsafe_b64decode(protected + b"=" * (-len(protected) % 4))
        except ValueError:
            return data
        return b64(step(header, a, b)).encode() + b"." + rest + b"\n" + body

    return change


CHANGES: tuple[Change, ...] = (
    _member, _member, _member, _sign_again, _sign_again, _only(0), _only(0), _only(1), _only(2), _only(2),
    *of_bytes(TOKENS),
)  # fmt: skip


@cache
def _seeds() -> tuple[bytes, ...]:
    mine = [_genuine(kind).token().encode() + b"\n" + PAYLOAD for kind in _TRUSTED]
    forged = [each.forge(_genuine("p256")) for each in ATTACKS if "p256" in each.kinds]
    return (*mine * 20, *(each.field_value.encode("utf-8", "replace") + b"\n" + each.body for each in forged))


def read(data: bytes) -> str:
    """Parse and verify, as the door does; what is accepted was signed by its sender over these very bytes."""
    line, _, body = data.partition(b"\n")
    parse_json(body, max_bytes=MAX_BYTES)
    certificates = [registered(key(kind)) for kind in (*_TRUSTED, OWN_DOING)]
    verified = verify_detached(line.decode("latin-1"), body, certificates, AT, audience="dpmptsp")
    if verified.certificate == certificates[3]:
        return "signed anew"
    if verified.payload != PAYLOAD or verified.claims.jti not in ("v-1", "x" * 257):
        raise AssertionError("a forged message was accepted")
    return "genuine"


JWS = Target(
    name="jws",
    what="`parse_json` and `verify_detached` with four registered certificates",
    seeds=_seeds,
    change=by(CHANGES),
    steps=len(CHANGES),
    structured=7,
    read=read,
    refuses=Refused,
    share=0.35,
)
