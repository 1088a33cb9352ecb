"""How an interaction's bytes are read and written: REST and SOAP behind one door, so that the steps are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cryptography import x509

from gateway.contract.adapter import Document
from gateway.contract.message import Message, Payload, Reply
from gateway.dialect.party import Hub, Party, Proven
from gateway.domain.errors import GatewayError


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The business body of an answer before it is sealed: what the first leaf commits to."""

    status: int
    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """An answer as it leaves, byte for byte.

    Of one that leaves encrypted, `plain` is what was signed and then encrypted, and `plain_type` its media type.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    plain: bytes | None = None
    plain_type: str = ""


@dataclass(frozen=True, kw_only=True)
class Sealing:
    """What an answer is sealed with: to which proven message, under which agreement, naming which leaf (hex hash).

    `recipient` is the certificate that it is encrypted to; None for an answer in clear.
    """

    message: Message
    proven: Proven
    agreement: str
    leaf: str
    recipient: x509.Certificate | None = None


class Wire(Protocol):
    """One transport with one security profile, at the seat of the server."""

    def open(self, message: Message, max_bytes: int) -> Any:
        """Parse the message. Raises Malformed."""
        ...

    def authenticate(self, message: Message, opened: Any, party: Party, hub: Hub, at: datetime) -> Proven:
        """Give what was verified; only that is used from here on. What came encrypted is decrypted first.

        Raises Unauthenticated, and Malformed for what was encrypted.
        """
        ...

    def form(self, proven: Proven) -> Document | None:
        """The agreed document whose element the message holds; None where the transport does not tell."""
        ...

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """Raise Unauthenticated `timestamp-stale` or `timestamp-future`."""
        ...

    def read(self, proven: Proven, document: str) -> Payload:
        """Give the payload of the verified body by that schema. Raises SchemaViolation with every violation."""
        ...

    def reply(self, document: str, payload: Payload) -> Answer:
        """Write a reply of ours. Raises MappingFault when it breaks its own schema."""
        ...

    def acknowledge(self, acknowledgement: Payload) -> Answer:
        """Write the acknowledgement of a Submission or of a callback."""
        ...

    def custom(self, reply: Reply) -> Answer:
        """Write an answer that the adapter shaped in its agency's own dialect."""
        ...

    def refuse(self, error: GatewayError, message: Message, exchange: str) -> Answer:
        """Write a refusal: an RFC 9457 problem or a SOAP Fault."""
        ...

    def seal(self, answer: Answer, sealing: Sealing | None, hub: Hub, at: datetime) -> Sealed:
        """Sign it where the profile does; None: nobody proved to be anybody, so nothing is proven to them."""
        ...
