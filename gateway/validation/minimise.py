"""Only the personal data that was agreed (Pasal 20 c, UU 27/2022): find what is beyond, and mask what is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from gateway.contract.message import Json, Payload
from gateway.domain.errors import Violation
from gateway.validation.json_document import JsonDocument
from gateway.validation.xml_document import XmlDocument

MASKED = "***"


def excess(document: JsonDocument | XmlDocument, payload: Payload, permitted: Collection[str]) -> tuple[Violation, ...]:
    """Personal fields that are present and not permitted. Paths are JSON pointers; nothing of the values is told."""
    found = []
    for field in sorted(set(document.personal_fields) - set(permitted)):
        for pointer in _present(payload, field.split("/"), ""):
            text = f"personal data ({document.personal_fields[field]}) that the agreement does not permit"
            found.append(Violation(path=pointer, rule="personal-data", text=text))
    return tuple(found)


def mask(document: JsonDocument | XmlDocument, payload: Payload) -> Payload:
    """The payload with every personal value replaced: what logs and pages show."""
    personal = {tuple(field.split("/")) for field in document.personal_fields}
    masked = _mask(payload, (), personal)
    return masked if isinstance(masked, dict) else {}


def _present(value: Json | Payload, path: list[str], pointer: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _present(each, path, f"{pointer}/{index}")
    elif not path:
        if value is not None and value != "":
            yield pointer
    elif isinstance(value, Mapping) and path[0] in value:
        yield from _present(value[path[0]], path[1:], f"{pointer}/{path[0]}")


def _mask(value: Json | Payload, path: tuple[str, ...], personal: set[tuple[str, ...]]) -> Json:
    if path in personal:
        return MASKED
    if isinstance(value, list):
        return [_mask(each, path, personal) for each in value]
    if isinstance(value, Mapping):
        return {name: _mask(each, (*path, name), personal) for name, each in value.items()}
    return value
