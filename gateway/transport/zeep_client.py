"""What zeep does of a request: it reads our own WSDL from memory, and writes or reads the Body by it.

Apart from `gateway.transport.soap`, so that zeep with its HTTP client is loaded with the first WSDL, and not by an
office whose agreements are all REST.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import zeep
from lxml import etree
from zeep.transports import Transport as ZeepTransport

from gateway.contract.message import Payload
from gateway.domain.errors import Misconfigured
from gateway.validation.wsdl import Port

# Only names: `_Memory` opens no file. With http names zeep could not be forbidden to fetch from elsewhere.
_BASE = "file:///simojo/"


def client_of(port: Port) -> zeep.Client:
    """Read a WSDL. Raises Misconfigured `wsdl-unfit`."""
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


def written(operation: Any, port: Port, content: Payload | etree._Element) -> etree._Element:
    """Give the document of a Body by its operation. Raises Misconfigured `wsdl-unfit` for what does not fit."""
    try:
        return _written(operation, port, content)
    except (zeep.exceptions.Error, TypeError, ValueError) as error:
        raise Misconfigured(
            f"{port.agency}/{port.interaction}: the message cannot be written by its WSDL "
            f"({type(error).__name__}); make the adapter's mapping and the agreed XSD agree",
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
