"""How a message is taken, and how an answer is written: the same for both transports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cryptography import x509
from fastapi import Response

from conformance.peers.agreed.agreement import Part, Script
from conformance.signing.keys import Identity
from gateway.contract.message import Payload
from gateway.domain.errors import GatewayError

OFFICE = "dpmptsp"
"""The hub's id in signatures, unless its settings say otherwise (SIMOJO_HUB_ID)."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """What a voice speaks with. `certificates` reads the hub's anew each time, since its key may roll over."""

    script: Script
    identity: Identity
    hub_url: str
    certificates: Callable[[], Sequence[x509.Certificate]]
    clock: Callable[[], datetime]
    new_id: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message of the hub, proven and valid. `echo` is what an answer in the same call needs of it."""

    part: Part
    message_id: str
    digest: str
    payload: Payload
    echo: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message to the hub, ready to be posted."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Voice(Protocol):
    """One transport."""

    def take(self, headers: Mapping[str, str], body: bytes) -> Taken:
        """Verify a message of the hub and hold it to its schema. Raises Unauthenticated, Malformed, SchemaViolation."""
        ...

    def answer(self, taken: Taken, document: str, payload: Payload) -> Response:
        """Write the signed answer of the same call."""
        ...

    def refuse(self, error: GatewayError) -> Response:
        """Write a refusal."""
        ...

    def letter(self, part: Part, document: str, payload: Payload, message_id: str, about: str | None) -> Letter:
        """Write a signed message to the hub; `about` is the id of the message that it answers, if it answers one."""
        ...

    def heard(self, letter: Letter, message_id: str, status: int, headers: Mapping[str, str], body: bytes) -> Payload:
        """Verify what the hub answered to it, and read it. Raises Malformed, Unauthenticated."""
        ...
