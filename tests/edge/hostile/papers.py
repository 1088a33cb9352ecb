"""Documents that were written to hurt their reader."""

from __future__ import annotations

from lxml import etree

from conformance.signing import soap, wss
from conformance.signing.keys import Identity
from tests.edge.hostile.bed import now

MEGABYTE = 10**6
FULL = 10 * MEGABYTE
"""As much as a body may have, nearly."""

_SOAP = '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
_END = "</s:Body></s:Envelope>"


def enveloped(content: str | bytes, prolog: str = "") -> bytes:
    inner = content if isinstance(content, bytes) else content.encode()
    return f"{prolog}{_SOAP}".encode() + inner + _END.encode()


def xxe(target: str) -> bytes:
    return enveloped("<a>&x;</a>", f'<!DOCTYPE a [<!ENTITY x SYSTEM "{target}">]>')


def parameter_entity(target: str) -> bytes:
    return enveloped("<a/>", f'<!DOCTYPE a [<!ENTITY % x SYSTEM "{target}"> %x;]>')


def laughs(levels: int = 12) -> bytes:
    entities = '<!ENTITY l0 "ha">' + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, levels))
    return enveloped(f"<a>&l{levels - 1};</a>", f"<!DOCTYPE a [{entities}]>")


def quadratic(size: int = MEGABYTE) -> bytes:
    return enveloped(f"<a>{'&x;' * 50_000}</a>", f'<!DOCTYPE a [<!ENTITY x "{"y" * size}">]>')


def attribute_entity() -> bytes:
    return enveloped('<a b="&x;&x;&x;"/>', f'<!DOCTYPE a [<!ENTITY x "{"y" * 100_000}">]>')


def late_doctype() -> bytes:
    """Comments and instructions before it do not hide it."""
    return enveloped("<a>&x;</a>", "<!-- -->" * 100_000 + '<!DOCTYPE a [<!ENTITY x "y">]>')


def utf16_laughs() -> bytes:
    return b"\xff\xfe" + laughs().decode().encode("utf-16-le")


def utf7_laughs() -> bytes:
    return b'<?xml version="1.0" encoding="UTF-7"?>' + laughs().replace(b"<", b"+ADw-").replace(b"&", b"+ACY-")


def deep_xml(depth: int = 1_000_000) -> bytes:
    return enveloped("<a>" * depth + "</a>" * depth)


def crowd(size: int = FULL) -> bytes:
    return enveloped("<a/>" * (size // 4))


def attributes(count: int = 500_000) -> bytes:
    return enveloped("<a " + " ".join(f'a{n}="1"' for n in range(count)) + "/>")


def namespaces(count: int = 200_000) -> bytes:
    return enveloped("<a " + " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(count)) + "/>")


def namespaced_attributes(count: int = 100_000) -> bytes:
    """Every attribute with a prefix of its own: a reader looks each up, and compares each with each."""
    said = " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(count))
    return enveloped(f"<a {said}>" + "<b " + " ".join(f'p{n}:x="1"' for n in range(count)) + "/></a>")


def huge_text(size: int = FULL) -> bytes:
    return enveloped(f"<a>{'y' * size}</a>")


def references(count: int = 3_000_000) -> bytes:
    return enveloped(f"<a>{'&lt;' * (count * 4 // 5)}</a>")


# --- signed by their holder's own key: what a robbed agency could send -------------------------------------------


def _message(text: str, blocks: list[etree._Element]) -> etree._Element:
    document = etree.Element("{urn:simojo:dpupr:technical-recommendation:answer:1.0}RecommendationAnswer")
    document.text = text
    addressing = soap.Addressing(
        message_id="urn:dpupr:1",
        to="https://hub.example/soap/dpupr/technical-recommendation",
        action=soap.action_of(document),
        relates_to="urn:uuid:nobody",
    )
    return soap.envelope(document, addressing, blocks=blocks)


def many_references(identity: Identity, count: int = 24, size: int = FULL - 200_000) -> bytes:
    """As many signed parts as are read, together as large as a body may be."""
    blocks = []
    for number in range(count):
        block = etree.Element(f"{{urn:any}}Block{number}")
        block.text = "y" * (size // count)
        blocks.append(block)
    return wss.sign(_message("x", blocks), identity, at=now())


def prefix_list(identity: Identity, prefixes: int = 100_000, namespaces: int = 0, elements: int = 1) -> bytes:
    """PrefixLists without end; with `namespaces` each prefix also means something, at each of `elements`."""
    signed = wss.sign(_message("x", []), identity, at=now())
    root = etree.fromstring(signed)
    said = " ".join(f"p{n}" for n in range(prefixes))
    for transform in root.iter(f"{{{wss.DS}}}Transform"):
        inclusive = etree.SubElement(transform, f"{{{wss.EXCLUSIVE}}}InclusiveNamespaces")
        inclusive.set("PrefixList", said)
        break
    data = etree.tostring(root)
    declared = " ".join(f'xmlns:p{n}="urn:{n}"' for n in range(namespaces))
    data = data.replace(b":Envelope ", f":Envelope {declared} ".encode(), 1)
    return data.replace(b">x</", b">" + b"<a/>" * elements + b"</", 1)


# --- JSON ---------------------------------------------------------------------------------------------------------


def deep_json(depth: int = 2_000_000) -> bytes:
    return b"[" * depth + b"]" * depth


def keys(count: int = 1_000_000) -> bytes:
    return b"{" + b",".join(b'"%d":0' % n for n in range(count * 9 // 10)) + b"}"


def small_arrays(size: int = FULL) -> bytes:
    return b"[" + b"[]," * (size // 3 - 1) + b"0]"


def huge_number(digits: int = 5 * MEGABYTE) -> bytes:
    return b'{"permitNumber":' + b"9" * digits + b"}"


def many_numbers(size: int = FULL) -> bytes:
    return b"[" + b"9," * (size // 2 - 2) + b"9]"


def same_members(count: int = 500_000) -> bytes:
    return b"{" + b",".join(b'"k%d":0' % (n % (count - 1)) for n in range(count)) + b"}"


def open_quotes(size: int = FULL) -> bytes:
    return b'["' + b"\\" * (size - 10)


def surrogates(count: int = 800_000) -> bytes:
    return b"[" + b'"\\ud800",' * count + b"0]"
