"""What crosses the border between an adapter and the hub: payloads, refusals, replies, inbound bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from gateway.domain.errors import Violation

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
"""JSON without floating-point numbers: amounts are whole rupiah or strings, so that no digit is ever lost."""

Payload: TypeAlias = Mapping[str, Json]
"""A business document as JSON. A SOAP document becomes one through its XSD (`gateway.validation`)."""


class Transport(StrEnum):
    """How an interaction travels."""

    REST = "rest"
    SOAP_11 = "soap-1.1"
    SOAP_12 = "soap-1.2"

    @property
    def is_soap(self) -> bool:
        """True for both SOAP versions."""
        return self is not Transport.REST


@dataclass(frozen=True, kw_only=True)
class Message:
    """One inbound request exactly as it arrived.

    `agency` and `interaction` come from the path and are claims until the dialect has verified the sender.
    `headers` has lower-case names. `path` is the path and query as the client sent them (some dialects sign it).
    `address` is the client's network address; `client_certificate` is what it showed in TLS (DER), None if nothing.
    `from_folder`: it was found in a watched folder, for however long, and came over no connection.
    """

    agency: str
    interaction: str
    transport: Transport
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    address: str
    client_certificate: bytes | None = None
    from_folder: bool = False

    @property
    def content_type(self) -> str:
        """The media type without parameters, lower case; empty when the client sent none."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A final or retriable no, before a dialect gives it a shape. `code` is stable; `clause` is what it breaks.

    `busy`, of a retriable one: the hub or its store cannot take it at this moment, whichever code says why; else a
    fault of the hub's own is to be mended first.
    """

    code: str
    text: str
    clause: str = ""
    violations: tuple[Violation, ...] = ()
    retriable: bool = False
    busy: bool = False
    after_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer in the shape of an agency's own dialect: HTTP status, body and extra headers."""

    status: int
    payload: Payload
    headers: Mapping[str, str] = field(default_factory=dict)
