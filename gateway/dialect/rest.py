"""What a REST profile does, at both seats. Each profile is one module of this package."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

import msgspec
import rfc8785
from cryptography import x509

from gateway.contract.message import Json, Message, Payload
from gateway.dialect.party import Hub, Party, Proven
from gateway.primitives.json_writer import JsonWriter

_sorted = msgspec.json.Encoder(order="sorted")
_writer = JsonWriter()
_BEYOND = re.compile(rb"[\xee-\xf4]")  # first bytes, in UTF-8, of U+E000 and more


@dataclass(frozen=True, kw_only=True)
class Answering:
    """What is answered: the body (in clear), to which proven message, under which agreement and leaf (hex hash)."""

    body: bytes
    proven: Proven
    request: Message
    agreement: str
    interaction: str
    leaf: str | None


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What is asked of an agency. `path` is the path and query of the URL.

    `payload` still holds the blanks where secrets go, in the members named by `redacted`. `recipient` is the
    certificate that it is encrypted to; None for what travels in clear.
    """

    method: str
    path: str
    payload: Payload
    message_id: str
    agreement: str
    interaction: str
    redacted: tuple[str, ...] = ()
    recipient: x509.Certificate | None = None


@dataclass(frozen=True, kw_only=True)
class SealedRequest:
    """Bytes ready to leave, and the same as they are stored: secrets never reach the store.

    Of a message that leaves encrypted, `stored_body` is the ciphertext as it leaves, `signed` what was signed in it,
    and `stored_plain` the same without secrets; both are None for what leaves in clear.
    """

    headers: Mapping[str, str]
    body: bytes
    stored_headers: Mapping[str, str]
    stored_body: bytes
    signed: bytes | None = None
    stored_plain: bytes | None = None


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


@runtime_checkable
class Confidential(Protocol):
    """A profile whose bodies may travel encrypted, both ways. The proof stays that of the plaintext."""

    media_type: str
    """The media type of an encrypted body."""

    def check_signer(self, message: Message, party: Party, at: datetime) -> None:
        """Let a message pass to `decrypt` that names a registered, usable certificate of its sender as its signer's.

        That proves nothing yet and costs nothing: decrypting takes the hub's private key. Raises Unauthenticated.
        """
        ...

    def decrypt(self, body: bytes, hub: Hub, *, max_bytes: int) -> tuple[bytes, str]:
        """Give the plaintext and its media type. Raises as `gateway.trust.jwe.decrypt` does."""
        ...

    def encrypt(self, body: bytes, media_type: str, recipient: x509.Certificate) -> bytes:
        """Encrypt a body of that media type. Raises Misconfigured `key-not-for-encryption`."""
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
    return _writer.write(payload).encode()


def canonical(payload: Json) -> bytes:
    """The canonical form (RFC 8785) of a body: the same content is the same message, however it was spaced.

    Of JSON without fractions and with whole numbers below 2**53, which is all that `parse_json` reads, the sorted
    output of msgspec is that form, but for names beyond the surrogates: RFC 8785 sorts by UTF-16.
    """
    written = _sorted.encode(payload)
    plain = written.isascii() or _BEYOND.search(written) is None
    return written if plain else rfc8785.dumps(payload)


def digest(data: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(data).digest()
