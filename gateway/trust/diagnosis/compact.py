"""A detached JWS, read as far as it can be, with the mistakes in how its parts are written.

The strict reader is `gateway.trust.jws`; what this one gives is for explanations alone.
"""

from __future__ import annotations

import json
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.trust.diagnosis.mistakes import Mistake
from gateway.trust.jws import MAX_SIGNATURE_CHARACTERS


@dataclass(frozen=True, kw_only=True)
class LooseJws:
    """What a header field holds: the protected header as it came and as JSON, the payload if one came, the signature.

    `members` is None where the header is no JSON object; `repeated` names members that are there more than once.
    `mistakes` are those of the writing, in the order in which they were met.
    """

    protected: str
    members: Mapping[str, object] | None
    repeated: tuple[str, ...]
    payload: str
    signature: bytes
    mistakes: tuple[Mistake, ...]


def encode(data: bytes) -> str:
    """Write base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def read_loosely(field: str) -> LooseJws | str:
    """Read a header field, or say in a few words why it holds no JWS."""
    text = field.strip()
    if not text:
        return "nothing"
    if len(text) > 8 * MAX_SIGNATURE_CHARACTERS:
        return f"{len(text)} characters"
    mistakes: list[Mistake] = []
    parts = _of_json(text) if text.startswith("{") else text.split(".")
    if parts is not None and text.startswith("{"):
        mistakes.append(Mistake.JSON_FORM)
    if parts is None or len(parts) != 3:
        return f"{text.count('.') + 1} parts" + (" (five: that is a JWE)" if text.count(".") == 4 else "")
    protected, payload, signature = parts
    if payload:
        mistakes.append(Mistake.ATTACHED)
    for each in (protected, signature):
        mistakes += [found for found in _writing(each) if found not in mistakes]
    raw = _decode(signature)
    header = _decode(protected)
    if raw is None or header is None:
        return f"a {'signature' if raw is None else 'header'} that is no base64url"
    members, repeated = _members(header)
    return LooseJws(
        protected=protected,
        members=members,
        repeated=repeated,
        payload=payload,
        signature=raw,
        mistakes=tuple(mistakes),
    )


def _of_json(text: str) -> list[str] | None:
    """Give protected, payload and signature of the JSON serialization (RFC 7515 section 7.2), flattened or general."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    signatures = value.get("signatures") if isinstance(value, dict) else None
    first = signatures[0] if isinstance(signatures, list) and signatures else value
    if not isinstance(first, dict) or not isinstance(value, dict):
        return None
    found = [first.get("protected"), value.get("payload", ""), first.get("signature")]
    return [each for each in found if isinstance(each, str)]


def _writing(part: str) -> list[Mistake]:
    found = [Mistake.BASE64_PADDING] if part.endswith("=") else []
    return [*found, *([Mistake.BASE64_ALPHABET] if "+" in part or "/" in part else [])]


def _decode(part: str) -> bytes | None:
    bare = part.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        # urlsafe_b64decode passes over what is not of the alphabet; the strict one does not
        b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-len(bare) % 4), validate=True)
        return urlsafe_b64decode(bare + "=" * (-len(bare) % 4)) or None
    except ValueError:
        return None


def _members(header: bytes) -> tuple[Mapping[str, object] | None, tuple[str, ...]]:
    repeated: list[str] = []

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in pairs]
        repeated.extend(sorted({name for name in names if names.count(name) > 1}) if len(names) <= 256 else [])
        return dict(pairs)

    try:
        value = json.loads(header.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError):
        return None, ()
    return (value, tuple(repeated)) if isinstance(value, dict) else (None, ())
