"""Signed messages, made before the clock starts: each with an id and a report number of its own, and fresh."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.agency import AGENCY, APPLICATION, INSPECTION, INSPECTION_SOAP
from benchmarks.choice import Protocol
from benchmarks.documents import ACTION, Document
from benchmarks.parties import AGREEMENT, HUB_ID, Parties
from benchmarks.soap_signing import TAIL, SoapSigner
from conformance.signing import jws
from gateway.machine import now

PATHS = {
    INSPECTION: f"/rest/{AGENCY}/{INSPECTION}",
    APPLICATION: f"/rest/{AGENCY}/{APPLICATION}",
    INSPECTION_SOAP: f"/soap/{AGENCY}/{INSPECTION_SOAP}",
}
PUBLIC_URL = "http://hub.example"


@dataclass(frozen=True)
class Message:
    """A message as it is kept until it is sent. `head` is all of the request up to its document."""

    id: str
    head: bytes
    number: bytes
    seal: str

    def pieces(self, document: Document, tail: bytes) -> tuple[bytes, ...]:
        """The bytes of the whole request, in the order in which they are sent."""
        return (self.head, document.before, self.number, document.after, tail)


class Mint:
    """Makes the messages of one measurement. No two have the same id or number."""

    def __init__(self, protocol: Protocol, parties: Parties, document: Document, interaction: str) -> None:
        self.document = document
        self.tail = TAIL if protocol is Protocol.SOAP else b""
        self._parties = parties
        self._interaction = interaction
        self._run = secrets.token_hex(4)
        self._numbers = itertools.count(1)
        self._make: Callable[[int], Message] = self._soap if protocol is Protocol.SOAP else self._rest
        self._signer = SoapSigner(parties.agency, PUBLIC_URL + self._path) if protocol is Protocol.SOAP else None

    def messages(self, count: int) -> Iterator[Message]:
        """So many messages more, signed now."""
        return (self._make(number) for number in itertools.islice(self._numbers, count))

    @property
    def _path(self) -> str:
        return PATHS[self._interaction]

    def _rest(self, number: int) -> Message:
        body = self.document.numbered(number)
        message_id = f"{self._run}-{number}"
        claims = {"iss": AGENCY, "aud": HUB_ID, "jti": message_id, "agr": AGREEMENT, "int": self._interaction}
        seal = jws.sign_detached(body, self._parties.agency, claims, at=now())
        head = self._head("application/json", len(body), f"{jws.HEADER}: {seal}\r\n")
        return Message(message_id, head, body[len(self.document.before) : -len(self.document.after)], seal)

    def _soap(self, number: int) -> Message:
        assert self._signer is not None  # noqa: S101 - made in __init__ for this protocol
        document = self.document.numbered(number)
        message_id = f"urn:bench:{self._run}-{number}"
        envelope = self._signer.sign(document, message_id, now())
        kind = f'application/soap+xml; charset=utf-8; action="{ACTION}"'
        head = self._head(kind, len(envelope) + len(document) + len(self.tail))
        return Message(message_id, head + envelope, document[len(self.document.before) : -len(self.document.after)], "")

    def _head(self, kind: str, length: int, more: str = "") -> bytes:
        lines = f"POST {self._path} HTTP/1.1\r\nHost: hub.example\r\nContent-Type: {kind}\r\n"
        return f"{lines}{more}Content-Length: {length}\r\n\r\n".encode()
