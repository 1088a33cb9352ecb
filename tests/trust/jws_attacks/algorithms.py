"""Algorithms off the list, keys taken for others, and signature values that nobody made."""

from __future__ import annotations

import json
from collections.abc import Callable

from tests.trust.jws_attacks.attack import (
    ALL,
    MCLEAN,
    OWN,
    PSYCHIC,
    RFC7515,
    RFC8725,
    Make,
    Theme,
    saying,
    spelled,
    valued,
)
from tests.trust.jws_attacks.forge import P256_ORDER, Genuine, b64, protected_of, sign

THEME = Theme()
add = THEME.add
_POLICY, _MALFORMED, _WRONG = "signature-policy", "signature-malformed", "signature-wrong"


# --- alg ----------------------------------------------------------------------------------------------------------

for _name in ("none", "None", "NONE", "nOnE"):
    add(f"alg-{_name}", f"alg {_name}, with a signature of one byte", _POLICY, valued(b"x", alg=_name), MCLEAN, ALL)


def _none_unsigned(genuine: Genuine) -> str:
    return f"{protected_of(genuine.header(alg='none'))}.."


def _lower(genuine: Genuine) -> str:
    return genuine.token(genuine.header(alg=genuine.header()["alg"].lower()))


def _spaced(genuine: Genuine) -> str:
    return genuine.token(genuine.header(alg=f"{genuine.header()['alg']} "))


add("alg-none-without-signature", "alg none and nothing behind the last dot", _MALFORMED, _none_unsigned, MCLEAN, ALL)
add("alg-empty", "alg is an empty text", _MALFORMED, saying(alg=""), MCLEAN)
add("alg-missing", "no alg", _MALFORMED, saying(alg=None), RFC7515)
add("alg-a-list", "alg is a list of two", _MALFORMED, saying(alg=["ES256", "none"]), OWN)
add("alg-lower-case", "alg in lower case", _POLICY, _lower, RFC8725, ALL)
add("alg-with-a-space", "alg with a space behind it", _POLICY, _spaced, OWN, ALL)
for _name in ("ES512", "ES256K", "RS1", "RS384", "PS512", "Ed448", "HS256K"):
    add(f"alg-{_name}", f"alg {_name}, which is not on the list", _POLICY, saying(alg=_name), RFC8725)

# --- key confusion --------------------------------------------------------------------------------------------------

SECRETS: dict[str, Callable[[Genuine], bytes]] = {
    "public-key-pem": lambda g: g.sender.public_pem,
    "public-key-der": lambda g: g.sender.public_der,
    "certificate-der": lambda g: g.sender.der,
    "jwk": lambda g: json.dumps(g.sender.jwk, separators=(",", ":")).encode(),
    "thumbprint": lambda g: g.sender.thumbprint.encode(),
    "nothing": lambda _: b"",
}


def _under(algorithm: str, secret: str) -> Make:
    return lambda genuine: genuine.with_secret(algorithm, SECRETS[secret](genuine))


for _name in SECRETS:
    _what = f"key confusion: HS256 under the secret `{_name}`, which everybody knows"
    add(f"hs256-with-{_name}", _what, _POLICY, _under("HS256", _name), MCLEAN, ALL)
for _name in ("HS384", "HS512"):
    _what = f"key confusion: {_name} under the public key"
    add(f"{_name.lower()}-with-public-key", _what, _POLICY, _under(_name, "public-key-pem"), MCLEAN, ALL)

_OTHERS: dict[str, tuple[str, ...]] = {
    "ES256": ("rsa", "ed25519", "p384"),
    "ES384": ("rsa", "ed25519", "p256"),
    "RS256": ("p256", "p384", "ed25519"),
    "PS256": ("p256", "p384", "ed25519"),
    "Ed25519": ("p256", "p384", "rsa"),
    "EdDSA": ("p256", "p384", "rsa"),
}
for _name, _kinds in _OTHERS.items():
    _what = f"alg {_name} over a registered key of another kind"
    add(f"wrong-key-type-{_name}", _what, _POLICY, saying(alg=_name), RFC8725, _kinds)


def _signed_as(done: str, **changes: str) -> Make:
    def make(genuine: Genuine) -> str:
        protected = protected_of(genuine.header(**changes))
        signed = sign(genuine.sender.key, f"{protected}.{b64(genuine.payload)}".encode(), done)
        return f"{protected}..{b64(signed)}"

    return make


_what = "alg PS256 over a PKCS #1 signature"
add("ps256-signed-as-rs256", _what, _WRONG, _signed_as("RS256", alg="PS256"), RFC8725, ("rsa",))
add("rs256-signed-as-ps256", "alg RS256 over a PSS signature", _WRONG, saying(alg="RS256"), RFC8725, ("rsa",))

# --- signature values -----------------------------------------------------------------------------------------------

_ONE, _N = (1).to_bytes(32), P256_ORDER.to_bytes(32)
_VALUES = {
    "zero": bytes(64),
    "r-zero": bytes(32) + _ONE,
    "s-zero": _ONE + bytes(32),
    "r-order": _N + _ONE,
    "s-order": _ONE + _N,
    "both-order": _N + _N,
    "ones": b"\xff" * 64,
    "one-one": _ONE + _ONE,
    "short": bytes(63),
    "long": bytes(65),
    "double": bytes(128),
    "one-byte": b"\x00",
}
for _name, _value in _VALUES.items():
    add(f"ecdsa-{_name}", f"an ECDSA signature that nobody made ({spelled(_name)})", _WRONG, valued(_value), PSYCHIC)
_what = "the right ECDSA signature in DER, not as r and s"
add("ecdsa-der", _what, _WRONG, _signed_as("DER"), RFC7515, ("p256", "p384"))
add("signature-oversized", "a signature of 6000 bytes", _MALFORMED, valued(b"x" * 6200), OWN, ALL)
add("rsa-zero", "an RSA signature of zeros", _WRONG, valued(bytes(256)), OWN, ("rsa",))
add("rsa-one", "an RSA signature of value 1", _WRONG, valued((1).to_bytes(256)), OWN, ("rsa",))
add("ed25519-zero", "an Ed25519 signature of zeros", _WRONG, valued(bytes(64)), OWN, ("ed25519",))
