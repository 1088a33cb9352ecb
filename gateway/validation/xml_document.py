"""An XSD document: checked by lxml, turned into a payload and back by zeep's reading of the same XSD."""

from __future__ import annotations

import hashlib
import threading
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

from lxml import etree
from zeep import xsd
from zeep.exceptions import Error as ZeepError
from zeep.helpers import serialize_object
from zeep.settings import Settings

from gateway.contract.message import Json, Payload
from gateway.domain.errors import Misconfigured, SchemaViolation, Violation

MAX_VIOLATIONS = 100
XS = "http://www.w3.org/2001/XMLSchema"

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False)


class XmlDocument:
    """One published XSD by its id, with one global root element.

    `files` is its import closure by relative path, the document itself first; all of them lie beside it.
    `personal_fields` comes from the `<name>.personal.toml` sidecar, since an agency's XSD is left as it is.
    """

    def __init__(self, document: str, path: Path) -> None:
        self.id = document
        self.files: Mapping[str, bytes] = _closure(path)
        self.sha256 = hashlib.sha256(b"".join(self.files.values())).hexdigest()
        tree = etree.parse(str(path), _PARSER)
        node = tree.getroot()
        self.root = _root(node, document)
        self.action = f"{self.root.namespace}#{self.root.localname}"
        self.personal_fields: Mapping[str, str] = _sidecar(path)
        self._schema = etree.XMLSchema(tree)
        # one document is used by many threads; libxml2 keeps its error log on the schema, zeep its state on the types
        self._lock = threading.Lock()
        self._types = xsd.Schema(deepcopy(node), _Local(path.parent), str(path), Settings(forbid_external=False))
        self._element = self._types.get_element(etree.QName(self.root.namespace, self.root.localname))

    def check(self, element: etree._Element) -> tuple[Violation, ...]:
        """Every violation, at most 100; empty when the element keeps to the XSD. Texts repeat no value."""
        own = etree.ElementTree(deepcopy(element))
        with self._lock:
            if self._schema.validate(own):
                return ()
            entries = [(entry.path, entry.type_name, entry.message) for entry in self._schema.error_log]
        found = dict.fromkeys(
            Violation(path=_named(own, path), rule=_rule(kind), text=_without_value(message))
            for path, kind, message in entries
        )
        return tuple(found)[:MAX_VIOLATIONS]

    def to_payload(self, element: etree._Element) -> Payload:
        """Give the JSON form of a checked element: booleans and integers as such, all else as text.

        Repeated elements are lists; absent members are absent.
        """
        with self._lock:
            value = self._element.parse(element, self._types)
        plain = _plain(serialize_object(value, dict))
        if not isinstance(plain, dict):
            raise Misconfigured(f"{self.id}: the root element holds no members", code="schema-unfit")
        return plain

    def to_element(self, payload: Payload) -> etree._Element:
        """Give the element of a payload. Raises SchemaViolation for members that the XSD does not know or misses."""
        holder = etree.Element("holder")
        try:
            with self._lock:
                self._element.render(holder, self._element(**payload))
        except (ZeepError, TypeError, ValueError, AttributeError) as error:
            violation = Violation(path="/", rule="structure", text=f"the payload does not fit ({type(error).__name__})")
            raise SchemaViolation(
                f"the payload does not fit {self.id}", clause=self.id, violations=(violation,)
            ) from error
        element = deepcopy(holder[0])
        etree.cleanup_namespaces(element)
        return element


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
        if "/" in name or "\\" in name or ":" in name:
            raise Misconfigured(f"{path}: imports {name!r}; only schemas beside it may be", code="schema-unfit")
        files[name] = (path.parent / name).read_bytes()
        root = etree.fromstring(files[name], _PARSER)
        for kind in ("import", "include"):
            waiting += [each.get("schemaLocation", "") for each in root.iterfind(f"{{{XS}}}{kind}")]
    return files


def _root(node: etree._Element, document: str) -> etree.QName:
    names = [each.get("name") for each in node.iterfind(f"{{{XS}}}element")]
    if len(names) != 1 or names[0] is None:
        raise Misconfigured(
            f"{document}: an agreed XSD has exactly one global element, this has {len(names)}", code="schema-unfit"
        )
    return etree.QName(node.get("targetNamespace") or "", names[0])


def _sidecar(path: Path) -> dict[str, str]:
    sidecar = path.with_name(f"{path.stem}.personal.toml")
    if not sidecar.exists():
        return {}
    fields: dict[str, str] = tomllib.loads(sidecar.read_text(encoding="utf-8"))["fields"]
    return fields


def _named(tree: Any, path: str | None) -> str:
    """`/*/*[3]` as libxml2 gives it becomes `/RecommendationAnswer/date`; repeated elements keep their number."""
    nodes = tree.xpath(path) if path else []
    if not nodes:
        return path or "/"
    node, steps = nodes[0], []
    while node is not None:
        name = etree.QName(node).localname
        same = [each for each in node.getparent() if each.tag == node.tag] if node.getparent() is not None else [node]
        steps.append(f"{name}[{same.index(node) + 1}]" if len(same) > 1 else name)
        node = node.getparent()
    return "/" + "/".join(reversed(steps))


def _rule(kind: str) -> str:
    """`SCHEMAV_CVC_MINLENGTH_VALID` becomes `minlength`."""
    return kind.removeprefix("SCHEMAV_CVC_").removeprefix("SCHEMAV_").removesuffix("_VALID").lower().replace("_", "-")


def _without_value(message: str) -> str:
    """libxml2 repeats the offending value in quotes after `The value` and `'...' is not`; it is left out."""
    head, _, tail = message.partition(": ")
    if "[facet '" in message or "is not a valid value" in message:
        facet = message.partition("[facet '")[2].partition("'")[0]
        return f"{head}: the value breaks {'the facet ' + facet if facet else 'its type'}"
    return f"{head}: {tail}" if tail else message


def _plain(value: Any) -> Json:
    match value:
        case dict():
            return {name: _plain(each) for name, each in value.items() if each is not None and each != []}
        case list():
            return [_plain(each) for each in value]
        case bool() | int() | str() | None:
            return value
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case _:
            return str(value)
