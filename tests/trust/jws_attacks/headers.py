"""Algorithms, keys, encodings, and the protected header read in two ways."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.trust.jws_attacks.attack import (
    ALL,
    CRIT,
    EMBEDDED,
    MCLEAN,
    OWN,
    PSYCHIC,
    RFC7515,
    RFC8725,
    SMUGGLING,
    Forged,
    Theme,
)
from tests.trust.jws_attacks.forge import P256_ORDER, Genuine, b64, protected_of, sign

THEME = Theme()
add = THEME.add
_EC = ("p256", "p384")


def _raw(genuine: Genuine, more: str) -> bytes:
    """The genuine header with text before its last bracket: what json.dumps cannot write."""
    return (json.dumps(genuine.header())[:-1] + more + "}").encode()


# --- algorithms ---------------------------------------------------------------------------------------------------

for spelled in ("none", "None", "NONE", "nOnE"):
    add(
        f"alg-{spelled}",
        f"alg {spelled}, with a signature of one byte",
        "signature-policy",
        lambda g, spelled=spelled: g.with_signature(b"x", g.header(alg=spelled)),
        MCLEAN,
        ALL,
    )  # type: ignore[misc]  # a default binds the loop's value
add(
    "alg-none-without-signature",
    "alg none and nothing behind the last dot",
    "signature-malformed",
    lambda g: f"{protected_of(g.header(alg='none'))}..",
    MCLEAN,
    ALL,
)
add("alg-empty", "alg is an empty text", "signature-malformed", lambda g: g.token(g.header(alg="")), MCLEAN)
add("alg-missing", "no alg", "signature-malformed", lambda g: g.token(g.header(alg=None)), RFC7515)
add(
    "alg-a-list", "alg is a list of two", "signature-malformed", lambda g: g.token(g.header(alg=["ES256", "none"])), OWN
)
add(
    "alg-lower-case",
    "alg in lower case",
    "signature-policy",
    lambda g: g.token(g.header(alg=g.header()["alg"].lower())),
    RFC8725,
    ALL,
)
add(
    "alg-with-a-space",
    "alg with a space behind it",
    "signature-policy",
    lambda g: g.token(g.header(alg=f"{g.header()['alg']} ")),
    OWN,
    ALL,
)
for made_up in ("ES512", "ES256K", "RS1", "RS384", "PS512", "Ed448", "HS256K"):
    add(
        f"alg-{made_up}",
        f"alg {made_up}, which is not on the list",
        "signature-policy",
        lambda g, made_up=made_up: g.token(g.header(alg=made_up)),
        RFC8725,
    )  # type: ignore[misc]  # the same

SECRETS: dict[str, Callable[[Genuine], bytes]] = {
    "public-key-pem": lambda g: g.sender.public_pem,
    "public-key-der": lambda g: g.sender.public_der,
    "certificate-der": lambda g: g.sender.der,
    "jwk": lambda g: json.dumps(g.sender.jwk, separators=(",", ":")).encode(),
    "thumbprint": lambda g: g.sender.thumbprint.encode(),
    "nothing": lambda _: b"",
}
for named, secret in SECRETS.items():
    add(
        f"hs256-with-{named}",
        f"key confusion: HS256 under the secret `{named}`, which everybody knows",
        "signature-policy",
        lambda g, secret=secret: g.with_secret("HS256", secret(g)),
        MCLEAN,
        ALL,
    )  # type: ignore[misc]  # the same
for algorithm in ("HS384", "HS512"):
    add(
        f"{algorithm.lower()}-with-public-key",
        f"key confusion: {algorithm} under the public key",
        "signature-policy",
        lambda g, a=algorithm: g.with_secret(a, g.sender.public_pem),
        MCLEAN,
        ALL,
    )  # type: ignore[misc]  # the same

for algorithm, kinds in {
    "ES256": ("rsa", "ed25519", "p384"),
    "ES384": ("rsa", "ed25519", "p256"),
    "RS256": ("p256", "p384", "ed25519"),
    "PS256": ("p256", "p384", "ed25519"),
    "Ed25519": ("p256", "p384", "rsa"),
    "EdDSA": ("p256", "p384", "rsa"),
}.items():
    add(
        f"wrong-key-type-{algorithm}",
        f"alg {algorithm} over a registered key of another kind",
        "signature-policy",
        lambda g, a=algorithm: g.token(g.header(alg=a)),
        RFC8725,
        kinds,
    )  # type: ignore[misc]  # the same
add(
    "ps256-signed-as-rs256",
    "alg PS256 over a PKCS #1 signature",
    "signature-wrong",
    lambda g: _signed_as(g, "PS256", "RS256"),
    RFC8725,
    ("rsa",),
)
add(
    "rs256-signed-as-ps256",
    "alg RS256 over a PSS signature",
    "signature-wrong",
    lambda g: g.token(g.header(alg="RS256")),
    RFC8725,
    ("rsa",),
)


def _signed_as(genuine: Genuine, said: str, done: str) -> str:
    protected = protected_of(genuine.header(alg=said))
    signing = f"{protected}.{b64(genuine.payload)}".encode()
    return f"{protected}..{b64(sign(genuine.sender.key, signing, done))}"


# --- signature values ---------------------------------------------------------------------------------------------

N = P256_ORDER
for named, value in {
    "zero": bytes(64),
    "r-zero": bytes(32) + (1).to_bytes(32),
    "s-zero": (1).to_bytes(32) + bytes(32),
    "r-order": N.to_bytes(32) + (1).to_bytes(32),
    "s-order": (1).to_bytes(32) + N.to_bytes(32),
    "both-order": N.to_bytes(32) * 2,
    "ones": b"\xff" * 64,
    "one-one": (1).to_bytes(32) * 2,
    "short": bytes(63),
    "long": bytes(65),
    "double": bytes(128),
    "one-byte": b"\x00",
}.items():
    add(
        f"ecdsa-{named}",
        f"an ECDSA signature that nobody made (`{named}`)",
        "signature-wrong",
        lambda g, value=value: g.with_signature(value),
        PSYCHIC,
    )  # type: ignore[misc]  # the same
add(
    "ecdsa-der",
    "the right ECDSA signature in DER, not as r and s",
    "signature-wrong",
    lambda g: _signed_as(g, g.header()["alg"], "DER"),
    RFC7515,
    _EC,
)
add(
    "signature-oversized",
    "a signature of 6000 bytes",
    "signature-malformed",
    lambda g: g.with_signature(b"x" * 6000),
    OWN,
    ALL,
)
add("rsa-zero", "an RSA signature of zeros", "signature-wrong", lambda g: g.with_signature(bytes(256)), OWN, ("rsa",))
add(
    "rsa-one",
    "an RSA signature of value 1",
    "signature-wrong",
    lambda g: g.with_signature((1).to_bytes(256)),
    OWN,
    ("rsa",),
)
add(
    "ed25519-zero",
    "an Ed25519 signature of zeros",
    "signature-wrong",
    lambda g: g.with_signature(bytes(64)),
    OWN,
    ("ed25519",),
)

# --- keys that the message brings -----------------------------------------------------------------------------------

for member, key_value in {
    "jwk": lambda g: g.stranger.jwk,
    "x5c": lambda g: [b64(g.stranger.der)],
    "jku": lambda _: "http://127.0.0.1:9/keys.json",
    "x5u": lambda _: "http://127.0.0.1:9/key.pem",
}.items():
    add(
        f"embedded-{member}",
        f"a stranger signs and brings his key in {member}, under the registered thumbprint",
        "signature-policy",
        lambda g, m=member, v=key_value: g.token(g.header(**{m: v(g)}), by=g.stranger),
        EMBEDDED,
        ALL,
    )  # type: ignore[misc]  # the same
    add(
        f"embedded-{member}-of-a-stranger",
        f"a stranger signs and brings his key in {member}, under his own thumbprint",
        "signature-policy",
        lambda g, m=member, v=key_value: g.token(  # type: ignore[misc]  # the same
            g.header(**{m: v(g), "x5t#S256": g.stranger.thumbprint}), by=g.stranger
        ),
        EMBEDDED,
    )
add(
    "embedded-own-jwk",
    "the sender signs and brings his own key",
    "signature-policy",
    lambda g: g.token(g.header(jwk=g.sender.jwk)),
    RFC8725,
    ALL,
)
add(
    "stranger",
    "a stranger signs under his own thumbprint",
    "certificate-unknown",
    lambda g: g.token(g.header(**{"x5t#S256": g.stranger.thumbprint}), by=g.stranger),
    OWN,
    ALL,
)
add(
    "stranger-under-registered-thumbprint",
    "a stranger signs under the registered thumbprint",
    "signature-wrong",
    lambda g: g.token(by=g.stranger),
    OWN,
    ALL,
)
add(
    "thumbprint-of-another-agency",
    "another agency signs with its own registered key",
    "certificate-unknown",
    lambda g: g.token(g.header(**{"x5t#S256": g.other_agency.thumbprint}), by=g.other_agency),
    RFC8725,
)
add(
    "kid-with-a-path",
    "a stranger signs; kid leads to a file with known content",
    "signature-wrong",
    lambda g: g.token(g.header(kid="../../../../dev/null"), by=g.stranger),
    RFC8725,
)
add(
    "kid-with-sql",
    "a stranger signs; kid would be a statement",
    "signature-wrong",
    lambda g: g.token(g.header(kid="x' UNION SELECT 'key'--"), by=g.stranger),
    RFC8725,
)
add("thumbprint-missing", "no x5t#S256", "signature-malformed", lambda g: g.token(g.header(**{"x5t#S256": None})), OWN)
add(
    "thumbprint-by-sha-1",
    "x5t in place of x5t#S256",
    "signature-malformed",
    lambda g: g.token(g.header(**{"x5t#S256": None, "x5t": "AAAA"})),
    OWN,
)
add(
    "thumbprint-in-hex",
    "x5t#S256 in hexadecimal",
    "certificate-unknown",
    lambda g: g.token(g.header(**{"x5t#S256": "ab" * 32})),
    OWN,
)
add(
    "thumbprint-padded",
    "x5t#S256 with padding",
    "signature-malformed",
    lambda g: g.token(g.header(**{"x5t#S256": f"{g.sender.thumbprint}="})),
    RFC7515,
)

# --- extensions ---------------------------------------------------------------------------------------------------

EXTENSIONS: dict[str, dict[str, Any]] = {
    "crit-unknown": {"crit": ["urn:attack"], "urn:attack": True},
    "crit-known": {"crit": ["exp"]},
    "crit-of-what-is-missing": {"crit": ["missing"]},
    "crit-empty": {"crit": []},
    "crit-no-list": {"crit": "exp"},
    "crit-false": {"crit": False},
    "b64-false": {"b64": False, "crit": ["b64"]},
    "b64-false-alone": {"b64": False},
    "b64-true": {"b64": True},
}
for named, extension in EXTENSIONS.items():
    add(
        named,
        f"the header has {', '.join(extension)} ({named})",
        "signature-policy",
        lambda g, e=extension: g.token(g.header(**e)),
        CRIT,
        ALL,
    )  # type: ignore[misc]  # the same


def _unencoded(genuine: Genuine) -> str:
    protected = protected_of(genuine.header(b64=False, crit=["b64"]))
    return f"{protected}..{b64(sign(genuine.sender.key, protected.encode() + b'.' + genuine.payload))}"


add("b64-false-signed-so", "b64 false, over the body itself as RFC 7797 has it", "signature-policy", _unencoded, CRIT)

# --- the header read in two ways ------------------------------------------------------------------------------------

for named, more in {
    "alg": ', "alg": "none"',
    "jti": ', "jti": "other"',
    "aud": ', "aud": "bank"',
    "escaped-jti": ', "\\u006ati": "other"',
    "escaped-alg": ', "\\u0061lg": "none"',
    "the-same-value": ', "iss": "dpupr"',
    "nested": ', "extra": {"a": 1, "a": 2}',
    "nested-in-a-list": ', "extra": [{"a": 1, "\\u0061": 2}]',
}.items():
    add(
        f"duplicate-{named}",
        f"a member twice in the signed header ({named.replace('-', ' ')})",
        "signature-malformed",
        lambda g, more=more: g.token(_raw(g, more)),
        RFC8725,
        ALL,
    )  # type: ignore[misc]  # the same
for named, data in {
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
}.items():
    add(
        f"header-{named}",
        f"the signed header is no JSON object in UTF-8 ({named.replace('-', ' ')})",
        "signature-malformed",
        lambda g, data=data: g.token(data),
        RFC7515,
    )  # type: ignore[misc]  # the same
add(
    "header-with-bom",
    "a byte order mark before the header",
    "signature-malformed",
    lambda g: g.token(b"\xef\xbb\xbf" + json.dumps(g.header()).encode()),
    RFC7515,
)
add(
    "header-with-digits-by-thousands",
    "a number of 5000 digits in the header",
    "signature-malformed",
    lambda g: g.token(_raw(g, ', "n": ' + "9" * 5000)),
    OWN,
)
add(
    "header-of-8-kilobytes",
    "a header of more than 8 KB",
    "signature-malformed",
    lambda g: g.token(g.header(fill="x" * 8192)),
    OWN,
    ALL,
)
add(
    "header-of-another-message",
    "the header of another genuine message over this signature",
    "signature-wrong",
    lambda g: f"{protected_of(g.header(jti='other'))}..{g.parts[1]}",
    OWN,
    ALL,
)
add("header-empty", "nothing before the first dot", "signature-malformed", lambda g: f"..{g.parts[1]}", RFC7515)

# --- encodings ----------------------------------------------------------------------------------------------------


def _last_bits(text: str) -> str:
    """The same bytes, with unused bits set in the last character."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) | 1]


def _padded_header(genuine: Genuine) -> str:
    """A header that needs padding, so that there is some to write."""
    data = json.dumps(genuine.header()).encode()
    data += b" " * ((2 - len(data)) % 3)
    return protected_of(data)


for named, change in {
    "padding-signature": lambda g: f"{g.parts[0]}..{g.parts[1]}==",
    "padding-header": lambda g: f"{_padded_header(g)}=..{g.parts[1]}",
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
}.items():
    add(named, f"the token is spelled otherwise ({named.replace('-', ' ')})", "signature-malformed", change, RFC7515)  # type: ignore[arg-type]  # lambdas of one form

# --- two header lines -----------------------------------------------------------------------------------------------

for named, tokens in {
    "genuine-then-forged": lambda g: (g.token(), g.token(by=g.stranger)),
    "forged-then-genuine": lambda g: (g.token(by=g.stranger), g.token()),
    "the-same-twice": lambda g: (g.token(),) * 2,
    "empty-then-genuine": lambda g: ("", g.token()),
    "genuine-then-empty": lambda g: (g.token(), ""),
    "joined-by-a-comma": lambda g: (f"{g.token()},{g.token()}",),
}.items():
    add(
        f"two-lines-{named}",
        f"X-JWS-Signature twice ({named.replace('-', ' ')})",
        "signature-malformed",
        lambda g, t=tokens: Forged(tokens=t(g), body=g.payload),
        SMUGGLING,
    )  # type: ignore[misc]  # the same
add("no-signature", "no X-JWS-Signature", "signature-missing", lambda g: Forged(tokens=(), body=g.payload), OWN, ALL)
add("signature-empty", "X-JWS-Signature without a value", "signature-missing", lambda _: "", OWN, ALL)
