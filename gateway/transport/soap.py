"""Requests as zeep writes them from the agreed WSDL; nothing is fetched, sent or signed by zeep.

zeep reads WSDL and XSDs from bytes that came with the gateway. It writes the envelope; `gateway.trust` signs it and
`gateway.transport.http` sends it, because zeep's own signatures are SHA-1 and its own verification accepts a wrapped
envelope.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from lxml import etree

from gateway.contract.message import Payload, Transport
from gateway.trust.envelope import build_envelope
from gateway.validation.wsdl import Port

if TYPE_CHECKING:
    import zeep

_PORTS = {Transport.SOAP_11: "Soap11", Transport.SOAP_12: "Soap12"}


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
        from gateway.transport.zeep_client import written

        operation = self._operation(port, version)
        with self._lock:
            document = written(operation, port, content)
        return build_envelope(
            document,
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
        from gateway.transport.zeep_client import client_of

        # the documents are part of the name: a later agreement may carry the interaction in another version
        name = f"{port.agency}/{port.interaction} {port.request.id} {port.answer.id}"
        with self._lock:
            if name not in self._clients:
                self._clients[name] = client_of(port)
            return self._clients[name].bind("Service", _PORTS[version])._binding.get("Exchange")
