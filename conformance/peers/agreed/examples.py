"""What the agency says: the first example of the agreed document, about what it was asked.

A member of the example that the message has too takes the message's value: so an answer names the case of its
question. Members that somebody ordered come last, over both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from gateway.contract.message import Json, Payload
from gateway.domain.errors import Misconfigured, SchemaViolation, Violation
from gateway.validation.examples import MAX_BYTES, examples_of
from gateway.validation.json_parse import parse_json
from gateway.validation.library import SchemaLibrary

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


def said_of(
    document: str, library: SchemaLibrary, *, soap: bool, about: Payload, ordered: Mapping[str, Json]
) -> Payload:
    """The document to say.

    Raises Misconfigured `example-missing`, SchemaViolation when what was ordered breaks the agreed schema.
    """
    example = _first(document, library, soap=soap)
    repeated = {name: value for name, value in about.items() if name in example}
    said = {**example, **repeated, **ordered}
    violations = violations_of(document, library, said, soap=soap)
    if violations:
        raise SchemaViolation(f"what is to be said breaks {document}", violations=violations)
    return said


def records_of(document: str, library: SchemaLibrary, ordered: Mapping[str, Json]) -> list[Payload]:
    """Every example of a record that passes, with the members that were ordered. Raises as `said_of` does."""
    records: list[Payload] = [{**each, **ordered} for each in _examples(document, library, soap=False)]
    for each in records:
        if violations := violations_of(document, library, each, soap=False):
            raise SchemaViolation(f"what is to be sent breaks {document}", violations=violations)
    return records or [said_of(document, library, soap=False, about={}, ordered=ordered)]


def violations_of(document: str, library: SchemaLibrary, payload: Payload, *, soap: bool) -> tuple[Violation, ...]:
    """Every way in which a payload breaks the agreed document."""
    if not soap:
        return library.json(document).check(payload)
    schema = library.xml(document)
    try:
        return schema.check(schema.to_element(payload))
    except SchemaViolation as misfit:
        return misfit.violations


def _first(document: str, library: SchemaLibrary, *, soap: bool) -> Payload:
    found = next(_examples(document, library, soap=soap), None)
    if found is None:
        raise Misconfigured(
            f"{document} has no example that passes: nothing can be said from it", code="example-missing"
        )
    return found


def _examples(document: str, library: SchemaLibrary, *, soap: bool) -> Iterator[Payload]:
    for each in examples_of(document, library, soap=soap):
        if soap:
            yield library.xml(document).to_payload(etree.fromstring(each.data, _PARSER))
            continue
        payload = parse_json(each.data, max_bytes=MAX_BYTES)
        if isinstance(payload, dict):
            yield payload
