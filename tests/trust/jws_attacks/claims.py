"""What a right signature says wrongly, and bodies that are not the signed one."""

from __future__ import annotations

from typing import Any

from tests.trust.jws_attacks.attack import ALL, OWN, RFC7515, RFC8725, Forged, Theme
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
for named, said in CLAIMS.items():
    add(
        named,
        f"the sender's header says {next(iter(said))} wrongly ({named.replace('-', ' ')})",
        "signature-malformed" if named == "exp-infinite" else "signature-claims",
        lambda g, said=said: g.token(g.header(**said)),
        RFC8725,
        ALL,
    )  # type: ignore[misc]  # a default binds the loop's value
for missing in ("iss", "aud", "iat", "exp", "jti", "agr", "int"):
    add(
        f"{missing}-missing",
        f"the sender's header has no {missing}",
        "signature-claims",
        lambda g, missing=missing: g.token(g.header(**{missing: None})),
        RFC8725,
    )  # type: ignore[misc]  # the same
for named, life in {"exp-before-iat": -1, "exp-at-iat": 0, "life-too-long": 301, "life-of-a-year": 31_536_000}.items():
    add(
        named,
        f"the token lives {life} s",
        "signature-claims",
        lambda g, life=life: g.token(g.header(exp=g.header()["iat"] + life)),
        RFC8725,
        ALL,
    )  # type: ignore[misc]  # the same
add(
    "int-of-another-interaction",
    "the header speaks of another interaction",
    "signature-claims",
    lambda g: g.token(g.header(int="technical-recommendation")),
    RFC8725,
    door_only=True,
)
add(
    "agr-of-another-agreement",
    "the header speaks of another agreement",
    "agreement-mismatch",
    lambda g: g.token(g.header(agr="bank-2026/1.0")),
    RFC8725,
    door_only=True,
)
add(
    "stale",
    "a genuine message of ten minutes ago",
    "timestamp-stale",
    lambda g: g.token(g.header(iat=g.header()["iat"] - 600, exp=g.header()["exp"] - 600)),
    OWN,
    door_only=True,
)
add(
    "from-the-future",
    "a message of ten minutes from now",
    "timestamp-future",
    lambda g: g.token(g.header(iat=g.header()["iat"] + 600, exp=g.header()["exp"] + 600)),
    OWN,
    door_only=True,
)


def _other_body(change: Any, content_type: str = "application/json") -> Any:
    def make(genuine: Genuine) -> Forged:
        return Forged(tokens=(genuine.token(),), body=change(genuine.payload), content_type=content_type)

    return make


BODIES: dict[str, tuple[Any, str]] = {
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
for named, (change, at_the_door) in BODIES.items():
    add(
        f"body-{named}",
        f"the body is not the signed one ({named.replace('-', ' ')})",
        "signature-wrong",
        _other_body(change),
        RFC7515,
        at_the_door=at_the_door,
    )
add(
    "body-signed-encoded",
    "the signature is over the base64 of the body as its payload",
    "signature-wrong",
    lambda g: g.token(payload=g.token().encode()),
    RFC7515,
    ALL,
)
add(
    "body-of-another-charset",
    "the content type names another charset for the same bytes",
    "content-type-wrong",
    _other_body(lambda body: body, "application/json; charset=utf-16"),
    RFC7515,
    door_only=True,
)
add(
    "body-of-another-type",
    "the same bytes as a form",
    "content-type-wrong",
    _other_body(lambda body: body, "application/x-www-form-urlencoded"),
    RFC7515,
    door_only=True,
)
