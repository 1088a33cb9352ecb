"""WSDL 1.1 from an agreement: document/literal, SOAP 1.1 and 1.2, importing the agreed XSD verbatim.

For a Request there are two: the one that the agency implements (our request in, its acknowledgement out), and the one
that the hub serves (its answer in, our acknowledgement out). The XSDs are named relative to the WSDL.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lxml import etree

from gateway.contract.adapter import Interaction, Request
from gateway.domain.errors import Misconfigured
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary

if TYPE_CHECKING:
    from gateway.validation.xml_document import XmlDocument

WSDL = "http://schemas.xmlsoap.org/wsdl/"
XS = "http://www.w3.org/2001/XMLSchema"
HTTP_TRANSPORT = "http://schemas.xmlsoap.org/soap/http"
BINDINGS = {"Soap11": "http://schemas.xmlsoap.org/wsdl/soap/", "Soap12": "http://schemas.xmlsoap.org/wsdl/soap12/"}


@dataclass(frozen=True, kw_only=True)
class Port:
    """One operation with its two agreed documents. `address` is where it listens.

    `served_as` is the last part of the URL at which the WSDL lies ("": the interaction's name); its XSDs lie below it.
    """

    agency: str
    interaction: str
    request: XmlDocument
    answer: XmlDocument
    address: str
    served_as: str = ""

    @property
    def namespace(self) -> str:
        """The WSDL's own namespace."""
        return f"urn:simojo:wsdl:{self.agency}:{self.interaction}"

    def wsdl(self) -> bytes:
        """The WSDL. Served at `.../<interaction>?wsdl`, it imports `<interaction>/xsd/<file>`, relative to itself."""
        return _definitions(self, f"{self.served_as or self.interaction}/xsd/")

    def files(self) -> dict[str, bytes]:
        """The XSDs that the WSDL imports, by the name in it, with their whole import closure.

        Raises Misconfigured `schema-unfit`: the two documents import different files of the same name.
        """
        files: dict[str, bytes] = {}
        for document in (self.request, self.answer):
            for name, data in document.files.items():
                own = _file_name(document, name)
                if files.setdefault(own, data) != data:
                    raise Misconfigured(
                        f"{self.request.id} and {self.answer.id} import different files {own}: rename one",
                        code="schema-unfit",
                    )
        return files


def served_port(
    agency: str, interaction: Interaction, library: SchemaLibrary, address: str, *, served_as: str = ""
) -> Port:
    """What the hub serves for an interaction in which the agency speaks to us, callbacks included."""
    request = interaction.answer if isinstance(interaction, Request) else interaction.request
    reply = None if isinstance(interaction, Request) else getattr(interaction, "reply", None)
    return replace(_port(agency, interaction, library, address, request, reply), served_as=served_as)


def required_port(
    agency: str, interaction: Interaction, library: SchemaLibrary, address: str, *, served_as: str = ""
) -> Port:
    """What the agency has to serve for an interaction in which we speak to it."""
    reply = getattr(interaction, "reply", None)
    return replace(_port(agency, interaction, library, address, interaction.request, reply), served_as=served_as)


def _port(
    agency: str, interaction: Interaction, library: SchemaLibrary, address: str, request: str, reply: str | None
) -> Port:
    return Port(
        agency=agency,
        interaction=interaction.name,
        request=library.xml(request),
        answer=library.xml(reply or ACKNOWLEDGEMENT),
        address=address,
    )


def _file_name(document: XmlDocument, name: str) -> str:
    """Flat and unique: `<agency>.<interaction>.<version>.<file>`; imports inside an XSD stay relative to it."""
    first = next(iter(document.files))
    return f"{document.id.replace('/', '.')}.xsd" if name == first else name


def _definitions(port: Port, xsd_base: str) -> bytes:
    if port.request.root.namespace == port.answer.root.namespace:
        raise Misconfigured(
            f"{port.request.id} and {port.answer.id} share a namespace: give each document its own", code="schema-unfit"
        )
    spaces = {"wsdl": WSDL, "xs": XS, "tns": port.namespace, "req": port.request.root.namespace or ""}
    spaces |= {"ans": port.answer.root.namespace or "", "soap": BINDINGS["Soap11"], "soap12": BINDINGS["Soap12"]}
    root = etree.Element(f"{{{WSDL}}}definitions", {"targetNamespace": port.namespace}, nsmap=spaces)
    _types(root, port, xsd_base)
    for name, prefix, document in (("Request", "req", port.request), ("Answer", "ans", port.answer)):
        message = _child(root, "message", name=name)
        _child(message, "part", name="document", element=f"{prefix}:{document.root.localname}")
    port_type = _child(root, "portType", name="Exchange")
    operation = _child(port_type, "operation", name="Exchange")
    _child(operation, "input", message="tns:Request")
    _child(operation, "output", message="tns:Answer")
    for name, namespace in BINDINGS.items():
        _binding(root, name, namespace, port.request.action)
    service = _child(root, "service", name="Service")
    for name, namespace in BINDINGS.items():
        element = _child(service, "port", name=name, binding=f"tns:{name}")
        etree.SubElement(element, f"{{{namespace}}}address", {"location": port.address})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _types(root: etree._Element, port: Port, xsd_base: str) -> None:
    types = _child(root, "types")
    schema = etree.SubElement(types, f"{{{XS}}}schema")
    for document in (port.request, port.answer):
        where = f"{xsd_base}{_file_name(document, next(iter(document.files)))}"
        place = {"namespace": document.root.namespace or "", "schemaLocation": where}
        etree.SubElement(schema, f"{{{XS}}}import", place)


def _binding(root: etree._Element, name: str, namespace: str, action: str) -> None:
    binding = _child(root, "binding", name=name, type="tns:Exchange")
    etree.SubElement(binding, f"{{{namespace}}}binding", {"style": "document", "transport": HTTP_TRANSPORT})
    operation = _child(binding, "operation", name="Exchange")
    etree.SubElement(operation, f"{{{namespace}}}operation", {"soapAction": action, "style": "document"})
    for direction in ("input", "output"):
        body = _child(operation, direction)
        etree.SubElement(body, f"{{{namespace}}}body", {"use": "literal"})


def _child(parent: etree._Element, tag: str, /, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{WSDL}}}{tag}", attributes)
