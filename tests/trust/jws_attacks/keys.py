"""Keys that the message brings or names, and extensions that change what is signed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.trust.jws_attacks.attack import ALL, CRIT, EMBEDDED, OWN, RFC7515, RFC8725, Make, Theme, saying, spelled
from tests.trust.jws_attacks.forge import Genuine, b64, protected_of, sign

THEME = Theme()
add = THEME.add
_POLICY, _MALFORMED, _UNKNOWN = "signature-policy", "signature-malformed", "certificate-unknown"

BROUGHT: dict[str, Callable[[Genuine], Any]] = {
    "jwk": lambda g: g.stranger.jwk,
    "x5c": lambda g: [b64(g.stranger.der)],
    "jku": lambda _: "http://127.0.0.1:9/keys.json",
    "x5u": lambda _: "http://127.0.0.1:9/key.pem",
}


def _bringing(member: str, *, own_thumbprint: bool) -> Make:
    """A stranger signs and brings his key."""

    def make(genuine: Genuine) -> str:
        who = genuine.stranger if own_thumbprint else genuine.sender
        header = genuine.header(**{member: BROUGHT[member](genuine), "x5t#S256": who.thumbprint})
        return genuine.token(header, by=genuine.stranger)

    return make


for _name in BROUGHT:
    _what = f"a stranger signs and brings his key in {_name}, under "
    _made = _bringing(_name, own_thumbprint=False)
    add(f"embedded-{_name}", f"{_what}the registered thumbprint", _POLICY, _made, EMBEDDED, ALL)
    _made = _bringing(_name, own_thumbprint=True)
    add(f"embedded-{_name}-of-a-stranger", f"{_what}his own thumbprint", _POLICY, _made, EMBEDDED)


def _own_key(genuine: Genuine) -> str:
    return genuine.token(genuine.header(jwk=genuine.sender.jwk))


def _by_stranger(**changes: Any) -> Make:
    return lambda genuine: genuine.token(genuine.header(**changes), by=genuine.stranger)


def _stranger(genuine: Genuine) -> str:
    return genuine.token(genuine.header(**{"x5t#S256": genuine.stranger.thumbprint}), by=genuine.stranger)


def _another_agency(genuine: Genuine) -> str:
    return genuine.token(genuine.header(**{"x5t#S256": genuine.other_agency.thumbprint}), by=genuine.other_agency)


def _padded_thumbprint(genuine: Genuine) -> str:
    return genuine.token(genuine.header(**{"x5t#S256": f"{genuine.sender.thumbprint}="}))


add("embedded-own-jwk", "the sender signs and brings his own key", _POLICY, _own_key, RFC8725, ALL)
add("stranger", "a stranger signs under his own thumbprint", _UNKNOWN, _stranger, OWN, ALL)
_what = "a stranger signs under the registered thumbprint"
add("stranger-under-registered-thumbprint", _what, "signature-wrong", _by_stranger(), OWN, ALL)
_what = "another agency signs with its own registered key"
add("thumbprint-of-another-agency", _what, _UNKNOWN, _another_agency, RFC8725)
_what = "a stranger signs; kid leads to a file with known content"
add("kid-with-a-path", _what, "signature-wrong", _by_stranger(kid="../../../../dev/null"), RFC8725)
_what = "a stranger signs; kid would be a statement"
add("kid-with-sql", _what, "signature-wrong", _by_stranger(kid="x' UNION SELECT 'key'--"), RFC8725)
add("thumbprint-missing", "no x5t#S256", _MALFORMED, saying(**{"x5t#S256": None}), OWN)
_what = "x5t in place of x5t#S256"
add("thumbprint-by-sha-1", _what, _MALFORMED, saying(**{"x5t#S256": None, "x5t": "AAAA"}), OWN)
add("thumbprint-in-hex", "x5t#S256 in hexadecimal", _UNKNOWN, saying(**{"x5t#S256": "ab" * 32}), OWN)
add("thumbprint-padded", "x5t#S256 with padding", _MALFORMED, _padded_thumbprint, RFC7515)

# --- extensions -----------------------------------------------------------------------------------------------------

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
for _name, _said in EXTENSIONS.items():
    add(_name, f"the header has {', '.join(_said)} ({spelled(_name)})", _POLICY, saying(**_said), CRIT, ALL)


def _unencoded(genuine: Genuine) -> str:
    protected = protected_of(genuine.header(b64=False, crit=["b64"]))
    return f"{protected}..{b64(sign(genuine.sender.key, protected.encode() + b'.' + genuine.payload))}"


add("b64-false-signed-so", "b64 false, over the body itself as RFC 7797 has it", _POLICY, _unencoded, CRIT)
