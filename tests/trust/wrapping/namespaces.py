"""Namespace tricks: the same prefix, name or year means another thing to another reader."""

from __future__ import annotations

import re

from lxml import etree

from gateway.trust import names
from tests.trust.wrapping.attack import CURSE, HARMLESS, Theme
from tests.trust.wrapping.scene import Scene, ds

THEME = Theme("namespaces")
attack = THEME.attack


def _renamed(element: etree._Element, namespace: str) -> None:
    element.tag = f"{{{namespace}}}{etree.QName(element).localname}"


def _declared(data: bytes, element: bytes, declaration: bytes) -> bytes:
    """Declare something on the first element of that local name."""
    made, count = re.subn(rb"<((?:[\w.-]+:)?" + element + rb")\b", rb"<\1 " + declaration, data, count=1)
    assert count == 1
    return made


@attack("signature-digest", CURSE)
def document_of_the_same_name_in_another_namespace(scene: Scene) -> None:
    """The Body's document keeps its local name and changes its namespace."""
    _renamed(scene.body[0], "urn:attack")


@attack("signature-digest", CURSE)
def leaf_of_the_same_name_in_another_namespace(scene: Scene) -> None:
    """An element of the document changes its namespace."""
    _renamed(scene.leaf, "urn:attack")


@attack("signature-digest", CURSE)
def leaf_without_a_namespace(scene: Scene) -> bytes:
    """xmlns="" in the middle of the document."""
    name = etree.QName(scene.leaf).localname.encode()
    return _declared(scene.bytes(), name, b'xmlns=""')


@attack("signature-wrapped", CURSE)
def action_in_another_namespace(scene: Scene) -> None:
    """The signed Action is hidden; another namespace has an Action of its own."""
    evil = scene.evil("Action")
    _renamed(evil, "http://schemas.xmlsoap.org/ws/2004/08/addressing")
    scene.wrap(scene.header, scene.replace("Action", evil))


@attack("signature-wrapped", CURSE)
def identifier_of_another_year(scene: Scene) -> None:
    """The Body's Id is that of another year's wsu."""
    value = scene.body.attrib.pop(names.WSU_ID)
    scene.body.set(f"{{{names.WSU.replace('200401', '200207')}}}Id", str(value))


@attack("signature-wrapped", CURSE)
def timestamp_of_another_year(scene: Scene) -> None:
    """The Timestamp is that of another year's wsu."""
    _renamed(scene.timestamp, names.WSU.replace("200401", "200207"))


@attack("signature-missing", CURSE)
def security_of_another_year(scene: Scene) -> None:
    """The Security header is that of another year's wsse."""
    scene.security.attrib.clear()
    _renamed(scene.security, names.WSSE.replace("200401", "200207"))


@attack("must-understand", CURSE)
def security_of_another_year_that_must_be_understood(scene: Scene) -> None:
    """The same, and it must be understood."""
    scene.security.set(f"{{{scene.soap}}}mustUnderstand", "1")
    _renamed(scene.security, names.WSSE.replace("200401", "200207"))


@attack("signature-missing", CURSE)
def signature_in_another_namespace(scene: Scene) -> None:
    """The signature has another namespace."""
    _renamed(scene.signature, "http://www.w3.org/2000/10/xmldsig#")


@attack("signature-malformed", CURSE)
def signed_info_in_another_namespace(scene: Scene) -> None:
    """SignedInfo has another namespace."""
    _renamed(scene.signed_info, "http://www.w3.org/2009/xmldsig11#")


@attack("signature-malformed", CURSE)
def reference_in_another_namespace(scene: Scene) -> None:
    """The Body's Reference has another namespace."""
    _renamed(scene.reference("Body"), "urn:attack")


def _other(scene: Scene) -> str:
    return names.SOAP_11 if scene.soap == names.SOAP_12 else names.SOAP_12


@attack("envelope-invalid", CURSE)
def body_of_the_other_soap_version(scene: Scene) -> None:
    """The Body is of the other SOAP version."""
    _renamed(scene.body, _other(scene))


@attack("envelope-invalid", CURSE)
def bodies_of_both_soap_versions(scene: Scene) -> None:
    """A Body of the other SOAP version stands before the signed one."""
    evil = scene.evil("Body")
    _renamed(evil, _other(scene))
    scene.root.insert(1, evil)


@attack("envelope-invalid", CURSE)
def header_of_the_other_soap_version(scene: Scene) -> None:
    """The Header is of the other SOAP version."""
    _renamed(scene.header, _other(scene))


@attack("envelope-invalid", CURSE)
def envelope_of_the_other_soap_version(scene: Scene) -> None:
    """The Envelope alone is of the other SOAP version."""
    _renamed(scene.root, _other(scene))


@attack("envelope-invalid", CURSE)
def envelope_of_no_version(scene: Scene) -> None:
    """The Envelope has a namespace that is no SOAP."""
    _renamed(scene.root, "http://www.w3.org/2001/12/soap-envelope")


@attack("envelope-invalid", CURSE)
def soap_prefix_declared_anew(scene: Scene) -> bytes:
    """The prefix of Body is declared anew on it, for another namespace."""
    prefix = str(scene.root.prefix).encode()
    return _declared(scene.bytes(), b"Body", b"xmlns:" + prefix + b'="urn:attack"')


@attack("signature-wrapped", CURSE)
def utility_prefix_declared_anew(scene: Scene) -> bytes:
    """The prefix of the Body's Id is declared anew on the Body, for another namespace."""
    data = scene.bytes()
    found = re.search(rb"<(?:[\w.-]+:)?Body\b[^>]*?(\w+):Id=", data)
    assert found is not None
    plain = data[: found.start()] + re.sub(rb' xmlns:\w+="[^"]*utility[^"]*"', b"", data[found.start() : found.end()])
    return _declared(plain + data[found.end() :], b"Body", b"xmlns:" + found[1] + b'="urn:attack"')


@attack("xml-malformed", CURSE)
def prefix_that_nobody_declared(scene: Scene) -> bytes:
    """The document's element has a prefix that is declared nowhere."""
    name = etree.QName(scene.leaf).localname.encode()
    return re.sub(rb"<(/?)(?:[\w.-]+:)?" + name + rb">", rb"<\1nobody:" + name + rb">", scene.bytes())


@attack("xml-malformed", CURSE)
def the_xml_prefix_declared_anew(scene: Scene) -> bytes:
    """The prefix xml is bound to another namespace."""
    return _declared(scene.bytes(), b"Envelope", b'xmlns:xml="urn:attack"')


@attack("xml-malformed", CURSE)
def relative_namespace_name(scene: Scene) -> bytes:
    """A namespace name in the Body is relative: it has no canonical form."""
    etree.SubElement(scene.body[0], "{attack}Extra")
    return scene.bytes()


@attack(HARMLESS, CURSE)
def default_namespace_injected_above(scene: Scene) -> bytes:
    """A default namespace on the Envelope, above signed elements that have namespaces of their own."""
    return _declared(scene.bytes(), b"Envelope", b'xmlns="urn:attack"')


@attack(HARMLESS, CURSE)
def unused_prefixes_declared_above(scene: Scene) -> bytes:
    """Further prefixes on the Envelope: exclusive canonical form does not see them."""
    return _declared(scene.bytes(), b"Envelope", b'xmlns:a="urn:a" xmlns:b="urn:b"')


@attack(HARMLESS, CURSE)
def xml_attributes_above(scene: Scene) -> None:
    """xml:lang, xml:space and xml:base on the Envelope: exclusive canonical form does not inherit them."""
    for name, value in (("lang", "en"), ("space", "preserve"), ("base", "http://attacker.example/")):
        scene.root.set(f"{{http://www.w3.org/XML/1998/namespace}}{name}", value)


@attack("signature-digest", CURSE)
def xml_attributes_on_the_document(scene: Scene) -> None:
    """xml:lang on the signed document."""
    scene.body[0].set("{http://www.w3.org/XML/1998/namespace}lang", "en")


@attack("xml-too-wide", "libxml2's canonical form takes quadratic time")
def hundreds_of_prefixes(scene: Scene) -> bytes:
    """Hundreds of prefixes in scope of every element: the canonical form would take the square of the time."""
    return _declared(scene.bytes(), b"Envelope", b" ".join(b'xmlns:p%d="urn:p%d"' % (n, n) for n in range(500)))


@attack("xml-too-many-nodes", "libxml2's canonical form takes quadratic time")
def thousands_of_prefixes(scene: Scene) -> bytes:
    """Thousands of prefixes: refused before anything is built."""
    return _declared(scene.bytes(), b"Envelope", b" ".join(b'xmlns:p%d="urn:p%d"' % (n, n) for n in range(3000)))


@attack("xml-too-wide", "libxml2's canonical form takes quadratic time")
def a_thousand_attributes(scene: Scene) -> None:
    """A thousand attributes on one element, which the canonical form sorts."""
    for number in range(1000):
        scene.leaf.set(f"a{number}", "1")


@attack("signature-digest", CURSE)
def type_by_a_qualified_name(scene: Scene) -> None:
    """xsi:type on the document: its prefix is no part of the exclusive canonical form."""
    scene.body[0].set("{http://www.w3.org/2001/XMLSchema-instance}type", "p:Other")


@attack("signature-malformed", CURSE)
def digest_method_in_another_namespace(scene: Scene) -> None:
    """The Body's DigestMethod has another namespace."""
    found = scene.reference("Body").find(ds("DigestMethod"))
    assert found is not None
    _renamed(found, "urn:attack")
