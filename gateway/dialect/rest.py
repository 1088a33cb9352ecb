"""What a REST profile does, at both seats. Each profile is one module of this package."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import rfc8785

from gateway.contract.message import Json, Message, Payload
from gateway.dialect.party import Hub, Party, Proven


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What is answered: the body, to which proven message, under which agreement and leaf (hex hash)."""

    body: bytes
    proven: Proven
    request: Message
    agreement: str
    interaction: str
    leaf: str | None


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What is asked of an agency. `path` is the path and query of the URL.

    `payload` still holds the blanks where secrets go, in the members named by `redacted`.
    """

    method: str
    path: str
    payload: Payload
    message_id: str
    agreement: str
    interaction: str
    redacted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SealedRequest:
    """Bytes ready to leave, and the same as they are stored: secrets never reach the store."""

    headers: Mapping[str, str]
    body: bytes
    stored_headers: Mapping[str, str]
    stored_body: bytes


@dataclass(frozen=True, kw_only=True)
class Heard:
    """What came back, before anybody believes it."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class InboundProfile(Protocol):
    """Proves the senders of REST messages and seals the answers to them."""

    def authenticate(self, message: Message, payload: Json, party: Party, hub: Hub, at: datetime) -> Proven:
        """Give what the sender proved. `payload` is the body, parsed.

        Raises Unauthenticated: nothing that the message says may be believed.
        """
        ...

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """Raise Unauthenticated `timestamp-stale` or `timestamp-future` outside the window."""
        ...

    def seal(self, answering: Answering, hub: Hub, at: datetime) -> Mapping[str, str]:
        """Give the headers that prove the answer; none where the profile has no such thing."""
        ...


class OutboundProfile(Protocol):
    """Proves us to an agency, and the agency's answers to us."""

    def seal_request(self, asking: Asking, party: Party, hub: Hub, at: datetime) -> SealedRequest:
        """Fill in secrets and sign. Raises Misconfigured `credential-missing`."""
        ...

    def check_reply(
        self, heard: Heard, asking: Asking, sealed: SealedRequest, party: Party, hub: Hub, at: datetime
    ) -> None:
        """Raise Unauthenticated when the profile signs answers and this one is not proven."""
        ...


def body_of(payload: Json) -> bytes:
    """Write a body: UTF-8, no spaces, members in the order in which the mapping gave them."""
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()


def canonical(payload: Json) -> bytes:
    """The canonical form (RFC 8785) of a body: the same content is the same message, however it was spaced."""
    return rfc8785.dumps(payload)


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()
