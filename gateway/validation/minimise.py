"""Only the personal data that was agreed (Pasal 20 c, UU 27/2022): find what is beyond, and mask what is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.message import Json, Payload
from gateway.domain.errors import Misconfigured, Violation
from gateway.validation.library import SchemaDocument, SchemaLibrary

MASKED = "***"


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
    """The payload with every personal value replaced: what logs and pages show."""
    personal = {tuple(field.split("/")) for field in document.personal_fields}
    return {name: _mask(each, (name,), personal) for name, each in payload.items()}


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


def _mask(value: Json, path: tuple[str, ...], personal: set[tuple[str, ...]]) -> Json:
    if path in personal:
        return MASKED
    if isinstance(value, list):
        return [_mask(each, path, personal) for each in value]
    if isinstance(value, dict):
        return {name: _mask(each, (*path, name), personal) for name, each in value.items()}
    return value
