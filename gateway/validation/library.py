"""Published schema documents by id: `<agency>/<interaction>/<version>/<name>`, as JSON Schema or XSD."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import gateway
from gateway.contract.adapter import Adapter
from gateway.domain.errors import Misconfigured
from gateway.validation.json_document import JsonDocument

if TYPE_CHECKING:
    from gateway.validation.xml_document import XmlDocument


class SchemaDocument(Protocol):
    """What a JSON Schema and an XSD have in common.

    `id` is `<agency>/<interaction>/<version>/<name>`; `sha256` is hex, over the file with its import closure;
    `personal_fields` maps slash paths below the root, without array indexes, to the kind of personal data.
    What `check` takes differs: a JsonDocument holds a payload to its schema, an XmlDocument an element.
    """

    id: str
    sha256: str
    personal_fields: Mapping[str, str]


_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*){3}", re.ASCII)

ACKNOWLEDGEMENT = "simojo/acknowledgement/1.0/acknowledgement"
"""What acknowledges a message where no reply of its own is agreed."""

BATCH_MANIFEST = "simojo/batch-manifest/1.0/manifest"
"""What announces a file of records."""

BATCH_ACCEPTED = "simojo/batch-accepted/1.0/accepted"
"""What acknowledges such an announcement."""

PACKAGED = Path(gateway.__file__).parents[1]
"""Where `schemas/` and `agreements/` lie: beside the package, in a checkout as in an installed wheel."""


def default_roots(adapters: Iterable[Adapter] = ()) -> tuple[Path, ...]:
    """Where schemas are looked for: the gateway's own, then the `schemas` folder inside each adapter's package."""
    return (PACKAGED / "schemas", *(place for adapter in adapters for place in shipped(adapter, "schemas")))


def shipped(adapter: Adapter, folder: str) -> tuple[Path, ...]:
    """The folder of that name inside an adapter's own package: `schemas` or `agreements`; empty where it has none."""
    spec = find_spec(adapter.package)
    places = spec.submodule_search_locations or () if spec is not None else ()
    return tuple(found for place in places if (found := Path(place) / folder).is_dir())


class SchemaLibrary:
    """Finds documents below its roots, the first root first. Documents are read once; safe to share.

    One id may name two documents, as the acknowledgement's does: an XSD for SOAP and a JSON Schema for REST.
    Every look-up therefore says which is meant: `json`, `xml`, or `document(id, soap=...)`.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = tuple(roots)
        self._json: dict[str, JsonDocument] = {}
        self._xml: dict[str, XmlDocument] = {}
        self._lock = threading.Lock()

    def json(self, document: str) -> JsonDocument:
        """The JSON Schema of that id. Raises Misconfigured `schema-unknown`, or `schema-unfit` on its first use."""
        with self._lock:
            if document not in self._json:
                self._json[document] = JsonDocument(document, self._path(document, "json").read_bytes())
            return self._json[document]

    def xml(self, document: str) -> XmlDocument:
        """The XSD of that id. Raises Misconfigured `schema-unknown`, or `schema-unfit` on its first use."""
        with self._lock:
            if document not in self._xml:
                from gateway.validation.xml_document import XmlDocument  # and zeep, 6 MB that are SOAP's alone

                self._xml[document] = XmlDocument(document, self._path(document, "xsd"))
            return self._xml[document]

    def document(self, document: str, *, soap: bool) -> JsonDocument | XmlDocument:
        """The document of that id for a transport: an XSD for SOAP, a JSON Schema else.

        Raises Misconfigured `schema-unknown`, or `schema-unfit` on its first use.
        """
        return self.xml(document) if soap else self.json(document)

    def ids(self) -> Iterator[tuple[str, bool]]:
        """Every document as (id, whether it is an XSD), sorted."""
        found = set()
        for root in self._roots:
            for path in root.glob("*/*/*/*"):
                if path.suffix in (".json", ".xsd"):
                    found.add((path.relative_to(root).with_suffix("").as_posix(), path.suffix == ".xsd"))
        return iter(sorted(found))

    def folder(self, document: str) -> Path:
        """The folder of a document's version, where its examples are."""
        for root in self._roots:
            folder = (root / document).parent
            if folder.is_dir():
                return folder
        raise _unknown(document, "json or .xsd")

    def _path(self, document: str, suffix: str) -> Path:
        if _ID.fullmatch(document) and ".." not in document:
            for root in self._roots:
                path = root / f"{document}.{suffix}"
                if path.is_file():
                    return path
        raise _unknown(document, suffix)


def _unknown(document: str, suffix: str) -> Misconfigured:
    return Misconfigured(
        f"schema {document[:120]!r} (.{suffix}) is not published: look for its id under schemas/",
        code="schema-unknown",
    )
