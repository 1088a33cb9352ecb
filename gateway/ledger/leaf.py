"""What one leaf of the ledger says, and the commitments in it.

A leaf is the RFC 8785 form of this object, and these exact bytes are hashed into the tree:

    {"v": 1,                     version of this form
     "id": "...",                unique, made by the hub
     "kind": "accepted",         see LeafKind
     "at": "2026-01-05T03:04:05.123456Z",   UTC, always six digits of a second
     "exchange": "...",          the exchange or case step it belongs to; "" when none
     "actor": "...",             pseudonym; "" when none
     "agreement": "...",         id and version; "" when none
     "commitments": {"request": "<64 hex digits>"},
     "extra": {"attempt": 2}}    further data made by the hub: strings and whole numbers

A leaf outlives erasure, so it never holds an agency's message id, a NIB, a virtual account or a name: what such data
were is said by commitments alone.

    part salt  = HMAC-SHA256(case key, "simojo-part-salt-v1" 0x00 exchange "/" part)
    commitment = HMAC-SHA256(part salt, "simojo-commitment-v1" 0x00 SHA-256(exact bytes))
    pseudonym  = first 32 hex digits of HMAC-SHA256(key, "simojo-pseudonym-v1" 0x00 actor)

A salt is stored nowhere. Who knows the bytes and is given the salt of that part can check the commitment; to all
others it says nothing, and once the case key is destroyed it says nothing to anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

from gateway.domain.errors import LedgerBroken
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import MAX_INTEGER, canonical_json, members, parse_json, text_of
from gateway.primitives.mac import hmac_sha256

VERSION = 1
DIGEST_SIZE = 32
MIN_KEY_SIZE = 16

Extra: TypeAlias = str | int

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{0,256}", re.ASCII)
_COMMITMENT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MEMBERS = frozenset({"v", "id", "kind", "at", "exchange", "actor", "agreement", "commitments", "extra"})


class LeafKind(StrEnum):
    """What happened (Pasal 22(1): all activity)."""

    ACCEPTED = "accepted"
    """A message was let in; commits to the request and to the business body of the answer."""
    ANSWERED = "answered"
    """The answer left; commits to its exact sealed bytes."""
    REFUSED = "refused"
    """A message of a known sender was refused."""
    REFUSED_UNKNOWN = "refused-unknown"
    """Refusals of senders that nobody proved to be, counted per address and minute."""
    SENT = "sent"
    """One attempt of an outbound delivery; commits to the exact bytes sent."""
    REPLY = "reply"
    """What came back to an attempt."""
    CASE_STEP = "case-step"
    SIGN_IN = "sign-in"
    AGREEMENT = "agreement"
    KEY = "key"
    DEAD = "dead"
    """A delivery was given up and waits for a person."""
    STAFF = "staff"
    """A deed of staff outside a case: a grant, a print, a publication."""
    RECONCILIATION = "reconciliation"
    """A list of an agency was compared with the record, or a difference was settled (Pasal 22(4)b)."""
    READ = "read"
    """A restricted read (Pasal 10)."""
    WITNESS = "witness"
    """A witness was proposed, approved or removed; it refused a checkpoint, is overdue, or has come back."""
    ERASED = "erased"
    """The bodies of a scope are gone, by order or since their time is over: `extra` says which and why.

    `cause` `request` or `retention`; `scope` `case/<case id>`, `file/<exchange id>`, `day/<YYYY-MM-DD>`, or
    `agreement/<agreement id>` with `until`: exchanges under that agreement that began before this instant. `leaves` and
    `digest` say which leaves lost what they commit to (`gateway.ledger.covered`); a file's does not, for its own stay.
    """


def part_salt(case_key: bytes, exchange: str, part: str) -> bytes:
    """Derive the 32-byte salt of one part (`request`, `answer`, ...) of one exchange.

    ValueError for unfit names or keys. The case key is secret and has at least 16 bytes, better 32.
    """
    _check_key(case_key)
    _check_name(exchange, "exchange")
    _check_name(part, "part")
    return hmac_sha256(case_key, b"simojo-part-salt-v1\x00" + f"{exchange}/{part}".encode())


def commitment(salt: bytes, digest: bytes) -> bytes:
    """Make the 32-byte commitment to bytes with this SHA-256 `digest`, under that part's salt."""
    if len(digest) != DIGEST_SIZE:
        raise ValueError(f"a SHA-256 digest has {DIGEST_SIZE} bytes, not {len(digest)}")
    _check_key(salt)
    return hmac_sha256(salt, b"simojo-commitment-v1\x00" + digest)


def pseudonym(key: bytes, actor: str) -> str:
    """Give a stable name for an actor (an account, an address) that only the holder of `key` can link to the person."""
    _check_key(key)
    return hmac_sha256(key, b"simojo-pseudonym-v1\x00" + actor.encode()).hex()[:32]


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """One fact of the ledger; the module says what each member holds. ValueError for a value that has no place there.

    `commitments` maps the name of a part to the hex of its commitment. A leaf with commitments names the exchange
    that their salts are bound to.
    """

    id: str
    kind: LeafKind
    at: datetime
    exchange: str = ""
    actor: str = ""
    agreement: str = ""
    commitments: Mapping[str, str] = field(default_factory=dict)
    extra: Mapping[str, Extra] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.id, "id")
        if self.at.utcoffset() != timedelta(0):
            raise ValueError(f"a leaf's time is in UTC, not {self.at.isoformat()}")
        if self.exchange:
            _check_name(self.exchange, "exchange")
        elif self.commitments:
            raise ValueError("a leaf with commitments names the exchange that their salts are bound to")
        for name, token in (("actor", self.actor), ("agreement", self.agreement)):
            if not _TOKEN.fullmatch(token):
                raise ValueError(f"{name} {token!r} must be printable ASCII without spaces, at most 256 long")
        for part, opaque in self.commitments.items():
            _check_name(part, "part")
            if not _COMMITMENT.fullmatch(opaque):
                raise ValueError(f"the commitment of {part} must be 64 lower-case hex digits")
        for name, value in self.extra.items():
            _check_name(name, "extra member")
            _check_extra(name, value)
        object.__setattr__(self, "commitments", MappingProxyType(dict(self.commitments)))
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))

    def canonical(self) -> bytes:
        """Give the exact bytes that are hashed into the tree and stored (RFC 8785)."""
        return canonical_json(
            {
                "v": VERSION,
                "id": self.id,
                "kind": self.kind.value,
                "at": self.at.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z",
                "exchange": self.exchange,
                "actor": self.actor,
                "agreement": self.agreement,
                "commitments": dict(self.commitments),
                "extra": dict(self.extra),
            }
        )

    @classmethod
    def parse(cls, data: bytes, where: str = "leaf") -> Leaf:
        """Read stored bytes; they must be the canonical form and hold no unknown member. `where` names it in errors.

        Raises LedgerBroken (leaf-not-canonical): stored leaves were written by `canonical`, so other bytes are damage.
        """
        try:
            leaf = cls._read(data)
        except ValueError as error:
            raise _not_canonical(where, str(error)) from None
        if leaf.canonical() != data:
            raise _not_canonical(where, "the same content written in another way")
        return leaf

    @classmethod
    def _read(cls, data: bytes) -> Leaf:
        said = members(parse_json(data.decode()), _MEMBERS)
        if said["v"] != VERSION:
            raise ValueError(f"version {said['v']!r}")
        return cls(
            id=text_of(said["id"], "id"),
            kind=LeafKind(text_of(said["kind"], "kind")),
            at=datetime.fromisoformat(text_of(said["at"], "at")),
            exchange=text_of(said["exchange"], "exchange"),
            actor=text_of(said["actor"], "actor"),
            agreement=text_of(said["agreement"], "agreement"),
            commitments={name: text_of(value, name) for name, value in _object(said["commitments"]).items()},
            extra={name: _check_extra(name, value) for name, value in _object(said["extra"]).items()},
        )


def _not_canonical(where: str, found: str) -> LedgerBroken:
    expected = f"the canonical form of a leaf of version {VERSION}"
    return broken(Damage.LEAF_NOT_CANONICAL, where, expected=expected, found=found)


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError(f"an object is needed, not {type(value).__name__}")  # noqa: TRY004 - bad data, not a bad call
    return value


def _check_extra(name: str, value: object) -> Extra:
    """Take a string of Unicode text or a whole number that JSON keeps exactly."""
    if isinstance(value, str):
        value.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
        return value
    if type(value) is int and abs(value) <= MAX_INTEGER:
        return value
    raise ValueError(f"extra member {name} must be a string or a whole number below 2**53, not {value!r}")


def _check_name(value: str, what: str) -> None:
    if not _NAME.fullmatch(value):
        raise ValueError(f"{what} {value!r} must be 1 to 128 letters, digits, dots, dashes, colons or underscores")


def _check_key(key: bytes) -> None:
    if len(key) < MIN_KEY_SIZE:
        raise ValueError(f"a key has at least {MIN_KEY_SIZE} bytes, not {len(key)}")
