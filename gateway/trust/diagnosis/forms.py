"""The octets that a client may have digested in place of the right ones, for one element of a message.

The right form comes first; then, most frequent first, the forms that real clients get wrong. Each names the mistake
that it stands for. They are made one by one, as far as a caller asks: nothing is made that is not tried.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import product
from typing import Final, NamedTuple

from lxml import etree

from gateway.domain.errors import Malformed
from gateway.trust import names
from gateway.trust.diagnosis.mistakes import Mistake
from gateway.trust.diagnosis.parts import Part, c14n, in_fewer_scopes, inclusive, named_form, raw_text, standing_alone
from gateway.trust.xml import canonical

SMALL: Final = 32 * 1024
"""Octets up to which also the forms are tried that need the element to be built anew."""

_DECLARATIONS: Final = (
    b'<?xml version="1.0" encoding="UTF-8"?>',
    b'<?xml version="1.0" encoding="UTF-8"?>\n',
    b'<?xml version="1.0" encoding="utf-8"?>',
    b'<?xml version="1.0"?>\n',
    b'<?xml version="1.0"?>',
)
_INDENTS: Final = ("  ", "    ", "\t", "")
_SOAP_PREFIXES: Final = ("soap", "soapenv", "SOAP-ENV", "env", "s", "S", "soap-env", "soap12")
_CONTENT_PREFIXES: Final = (None, "ns0", "ns1", "ns2", "tns")
_START_TAG = re.compile(rb"<[^\s/>]+(?:\"[^\"]*\"|[^\">])*>")
_DECLARED = re.compile(rb"\s+xmlns(?::[\w.-]+)?=(?:\"[^\"]*\"|'[^']*')")


class Form(NamedTuple):
    """Octets, the mistake that makes them, None for the right ones, and which variety of it."""

    octets: bytes
    mistake: Mistake | None
    detail: str = ""


def forms(part: Part) -> Iterator[Form]:
    """Give the octets of a part as the message says they are, then as clients get them wrong."""
    right = named_form(part)
    yield Form(right, None)
    for made in (_other_canonical, _without_id, _comments, _spaced, _wrapped, _inner, _outer, _raw, _texts, _prefixed):
        yield from (form for form in _safely(made(part, right)) if form.octets != right)


def _safely(made: Iterator[Form]) -> Iterator[Form]:
    """Go on with the next kind of form where one cannot be made of this element."""
    try:
        yield from made
    except (ValueError, TypeError, etree.LxmlError, Malformed, RecursionError):
        return


def _other_canonical(part: Part, right: bytes) -> Iterator[Form]:
    element = part.element
    is_exclusive = part.form.startswith(names.EXCLUSIVE_C14N)
    plain = Mistake.PREFIX_LIST if is_exclusive else Mistake.EXCLUSIVE_FORM
    yield Form(canonical(element), plain, "without PrefixList")
    yield Form(inclusive(element), Mistake.INCLUSIVE_FORM)
    scope = element.nsmap
    for prefix in [each for each in scope if each][:12]:
        yield Form(canonical(element, [prefix]), Mistake.PREFIX_LIST, f"PrefixList {prefix!r}")
    yield Form(canonical(element, [each for each in scope if each]), Mistake.PREFIX_LIST, "all prefixes in scope")
    if element.prefix is not None and None in scope:
        yield Form(_default_first(right, scope[None]), Mistake.DEFAULT_PREFIX)
    for dropped in in_fewer_scopes(element):
        yield Form(inclusive(dropped), Mistake.NAMESPACES_ADDED, "inclusive, with fewer declarations")


def _default_first(octets: bytes, uri: str) -> bytes:
    """Put the default namespace on the first tag and take it off those below: what #default in a PrefixList does."""
    declaration = b' xmlns="' + uri.encode() + b'"'
    head = re.match(rb"<[^\s/>]+", octets)
    if head is None:
        return octets
    return octets[: head.end()] + declaration + octets[head.end() :].replace(declaration, b"")


def _without_id(part: Part, right: bytes) -> Iterator[Form]:  # noqa: ARG001 - every maker takes both
    if names.WSU_ID not in part.element.attrib:
        return
    bare = deepcopy(part.element)
    bare.attrib.pop(names.WSU_ID)
    yield Form(canonical(bare), Mistake.ID_ADDED)
    whole = standing_alone(part.element, part.element.nsmap)
    whole.attrib.pop(names.WSU_ID)
    yield Form(inclusive(whole), Mistake.ID_ADDED, "inclusive canonical form")
    for scope in in_fewer_scopes(part.element):
        scope.attrib.pop(names.WSU_ID)
        yield Form(inclusive(scope), Mistake.ID_ADDED, "inclusive canonical form, with fewer declarations")


def _comments(part: Part, right: bytes) -> Iterator[Form]:  # noqa: ARG001
    if part.kept is None:
        return
    yield Form(c14n(part.kept, exclusive=True, comments=False), Mistake.INSTRUCTIONS)
    yield Form(c14n(part.kept, exclusive=True, comments=True), Mistake.COMMENTS)
    yield Form(inclusive(part.kept, comments=True), Mistake.COMMENTS, "inclusive canonical form")


def _spaced(part: Part, right: bytes) -> Iterator[Form]:
    """The octets without white space, then indented: whether some was added or removed since, their sizes tell."""
    compact = deepcopy(part.element)
    _strip(compact, texts=False)
    yield Form(canonical(compact), Mistake.SPACE_ADDED)
    yield Form(inclusive(_in_scope(compact, part.element)), Mistake.SPACE_ADDED, "inclusive canonical form")
    for indent, level in product(_INDENTS, (0, _depth(part.element))):
        pretty = deepcopy(compact)
        etree.indent(pretty, space=indent, level=level)
        pretty.tail = None
        octets = canonical(pretty)
        mistake = Mistake.SPACE_ADDED if len(octets) < len(right) else Mistake.SPACE_REMOVED
        yield Form(octets, mistake, f"it was signed {_named(indent)}")
    trimmed = deepcopy(part.element)
    _strip(trimmed, texts=True)
    yield Form(canonical(trimmed), Mistake.TEXT_TRIMMED)


def _in_scope(copied: etree._Element, of: etree._Element) -> etree._Element:
    return standing_alone(copied, of.nsmap)


def _named(indent: str) -> str:
    return {"\t": "indented by a tab", "": "with line ends alone"}.get(indent, f"indented by {len(indent)} spaces")


def _depth(element: etree._Element) -> int:
    return sum(1 for _ in element.iterancestors())


def _strip(root: etree._Element, *, texts: bool) -> None:
    """Take away texts of white space alone between elements; with `texts` also the space around other texts."""
    for element in root.iter():
        for place in ("text", "tail"):
            text = getattr(element, place)
            if text and (texts or (not text.strip() and (place == "tail" or len(element)))):
                setattr(element, place, text.strip() or None)
    root.tail = None


def _wrapped(part: Part, right: bytes) -> Iterator[Form]:
    right = canonical(part.element)
    yield Form(right.replace(b"&#xD;", b""), Mistake.LINE_ENDS, "the sender's has LF alone")
    if b"\n" in right:
        yield Form(right.replace(b"\n", b"\r\n"), Mistake.LINE_ENDS, "the sender's has CR LF")
        yield Form(right.replace(b"\n", b"&#xD;\n"), Mistake.LINE_ENDS, "the sender's has CR LF")
    yield from (Form(each + right, Mistake.DECLARATION) for each in _DECLARATIONS)
    yield Form(b"\xef\xbb\xbf" + right, Mistake.BYTE_ORDER_MARK)
    yield Form(right + b"\n", Mistake.FINAL_NEWLINE)
    yield Form(right + b"\r\n", Mistake.FINAL_NEWLINE)


def _inner(part: Part, right: bytes) -> Iterator[Form]:
    children = [child for child in part.element if isinstance(child.tag, str)]
    if children:
        yield Form(b"".join(map(canonical, children)), Mistake.CONTENT_ONLY)
        yield Form(b"".join(map(inclusive, children)), Mistake.CONTENT_ONLY, "inclusive canonical form")
        yield Form(b"".join(canonical(deepcopy(child)) for child in children), Mistake.CONTENT_ONLY)
    start = _START_TAG.match(right)
    if start is not None and b"</" in right:
        yield Form(right[start.end() : right.rindex(b"</")], Mistake.CONTENT_ONLY)


def _outer(part: Part, right: bytes) -> Iterator[Form]:  # noqa: ARG001
    root = part.element.getroottree().getroot()
    if root is part.element:
        return
    for name, tag in (("Signature", f"{{{names.DS}}}Signature"), ("Security", names.SECURITY)):
        made = _without(root, tag)
        yield Form(canonical(made), Mistake.WHOLE_ENVELOPE, f"without {name}")
        yield Form(inclusive(made), Mistake.WHOLE_ENVELOPE, f"without {name}, inclusive canonical form")
    headless = deepcopy(root)
    for header in headless.findall(f"{{{names.namespace_of(root)}}}Header"):
        headless.remove(header)
    yield Form(canonical(headless), Mistake.WHOLE_ENVELOPE, "without Header")


def _without(root: etree._Element, tag: str) -> etree._Element:
    copied = deepcopy(root)
    for element in copied.findall(f".//{tag}"):
        above = element.getparent()
        if above is not None:
            above.remove(element)
    return copied


def _raw(part: Part, right: bytes) -> Iterator[Form]:
    yield Form(_DECLARED.sub(b"", right), Mistake.NOT_CANONICAL, "without namespace declarations")
    raw = raw_text(part)
    if raw is None:
        return
    yield Form(raw, Mistake.NOT_CANONICAL)
    yield Form(raw.replace(b"\r\n", b"\n"), Mistake.NOT_CANONICAL, "with LF line ends")
    yield Form(re.sub(rb">\s+<", b"><", raw), Mistake.NOT_CANONICAL, "without white space between elements")
    yield Form(_DECLARED.sub(b"", raw), Mistake.NOT_CANONICAL, "without namespace declarations")
    yield Form(raw + b"\n", Mistake.NOT_CANONICAL, "with a final line end")


def _texts(part: Part, right: bytes) -> Iterator[Form]:  # noqa: ARG001
    text = right.decode()
    if text.isascii():
        return
    for form in ("NFC", "NFD"):
        yield Form(unicodedata.normalize(form, text).encode(), Mistake.UNICODE_FORM, f"the sender's is {form}")
    yield Form(text.encode("latin-1", errors="replace"), Mistake.OTHER_ENCODING)


def _prefixed(part: Part, right: bytes) -> Iterator[Form]:
    if len(right) > SMALL:
        return
    outer = names.namespace_of(part.element)
    used = {
        uri for element in part.element.iter() if isinstance(element.tag, str) for uri in [names.namespace_of(element)]
    }
    inner = sorted(used - {outer, ""})
    mine = dict(_prefixes_of(part.element))
    soap_prefixes = _SOAP_PREFIXES if outer in names.VERSION_OF else (mine.get(outer), "wsu", "u", "ns1")
    for prefix, content in product(dict.fromkeys((mine.get(outer), *soap_prefixes)), ("", *_CONTENT_PREFIXES)):
        changed: dict[str, str | None] = {**mine, outer: prefix}
        if content != "" and inner:
            changed[inner[0]] = content
        if content == "" or inner:
            yield Form(canonical(_rebuilt(part.element, changed)), Mistake.PREFIXES_REWRITTEN, f"prefix {prefix!r}")


def _prefixes_of(element: etree._Element) -> Iterator[tuple[str, str | None]]:
    for each in element.iter():
        yield from ((uri, prefix) for prefix, uri in each.nsmap.items())


def _rebuilt(element: etree._Element, prefixes: Mapping[str, str | None]) -> etree._Element:
    """Build an element anew with other prefixes (by namespace name); two that clash lose the first."""
    nsmap: dict[str | None, str] = {prefix: uri for uri, prefix in prefixes.items()}
    top = etree.Element(element.tag, nsmap=nsmap)
    _fill(top, element)
    return top


def _fill(made: etree._Element, of: etree._Element) -> None:
    made.text = of.text
    for name, value in of.attrib.items():
        made.set(name, value)
    for child in of:
        new = etree.SubElement(made, child.tag)
        new.tail = child.tail
        _fill(new, child)
