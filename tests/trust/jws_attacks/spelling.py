"""A header that two readers read in two ways, other spellings of the token, and a second header line."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.trust.jws_attacks.attack import (
    ALL,
    OWN,
    RFC7515,
    RFC8725,
    SMUGGLING,
    Forged,
    Make,
    Theme,
    saying,
    signing,
    spelled,
)
from tests.trust.jws_attacks.forge import Genuine, b64, protected_of

THEME = Theme()
add = THEME.add
_MALFORMED = "signature-malformed"

# --- the header -----------------------------------------------------------------------------------------------------

_TWICE = {
    "alg": ', "alg": "none"',
    "jti": ', "jti": "other"',
    "aud": ', "aud": "bank"',
    "escaped-jti": ', "\\u006ati": "other"',
    "escaped-alg": ', "\\u0061lg": "none"',
    "the-same-value": ', "iss": "dpupr"',
    "nested": ', "extra": {"a": 1, "a": 2}',
    "nested-in-a-list": ', "extra": [{"a": 1, "\\u0061": 2}]',
}


def _with_text(more: str) -> Make:
    """The sender signs the genuine header with text before its last bracket: what json.dumps cannot write."""
    return lambda genuine: genuine.token((json.dumps(genuine.header())[:-1] + more + "}").encode())


for _name, _more in _TWICE.items():
    _what = f"a member twice in the signed header ({spelled(_name)})"
    add(f"duplicate-{_name}", _what, _MALFORMED, _with_text(_more), RFC8725, ALL)

_NO_HEADERS = {
    "no-object": b'["ES256"]',
    "a-text": b'"ES256"',
    "null": b"null",
    "nan": b'{"iat": NaN}',
    "infinity": b'{"iat": -Infinity}',
    "deep": b'{"a":' + b"[" * 5000,
    "trailing-comma": b'{"alg":"ES256",}',
    "two-objects": b"{}{}",
    "latin-1": b'{"alg":"\xe9"}',
    "utf-16": '{"alg":"ES256"}'.encode("utf-16"),
    "lone-surrogate-bytes": b'{"alg":"\xed\xa0\x80"}',
}
for _name, _data in _NO_HEADERS.items():
    _what = f"the signed header is no JSON object in UTF-8 ({spelled(_name)})"
    add(f"header-{_name}", _what, _MALFORMED, signing(_data), RFC7515)


def _marked(genuine: Genuine) -> str:
    return genuine.token(b"\xef\xbb\xbf" + json.dumps(genuine.header()).encode())


def _swapped(genuine: Genuine) -> str:
    return f"{protected_of(genuine.header(jti='other'))}..{genuine.parts[1]}"


add("header-with-bom", "a byte order mark before the header", _MALFORMED, _marked, RFC7515)
_what = "a number of 5000 digits in the header"
add("header-with-digits-by-thousands", _what, _MALFORMED, _with_text(', "n": ' + "9" * 5000), OWN)
add("header-of-8-kilobytes", "a header of more than 8 KB", _MALFORMED, saying(fill="x" * 8192), OWN, ALL)
_what = "the header of another genuine message over this signature"
add("header-of-another-message", _what, "signature-wrong", _swapped, OWN, ALL)

# --- the token ------------------------------------------------------------------------------------------------------


def _last_bits(text: str) -> str:
    """The same bytes, with unused bits set in the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def _padded_header(genuine: Genuine) -> str:
    """A header that needs padding, with it."""
    data = json.dumps(genuine.header()).encode()
    data += b" " * ((2 - len(data)) % 3)
    return f"{protected_of(data)}=..{genuine.parts[1]}"


_SPELLED: dict[str, Make] = {
    "header-empty": lambda g: f"..{g.parts[1]}",
    "padding-signature": lambda g: f"{g.parts[0]}..{g.parts[1]}==",
    "padding-header": _padded_header,
    "padding-in-the-middle": lambda g: f"{g.parts[0]}..{g.parts[1][:4]}=={g.parts[1][4:]}",
    "standard-alphabet": lambda g: f"{g.parts[0]}..+/{g.parts[1][2:]}",
    "space-in-signature": lambda g: f"{g.parts[0]}..{g.parts[1][:4]} {g.parts[1][4:]}",
    "space-in-header": lambda g: f"{g.parts[0][:4]} {g.parts[0][4:]}..{g.parts[1]}",
    "unused-bits": lambda g: f"{g.parts[0]}..{_last_bits(g.parts[1])}",
    "other-characters": lambda g: f"{g.parts[0]}..{g.parts[1]}!*",
    "quoted": lambda g: f'"{g.token()}"',
    "bearer": lambda g: f"Bearer {g.token()}",
    "one-dot": lambda g: ".".join(g.parts),
    "three-dots": lambda g: "...".join(g.parts),
    "four-parts": lambda g: f"{g.token()}.{g.parts[1]}",
    "encrypted-form": lambda g: f"{g.parts[0]}....{g.parts[1]}",
    "attached": lambda g: f"{g.parts[0]}.{b64(g.payload)}.{g.parts[1]}",
    "attached-other-payload": lambda g: f"{g.parts[0]}.{b64(b'{}')}.{g.parts[1]}",
    "json-form": lambda g: json.dumps({"protected": g.parts[0], "signature": g.parts[1]}),
    "json-form-general": lambda g: json.dumps({"signatures": [{"protected": g.parts[0], "signature": g.parts[1]}]}),
    "json-form-unprotected": lambda g: json.dumps({"header": {"alg": "none"}, "signature": g.parts[1]}),
}
for _name, _make in _SPELLED.items():
    add(_name, f"the token is spelled otherwise ({spelled(_name)})", _MALFORMED, _make, RFC7515)

# --- header lines ---------------------------------------------------------------------------------------------------

_LINES: dict[str, Callable[[Genuine], tuple[str, ...]]] = {
    "genuine-then-forged": lambda g: (g.token(), g.token(by=g.stranger)),
    "forged-then-genuine": lambda g: (g.token(by=g.stranger), g.token()),
    "the-same-twice": lambda g: (g.token(),) * 2,
    "empty-then-genuine": lambda g: ("", g.token()),
    "genuine-then-empty": lambda g: (g.token(), ""),
    "joined-by-a-comma": lambda g: (f"{g.token()},{g.token()}",),
    "none": lambda _: (),
    "one-without-a-value": lambda _: ("",),
}


def _lines(name: str) -> Make:
    return lambda genuine: Forged(tokens=_LINES[name](genuine), body=genuine.payload)


for _name in _LINES:
    _what = f"lines of X-JWS-Signature: {spelled(_name)}"
    _code = "signature-missing" if _name in ("none", "one-without-a-value") else _MALFORMED
    add(f"lines-{_name}", _what, _code, _lines(_name), SMUGGLING)
