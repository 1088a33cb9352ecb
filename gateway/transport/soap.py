"""Requests as zeep writes them from the agreed WSDL; nothing is fetched, sent or signed by zeep.

zeep reads WSDL and XSDs from bytes that came with the gateway. It writes the envelope; `gateway.trust` signs it and
`gateway.transport.http` sends it, because zeep's own signatures are SHA-1 and its own verification accepts a wrapped
envelope.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
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
_BASE = "http://wsdl.invalid/"  # zeep wants an http URL; the name is reserved never to exist (RFC 6761)


class SoapRequestBuilder:
    """Builds envelopes; one zeep client for each interaction, made at its first message. Safe to share."""

    def __init__(self) -> None:
        self._clients: dict[str, zeep.Client] = {}
        self._lock = threading.Lock()

    def build(
        self, port: Port, payload: Payload, *, version: Transport, message_id: str, to: str
    ) -> etree._Element:
        """Give the unsigned envelope of a message with its WS-Addressing headers.

        Raises Misconfigured `wsdl-unfit` when zeep cannot read our own WSDL or write the payload by it: the payload
        was held to the XSD before.
        """
        try:
            with self._lock:
                written = self._operation(port, version).create(**payload)
        except (zeep.exceptions.Error, TypeError, ValueError) as error:
            raise Misconfigured(
                f"{port.agency}/{port.interaction}: the message cannot be written by its WSDL ({type(error).__name__})",
                code="wsdl-unfit",
            ) from error
        body = written.content.find(f"{{{etree.QName(written.content).namespace}}}Body")
        return build_envelope(
            deepcopy(body[0]), version=version, action=port.request.action, message_id=message_id, to=to
        )

    def _operation(self, port: Port, version: Transport) -> Any:
        name = f"{port.agency}/{port.interaction}"
        if name not in self._clients:
            files = {f"{_BASE}{port.interaction}/xsd/{each}": data for each, data in port.files().items()}
            location = f"{_BASE}{port.interaction}.wsdl"
            # its XSDs are "external" to zeep; `_Memory` is what forbids everything else
            settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=False)
            transport = _Memory({location: port.wsdl(), **files})
            self._clients[name] = zeep.Client(location, transport=transport, settings=settings)
        binding = self._clients[name].bind("Service", _PORTS[version])._binding
        return binding.get("Exchange")


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
