"""What a JSON Schema says of the members of a payload: which of them it names at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from gateway.validation.json_document import COMBINED, SINGLE, local_target


class Described:
    """One place in a payload, with the parts of a schema that speak of it. An array and its items are one place."""

    def __init__(self, root: Any, *schemas: Any) -> None:
        self._root = root
        self._parts = [part for each in schemas for part in _parts(each, root, frozenset())]

    def member(self, name: str) -> Described | None:
        """The place of a member; None where the schema does not name it, as open schemas let others come."""
        found = [part["properties"][name] for part in self._parts if name in part.get("properties", {})]
        for part in self._parts:
            found += [each for pattern, each in part.get("patternProperties", {}).items() if re.search(pattern, name)]
        return Described(self._root, *found) if found else None


def _parts(schema: Any, root: Any, seen: frozenset[str]) -> Iterator[Mapping[str, Any]]:
    if not isinstance(schema, Mapping):
        return
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#") and reference not in seen:
        yield from _parts(local_target(reference, root), root, seen | {reference})
    for keyword in {*COMBINED, *SINGLE} - {"additionalProperties"}:  # which speaks of members of other names
        said = schema.get(keyword, [])
        for each in said if isinstance(said, list) else [said]:
            yield from _parts(each, root, seen)
