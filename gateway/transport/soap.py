"""Requests as zeep writes them from the agreed WSDL; nothing is fetched, sent or signed by zeep.

zeep reads WSDL and XSDs from bytes that came with the gateway. It writes the envelope; `gateway.trust` signs it and
`gateway.transport.http` sends it, because zeep's own signatures are SHA-1 and its own verification accepts a wrapped
envelope.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

import zeep
from lxml import etree
from zeep.transports import Transport as ZeepTransport

from gateway.contract.message import Payload, Transport
from gateway.domain.errors import Misconfigured
from gateway.trust.envelope import build_envelope
from gateway.validation.wsdl import Port

_PORTS = {Transport.SOAP_11: "Soap11", Transport.SOAP_12: "Soap12"}
# Only names: `_Memory` opens no file. With http names zeep could not be forbidden to fetch from elsewhere.
_BASE = "file:///simojo/"


class SoapRequestBuilder:
    """Builds envelopes; one zeep client for each interaction, made at its first message. Safe to share."""

    def __init__(self) -> None:
        self._clients: dict[str, zeep.Client] = {}
        self._lock = threading.Lock()

    def build(
        self,
        port: Port,
        content: Payload | etree._Element,
        *,
        version: Transport,
        message_id: str,
        to: str,
        relates_to: str | None = None,
        headers: Sequence[etree._Element] = (),
    ) -> etree._Element:
        """Give the unsigned envelope of a message: its WS-Addressing blocks, `headers`, and the document in the Body.

        `content` is the payload, written by zeep, or the agreed element, which zeep reads and which then stands in the
        Body as it is. Either was held to the XSD before; nothing of it, nor of `headers`, is changed.

        Raises Misconfigured `wsdl-unfit` when zeep cannot read our own WSDL or write the content by it.
        """
        operation = self._operation(port, version)
        try:
            with self._lock:
                written = _written(operation, port, content)
        except (zeep.exceptions.Error, TypeError, ValueError) as error:
            raise Misconfigured(
                f"{port.agency}/{port.interaction}: the message cannot be written by its WSDL "
                f"({type(error).__name__}); make the adapter's mapping and the agreed XSD agree",
                code="wsdl-unfit",
            ) from error
        return build_envelope(
            written,
            version=version,
            action=port.request.action,
            message_id=message_id,
            to=to,
            relates_to=relates_to,
            headers=[deepcopy(block) for block in headers],
        )

    def read(self, port: Port) -> None:
        """Load a WSDL and nothing more. Raises Misconfigured `wsdl-unfit`, or `schema-unfit` for its documents."""
        for version in _PORTS:
            self._operation(port, version)

    def _operation(self, port: Port, version: Transport) -> Any:
        # the documents are part of the name: a later agreement may carry the interaction in another version
        name = f"{port.agency}/{port.interaction} {port.request.id} {port.answer.id}"
        with self._lock:
            if name not in self._clients:
                self._clients[name] = _client(port)
            return self._clients[name].bind("Service", _PORTS[version])._binding.get("Exchange")


def _client(port: Port) -> zeep.Client:
    files = {f"{_BASE}{port.interaction}/xsd/{each}": data for each, data in port.files().items()}
    location = f"{_BASE}{port.interaction}.wsdl"
    settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_external=True, xml_huge_tree=False)
    try:
        return zeep.Client(location, transport=_Memory({location: port.wsdl(), **files}), settings=settings)
    except zeep.exceptions.Error as error:
        raise Misconfigured(
            f"{port.agency}/{port.interaction}: its WSDL cannot be read ({type(error).__name__}: {error})",
            code="wsdl-unfit",
        ) from error


def _written(operation: Any, port: Port, content: Payload | etree._Element) -> etree._Element:
    if not isinstance(content, etree._Element):
        return deepcopy(_document(operation.create(**content).content))
    if content.tag != port.request.root.text:
        raise ValueError(content.tag)
    value = operation.input.body.parse(content, operation.input.wsdl.types)
    _document(operation.create(**value.__values__).content)
    return deepcopy(content)


def _document(envelope: etree._Element) -> etree._Element:
    """The one child of the Body, which is the last child of an Envelope."""
    return envelope[-1][0]


class _Memory(ZeepTransport):
    """Serves what it was given, and nothing from anywhere else."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # zeep ships no types
        self._files = files

    def load(self, url: str) -> bytes:
        """Give the bytes of that name. Raises Misconfigured for any other."""
        try:
            return self._files[url]
        except KeyError:
            raise Misconfigured(f"a WSDL asks for {url}, which is not part of it", code="wsdl-unfit") from None
