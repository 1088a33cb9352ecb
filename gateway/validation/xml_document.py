"""An XSD document: checked by lxml, turned into a payload and back by zeep's reading of the same XSD.

What is read is what was checked: comments and processing instructions, which a signature does not cover and a
validator skips, are taken out before either looks, so that `tr<!-- -->ue` is true for both. Values other than
booleans and integers stay the text that was sent.
"""

from __future__ import annotations

import hashlib
import re
import threading
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path, PurePosixPath

from lxml import etree
from zeep import xsd
from zeep.settings import Settings

from gateway.contract.message import Payload
from gateway.domain.errors import Misconfigured, Violation
from gateway.validation.xml_reading import Reader
from gateway.validation.xml_writing import MAX_VIOLATIONS, Writer

XS = "http://www.w3.org/2001/XMLSchema"

_CARRIED = frozenset(
    {
        "string",
        "normalizedString",
        "token",
        "language",
        "Name",
        "NCName",
        "NMTOKEN",
        "ID",
        "anyURI",
        "boolean",
        "decimal",
        "date",
        "dateTime",
        "time",
        "integer",
        "nonPositiveInteger",
        "negativeInteger",
        "nonNegativeInteger",
        "positiveInteger",
        "long",
        "int",
        "short",
        "byte",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
    }
)
"""The built-in types that a payload keeps without loss; any other is agreed as text with a pattern."""

_UNCARRIED = frozenset({"simpleContent", "any", "anyAttribute", "list", "union"})
"""Text beside attributes, members of no agreed name, several values in one text."""

_GROUPS = frozenset({"sequence", "choice", "all", "group"})
"""Repeated as a whole, they lose which members belong together."""

_TELLS_NOTHING = (
    "This element is not expected",
    "Missing child element",
    "The attribute ",
    "Character content",
    "Element content",
    "No matching global declaration",
)

_STEP = re.compile(r"([^\[\]@]+)(?:\[([0-9]+)\])?")

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)


class XmlDocument:
    """One published XSD by its id, with one global root element.

    `files` is its import closure by relative path, the document itself first; all of them lie beside it.
    `sha256` is over those files. `personal_fields` comes from the `<name>.personal.toml` sidecar, since an agency's
    XSD is left as it is. Safe to share between threads.

    Raises Misconfigured `schema-unfit`: no XSD, not exactly one global element, an import from elsewhere, or a type
    that a payload cannot carry, one with several elements of one name for example.
    """

    def __init__(self, document: str, path: Path) -> None:
        self.id = document
        self.files: Mapping[str, bytes] = _closure(path)
        self.sha256 = hashlib.sha256(b"".join(self.files.values())).hexdigest()
        for name, data in self.files.items():
            _hold_types(document, name, data)
        tree = etree.parse(str(path), _PARSER)
        node = tree.getroot()
        self.root = _root(node, document)
        self.action = f"{self.root.namespace}#{self.root.localname}"
        self.personal_fields: Mapping[str, str] = _sidecar(path)
        try:
            self._schema = etree.XMLSchema(tree)
        except etree.XMLSchemaParseError as error:
            raise _unfit(document, str(error)) from None
        # one document is used by many threads; libxml2 keeps its error log on the schema, zeep its state on the types
        self._lock = threading.Lock()
        self._types = xsd.Schema(deepcopy(node), _Local(path.parent), str(path), Settings(forbid_external=False))
        root = self._types.get_element(etree.QName(self.root.namespace, self.root.localname))
        try:
            self._reader = Reader(root.type)
        except ValueError as error:
            raise _unfit(document, str(error)) from None
        self._writer = Writer(document, root, self._lock)

    def check(self, element: etree._Element) -> tuple[Violation, ...]:
        """Every violation, at most 100; empty when the element keeps to the XSD. Texts repeat no value."""
        own = _own(element)
        with self._lock:
            if self._schema.validate(etree.ElementTree(own)):
                return ()
            entries = [(entry.path, entry.type_name, entry.message) for entry in self._schema.error_log]
        found = dict.fromkeys(
            Violation(path=_named(own, path), rule=_rule(kind), text=_without_value(message))
            for path, kind, message in entries
        )
        return tuple(found)[:MAX_VIOLATIONS]

    def to_payload(self, element: etree._Element) -> Payload:
        """Give the JSON form of a checked element: booleans and integers as such, all else as text.

        Repeated elements are lists; absent members are absent. Dates, times and decimals are the text that was sent.
        Raises SchemaViolation for an integer of 2**53 or beyond, Misconfigured `schema-unfit` for a root without
        members.
        """
        plain = self._reader.read(_own(element), f"/{self.root.localname}")
        if not isinstance(plain, dict):
            raise _unfit(self.id, "its root element holds no members")
        return plain

    def to_element(self, payload: Payload) -> etree._Element:
        """Give the element of a payload.

        Raises SchemaViolation for members that the XSD does not know or misses, and for values of another JSON type:
        a boolean is no text, an integer no text, and everything else is text.
        """
        return self._writer.write(payload)


class _Local:
    """What zeep asks for imported schemas: files beside the document, and nothing else."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, url: str) -> bytes:
        """Read a file by its name."""
        return (self._folder / PurePosixPath(url).name).read_bytes()


def _closure(path: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    waiting = [path.name]
    while waiting:
        name = waiting.pop()
        if name in files:
            continue
        if not name or "/" in name or "\\" in name or ":" in name or not (path.parent / name).is_file():
            raise _unfit(str(path), f"imports {name!r}; only schemas beside it may be")
        files[name] = (path.parent / name).read_bytes()
        try:
            root = etree.fromstring(files[name], _PARSER)
        except etree.XMLSyntaxError as error:
            raise _unfit(str(path), f"{name} is not XML: {error.msg}") from None
        for kind in ("import", "include", "redefine", "override"):
            waiting += [each.get("schemaLocation", "") for each in root.iterfind(f"{{{XS}}}{kind}")]
    return files


def _hold_types(document: str, name: str, data: bytes) -> None:
    """Refuse what a payload cannot carry, so that nothing that was checked is lost when it is read."""
    for each in etree.fromstring(data, _PARSER).iter(f"{{{XS}}}*"):
        kind = etree.QName(each).localname
        if kind in _UNCARRIED or each.get("mixed") in ("true", "1") or (kind in _GROUPS and each.get("maxOccurs")):
            raise _unfit(document, f"{name} uses xs:{kind} in a way that a payload cannot carry: name each element")
        for said in filter(None, (each.get("type"), each.get("base"))):
            prefix, _, local = said.rpartition(":")
            if each.nsmap.get(prefix or None) == XS and local not in _CARRIED:
                raise _unfit(document, f"{name} uses xs:{local}, which a payload cannot carry: agree on text")


def _root(node: etree._Element, document: str) -> etree.QName:
    names = [each.get("name") for each in node.iterfind(f"{{{XS}}}element")]
    if len(names) != 1 or names[0] is None:
        raise _unfit(document, f"an agreed XSD has exactly one global element, this has {len(names)}")
    return etree.QName(node.get("targetNamespace") or "", names[0])


def _unfit(document: str, text: str) -> Misconfigured:
    return Misconfigured(f"{document} is no XSD that can be held to: {text[:300]}", code="schema-unfit")


def _sidecar(path: Path) -> dict[str, str]:
    sidecar = path.with_name(f"{path.stem}.personal.toml")
    if not sidecar.exists():
        return {}
    fields: dict[str, str] = tomllib.loads(sidecar.read_text(encoding="utf-8"))["fields"]
    return fields


def _own(element: etree._Element) -> etree._Element:
    """The element, or where it holds comments or instructions a copy without them, every prefix in scope kept."""
    if next(element.iter(etree.Comment, etree.ProcessingInstruction), None) is None:
        return element
    own = etree.Element(element.tag, dict(element.attrib), nsmap=element.nsmap)
    own.text = element.text
    own.extend(deepcopy(each) for each in element)
    etree.strip_tags(own, etree.Comment, etree.ProcessingInstruction)
    return own


def _named(root: etree._Element, path: str | None) -> str:
    """`/*/*[3]` or `/t:a/t:b` as libxml2 gives it becomes `/Answer/date`; repeated elements keep their number."""
    steps = (path or "").split("/")[2:]
    node, named = root, [etree.QName(root).localname]
    for step in steps:
        match = _STEP.fullmatch(step)
        found = [] if match is None else [each for each in node if match[1] in ("*", _prefixed(each))]
        position = int(match[2] or 1) if match is not None else 0
        if not 0 < position <= len(found):
            break
        parent, node = node, found[position - 1]
        same = list(parent.iterchildren(str(node.tag)))
        number = f"[{same.index(node) + 1}]" if len(same) > 1 else ""
        named.append(etree.QName(node).localname + number)
    return "/" + "/".join(named)


def _prefixed(node: etree._Element) -> str:
    name = etree.QName(node).localname
    return f"{node.prefix}:{name}" if node.prefix else name


def _rule(kind: str) -> str:
    """`SCHEMAV_CVC_MINLENGTH_VALID` becomes `minlength`."""
    return kind.removeprefix("SCHEMAV_CVC_").removeprefix("SCHEMAV_").removesuffix("_VALID").lower().replace("_", "-")


def _without_value(message: str) -> str:
    """libxml2 repeats offending values: only sentences known to hold none are passed on, others are reworded."""
    head, _, tail = message.partition(": ")
    if tail.startswith(_TELLS_NOTHING):
        return message
    facet = tail.partition("[facet '")[2].partition("'")[0]
    return f"{head}: the value breaks {'the facet ' + facet if facet else 'its type'}"
