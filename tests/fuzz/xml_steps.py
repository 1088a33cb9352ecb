"""Changes of an XML message by its structure. A message that is no XML any more stays as it is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy

import xmlsec
from lxml import etree

from gateway.trust import names
from tests.fuzz.steps import LARGEST, Change
from tests.trust.parties import key

NAMES = (
    f"{{{names.SOAP_12}}}Body",
    f"{{{names.SOAP_12}}}Header",
    f"{{{names.SOAP_12}}}Envelope",
    f"{{{names.SOAP_11}}}Body",
    names.SECURITY,
    names.TIMESTAMP,
    names.ACTION,
    names.TO,
    names.LEAF,
    f"{{{names.DS}}}Signature",
    f"{{{names.DS}}}Reference",
    f"{{{names.DS}}}Transform",
    f"{{{names.DS}}}Object",
    f"{{{names.DS}}}KeyInfo",
    f"{{{names.WSSE}}}BinarySecurityToken",
    f"{{{names.EXCLUSIVE_C14N}}}InclusiveNamespaces",
    "{urn:attack}Wrapper",
    "plain",
)
ATTRIBUTES = (
    names.WSU_ID,
    "Id",
    "ID",
    "{http://www.w3.org/XML/1998/namespace}id",
    "URI",
    "Algorithm",
    "ValueType",
    "EncodingType",
    "PrefixList",
    "href",
    f"{{{names.SOAP_12}}}mustUnderstand",
    f"{{{names.SOAP_12}}}role",
    f"{{{names.SOAP_11}}}actor",
    "{urn:attack}a",
)
VALUES = (
    "",
    "#",
    "#sj-body",
    "sj-body",
    "#body",
    "body",
    "1",
    "true",
    names.EXCLUSIVE_C14N,
    f"{names.EXCLUSIVE_C14N}WithComments",
    "http://www.w3.org/2001/04/xmlenc#sha256",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/TR/1999/REC-xslt-19991116",
    "#default wsu soap",
    "2026-03-02T03:00:00Z",
    "9999-12-31T23:59:59.999999999+14:00",
    "0000-00-00T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
    "AAAA",
    "A" * 3000,
    "\U0010ffff\u202e",
)


_FORMS = {names.EXCLUSIVE_C14N, f"{names.EXCLUSIVE_C14N}WithComments"}
_REWRITTEN = ("SignatureValue", "DigestValue", "KeyValue", "X509Data", "KeyName")


def _structured(edit: Callable[[list[etree._Element], int, int], None]) -> Change:
    def change(data: bytes, a: int, b: int) -> bytes:
        try:
            root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
            edit(list(root.iter(etree.Element)), a, b)
            return etree.tostring(root)[:LARGEST]
        except (etree.LxmlError, ValueError, xmlsec.Error):
            return data

    return change


def _pair(elements: list[etree._Element], a: int, b: int) -> tuple[etree._Element, etree._Element]:
    return elements[a % len(elements)], elements[b % len(elements)]


def _move(elements: list[etree._Element], a: int, b: int) -> None:
    moved, to = _pair(elements, a, b)
    if moved is not elements[0] and moved is not to and moved not in to.iterancestors():
        to.insert((a + b) % (len(to) + 1), moved)


def _copy(elements: list[etree._Element], a: int, b: int) -> None:
    copied, to = _pair(elements, a, b)
    to.insert((a + b) % (len(to) + 1), deepcopy(copied))


def _remove(elements: list[etree._Element], a: int, _b: int) -> None:
    gone = elements[a % len(elements)]
    parent = gone.getparent()
    if parent is not None:
        parent.remove(gone)


def _attribute(elements: list[etree._Element], a: int, b: int) -> None:
    bearer = elements[a % len(elements)]
    own = [str(value) for each in elements for value in each.attrib.values()]
    pool = [*VALUES, *own]
    bearer.set(ATTRIBUTES[b % len(ATTRIBUTES)], pool[(a + b // len(ATTRIBUTES)) % len(pool)])


def _without_attribute(elements: list[etree._Element], a: int, b: int) -> None:
    bearers = [each for each in elements if each.attrib]
    if bearers:
        bearer = bearers[a % len(bearers)]
        del bearer.attrib[list(bearer.attrib)[b % len(bearer.attrib)]]


def _text(elements: list[etree._Element], a: int, b: int) -> None:
    elements[a % len(elements)].text = VALUES[b % len(VALUES)]


def _name(elements: list[etree._Element], a: int, b: int) -> None:
    elements[a % len(elements)].tag = NAMES[b % len(NAMES)]


def _wrap(elements: list[etree._Element], a: int, b: int) -> None:
    wrapped = elements[a % len(elements)]
    parent = wrapped.getparent()
    if parent is not None:
        wrapper = etree.Element(NAMES[b % len(NAMES)])
        parent.replace(wrapped, wrapper)
        wrapper.append(wrapped)


def _comment(elements: list[etree._Element], a: int, b: int) -> None:
    bearer = elements[a % len(elements)]
    note = etree.Comment("x") if b % 2 else etree.ProcessingInstruction("x", "y")
    text = bearer.text or ""
    bearer.text, note.tail = text[: len(text) // 2], text[len(text) // 2 :]
    bearer.insert(0, note)


def _nest(elements: list[etree._Element], a: int, b: int) -> None:
    at = elements[a % len(elements)]
    for _ in range(b % 90):
        at = etree.SubElement(at, "n")


def _crowd(elements: list[etree._Element], a: int, b: int) -> None:
    at = elements[a % len(elements)]
    for number in range(b % 90):
        at.set(f"{{urn:{number}}}a" if a % 2 else f"a{number}", "1")


def _sign_again(elements: list[etree._Element], _a: int, _b: int) -> None:
    """By another registered key: whatever now stands there was signed by its sender."""
    root = elements[0]
    signature = next(root.iter(f"{{{names.DS}}}Signature"), None)
    method = next(root.iter(f"{{{names.DS}}}SignatureMethod"), None)
    token = next(root.iter(f"{{{names.WSSE}}}BinarySecurityToken"), None)
    if signature is None or method is None or token is None:
        return
    uris = [str(each.get("URI", "")) for each in root.iter(f"{{{names.DS}}}Reference")]
    forms = {each.get("Algorithm") for each in root.iter(f"{{{names.DS}}}Transform")}
    if not all(uri.startswith("#") for uri in uris) or not forms <= _FORMS:
        return  # the signing library would open what it names, or run it
    if any(len(each) for name in _REWRITTEN for each in root.iter(f"{{{names.DS}}}{name}")):
        return  # the signing library frees what is in there, and lxml would still hold it
    token.text = b64encode(key("p384").certificate_der).decode()
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384")
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key("p384").private_pem(), xmlsec.constants.KeyDataFormatPem, None)
    for bearer in root.iterfind(f".//*[@{names.WSU_ID}]"):
        context.register_id(bearer, "Id", names.WSU)
    context.sign(signature)


OF_STRUCTURE: tuple[Change, ...] = tuple(
    _structured(edit)
    for edit in (
        _move,
        _copy,
        _remove,
        _attribute,
        _attribute,
        _without_attribute,
        _text,
        _name,
        _wrap,
        _comment,
        _nest,
        _crowd,
        _sign_again,
        _sign_again,
    )
)
