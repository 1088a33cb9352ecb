"""Only the personal data that was agreed (Pasal 20 c, UU 27/2022): find what is beyond, and mask what is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.message import Json, Payload
from gateway.domain.errors import Misconfigured, Violation
from gateway.validation.described import Described
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import SchemaDocument, SchemaLibrary
from gateway.validation.withheld import WITHHELD

MASKED = "***"

_Path = tuple[str, ...]


def excess(document: SchemaDocument, payload: Payload, permitted: Collection[str]) -> tuple[Violation, ...]:
    """Personal fields that are present and not permitted. Paths are JSON pointers; nothing of the values is told.

    An empty string or null tells nothing about a person and is not counted. Callers refuse with the code
    `personal-data-excess`.
    """
    found = []
    for field in sorted(set(document.personal_fields) - set(permitted)):
        for pointer in _present(payload, field.split("/"), ""):
            text = f"personal data ({document.personal_fields[field]}) that the agreement does not permit"
            found.append(Violation(path=pointer, rule="personal-data", text=text))
    return tuple(found)


def mask(document: SchemaDocument, payload: Payload) -> Payload:
    """The payload with every value replaced that may be personal: what logs and pages show.

    These are the fields that the schema marks, those of `WITHHELD`, and members that an open schema lets come and does
    not name: what is not known is not shown.
    """
    hidden = {tuple(field.split("/")) for field in (*document.personal_fields, *WITHHELD.get(document.id, ()))}
    named = Described(document.schema, document.schema) if isinstance(document, JsonDocument) else None
    return {name: _mask_member(each, (name,), hidden, named) for name, each in payload.items()}


def personal_differences(agreement: Agreement, library: SchemaLibrary) -> tuple[str, ...]:
    """Say, in sentences, which permitted personal fields no schema of their interaction marks as personal.

    Such a permission permits nothing: a field is misspelled, or the schema misses its mark. The other way round there
    is no difference: a schema may know more personal fields than this agreement permits, and `excess` refuses them.
    """
    return tuple(each for agreed in agreement.interactions for each in _unmarked(agreed, library))


def _unmarked(agreed: AgreedInteraction, library: SchemaLibrary) -> Iterator[str]:
    marked: set[str] = set()
    for name in (agreed.request, agreed.reply, agreed.answer, agreed.result):
        if name is not None:
            try:
                marked |= set(library.document(name, soap=agreed.transport.is_soap).personal_fields)
            except Misconfigured as error:
                yield f"{agreed.name}: {error.text}"
    for field in sorted(agreed.personal.fields - marked):
        yield f"{agreed.name}: personal field {field} is permitted, and no schema of it marks such a field as personal"


def _present(value: Json | Payload, path: list[str], pointer: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _present(each, path, f"{pointer}/{index}")
    elif not path:
        if value is not None and value != "":
            yield pointer
    elif isinstance(value, Mapping) and path[0] in value:
        step = path[0].replace("~", "~0").replace("/", "~1")
        yield from _present(value[path[0]], path[1:], f"{pointer}/{step}")


def _mask_member(value: Json, path: _Path, hidden: Collection[_Path], parent: Described | None) -> Json:
    if any(_fits(path, each) for each in hidden):
        return MASKED
    if parent is None:  # an XSD names all that can come
        return _mask(value, path, hidden, None)
    named = parent.member(path[-1])
    return MASKED if named is None else _mask(value, path, hidden, named)


def _mask(value: Json, path: _Path, hidden: Collection[_Path], named: Described | None) -> Json:
    if isinstance(value, list):
        return [_mask(each, path, hidden, named) for each in value]
    if isinstance(value, dict):
        return {name: _mask_member(each, (*path, name), hidden, named) for name, each in value.items()}
    return value


def _fits(path: _Path, field: _Path) -> bool:
    return len(path) == len(field) and all(said in ("*", name) for name, said in zip(path, field, strict=True))
