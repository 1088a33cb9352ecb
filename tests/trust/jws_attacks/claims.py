"""What a right signature says wrongly, and bodies that are not the signed one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from tests.trust.jws_attacks.attack import ALL, OWN, RFC7515, RFC8725, Forged, Make, Theme, saying, spelled
from tests.trust.jws_attacks.forge import Genuine

THEME = Theme()
add = THEME.add

CLAIMS: dict[str, dict[str, Any]] = {
    "iss-of-another-agency": {"iss": "bank"},
    "iss-of-the-hub": {"iss": "dpmptsp"},
    "iss-with-a-space": {"iss": "dpupr "},
    "iss-in-upper-case": {"iss": "DPUPR"},
    "iss-that-looks-the-same": {"iss": "dpup\u0433"},
    "iss-with-a-hidden-character": {"iss": "dpupr\u200b"},
    "iss-turned-around": {"iss": "\u202erpupd"},
    "iss-half-a-character": {"iss": "dpupr\ud800"},
    "iss-with-nul": {"iss": "dpupr\x00"},
    "aud-of-another-agency": {"aud": "bank"},
    "aud-a-list": {"aud": ["dpmptsp", "bank"]},
    "aud-a-prefix": {"aud": "dpmpts"},
    "aud-everybody": {"aud": "*"},
    "jti-a-number": {"jti": 17},
    "jti-too-long": {"jti": "x" * 257},
    "jti-empty": {"jti": ""},
    "jti-with-a-line-break": {"jti": "a\nb"},
    "rel-a-list": {"rel": []},
    "leaf-a-number": {"leaf": 1},
    "iat-a-fraction": {"iat": 1772420400.0},
    "iat-true": {"iat": True},
    "iat-negative": {"iat": -1},
    "iat-a-text": {"iat": "1772420400"},
    "iat-null-like": {"iat": {}},
    "iat-in-milliseconds": {"iat": 1772420400000},
    "iat-huge": {"iat": 10**300},
    "exp-huge": {"exp": 2**63},
    "exp-infinite": {"exp": 1e400},
    "exp-zero": {"exp": 0},
    "exp-true": {"exp": True},
}
for _name, _said in CLAIMS.items():
    _what = f"the sender's header says {next(iter(_said))} wrongly ({spelled(_name)})"
    _code = "signature-malformed" if _name == "exp-infinite" else "signature-claims"
    add(_name, _what, _code, saying(**_said), RFC8725, ALL)
for _name in ("iss", "aud", "iat", "exp", "jti", "agr", "int"):
    add(f"{_name}-missing", f"the sender's header has no {_name}", "signature-claims", saying(**{_name: None}), RFC8725)


def _living(seconds: int) -> Make:
    return lambda genuine: genuine.token(genuine.header(exp=genuine.header()["iat"] + seconds))


for _name, _life in {"exp-before-iat": -1, "exp-at-iat": 0, "life-too-long": 301, "life-of-a-year": 31_536_000}.items():
    add(_name, f"the token lives {_life} s", "signature-claims", _living(_life), RFC8725, ALL)


def _later(seconds: int) -> Make:
    def make(genuine: Genuine) -> str:
        issued = genuine.header()["iat"] + seconds
        return genuine.token(genuine.header(iat=issued, exp=issued + 300))

    return make


_what = "the header speaks of another interaction"
_made = saying(int="technical-recommendation")
add("int-of-another-interaction", _what, "signature-claims", _made, RFC8725, door_only=True)
_what = "the header speaks of another agreement"
add("agr-of-another-agreement", _what, "agreement-mismatch", saying(agr="bank-2026/1.0"), RFC8725, door_only=True)
add("stale", "a genuine message of ten minutes ago", "timestamp-stale", _later(-600), OWN, door_only=True)
add("from-the-future", "a message of ten minutes from now", "timestamp-future", _later(600), OWN, door_only=True)

# --- bodies ---------------------------------------------------------------------------------------------------------

Change: TypeAlias = Callable[[bytes], bytes]


def _other_body(change: Change, content_type: str = "application/json") -> Make:
    def make(genuine: Genuine) -> Forged:
        return Forged(tokens=(genuine.token(),), body=change(genuine.payload), content_type=content_type)

    return make


def _same(body: bytes) -> bytes:
    return body


BODIES: dict[str, tuple[Change, str]] = {
    "one-digit": (lambda body: body.replace(b"001", b"002"), "signature-wrong"),
    "one-bit": (lambda body: body[:-3] + bytes([body[-3] ^ 1]) + body[-2:], "signature-wrong"),
    "a-line-feed-behind": (lambda body: body + b"\n", "signature-wrong"),
    "a-space-inside": (lambda body: body.replace(b":", b": "), "signature-wrong"),
    "carriage-returns": (lambda body: b"\r\n" + body, "signature-wrong"),
    "another-spelling": (lambda body: body.replace(b"KRK", b"\\u004bRK"), "signature-wrong"),
    "a-member-more": (lambda body: body[:-1] + b',"evil":1}', "signature-wrong"),
    "a-member-twice": (lambda body: body[:-1] + b',"permitNumber":"2"}', "json-duplicate-member"),
    "a-byte-order-mark": (lambda body: b"\xef\xbb\xbf" + body, "json-malformed"),
    "utf-16": (lambda body: body.decode().encode("utf-16"), "json-malformed"),
    "nothing": (lambda _: b"", "json-malformed"),
    "cut-short": (lambda body: body[:-1], "json-malformed"),
    "twice": (lambda body: body + body, "json-malformed"),
    "a-nul-behind": (lambda body: body + b"\x00", "json-malformed"),
}
for _name, (_change, _door) in BODIES.items():
    _what = f"the body is not the signed one ({spelled(_name)})"
    add(f"body-{_name}", _what, "signature-wrong", _other_body(_change), RFC7515, at_the_door=_door)


def _over_the_token(genuine: Genuine) -> str:
    return genuine.token(payload=genuine.token().encode())


_what = "the signature is over another text of the sender's"
add("body-signed-elsewhere", _what, "signature-wrong", _over_the_token, RFC7515, ALL)
_what = "the content type names another charset for the same bytes"
_made = _other_body(_same, "application/json; charset=utf-16")
add("body-of-another-charset", _what, "content-type-wrong", _made, RFC7515, door_only=True)
_made = _other_body(_same, "application/x-www-form-urlencoded")
add("body-of-another-type", "the same bytes as a form", "content-type-wrong", _made, RFC7515, door_only=True)
