"""A JSON Schema document (draft 2020-12): accepted by the fast validator, refusals explained by the thorough one.

What the fast one refuses is refused, whatever the other thinks of it: the two disagree on a few formats, and on `$`
before a final line break. References lead into the document itself and nowhere else; nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NoReturn, cast

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from gateway.contract.message import Json
from gateway.domain.errors import Misconfigured, Violation

MAX_VIOLATIONS = 100

_TEXTS: Mapping[str, str] = {
    "pattern": "a value of the pattern {0}",
    "minLength": "at least {0} character(s)",
    "maxLength": "at most {0} character(s)",
    "enum": "one of {0}",
    "const": "exactly {0}",
    "type": "a value of type {0}",
    "minimum": "at least {0}",
    "maximum": "at most {0}",
    "minItems": "at least {0} item(s)",
    "maxItems": "at most {0} item(s)",
    "minProperties": "at least {0} member(s)",
    "maxProperties": "at most {0} member(s)",
    "format": "a valid {0}",
    "uniqueItems": "no item twice",
}
_OTHERWISE = "what the schema says under this rule"
_COMBINED = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE = ("items", "contains", "additionalProperties", "if", "then", "else")


_DURATION = jsonschema_rs.validator_for({"format": "duration"}, validate_formats=True)


def _is_duration(value: object) -> bool:
    """The thorough validator asks the fast one: a library of its own for this is not in a hub (`cli.left_out`)."""
    return _DURATION.is_valid(value)


Draft202012Validator.FORMAT_CHECKER.checks("duration")(_is_duration)


class JsonDocument:
    """One published schema by its id. `personal_fields` maps slash paths (without array indexes) to their kind.

    Formats are asserted and references stay inside the document. Raises Misconfigured `schema-unfit` for bytes that
    are no such schema. Safe to share between threads.
    """

    def __init__(self, document: str, data: bytes) -> None:
        self.id = document
        self.sha256 = hashlib.sha256(data).hexdigest()
        try:
            schema = json.loads(data)
            self._fast = jsonschema_rs.validator_for(schema, validate_formats=True, retriever=_nothing_remote)
            self.personal_fields: Mapping[str, str] = dict(_personal(schema, "", schema, frozenset()))
        except (ValueError, LookupError) as error:
            raise Misconfigured(
                f"schema {document} cannot be used: {str(error)[:200]}", code="schema-unfit", clause=document
            ) from error
        self.schema: Mapping[str, Any] = schema
        self._thorough = Draft202012Validator(
            schema, format_checker=Draft202012Validator.FORMAT_CHECKER, registry=Registry()
        )

    def check(self, payload: Json | Mapping[str, Json]) -> tuple[Violation, ...]:
        """Every violation, at most 100, in the order of their paths; empty when the payload keeps to the schema.

        A violation's text says what was expected and never what came: that may be personal data.
        """
        if self._fast.is_valid(payload):
            return ()
        # the fast validator has refused, so something must be said even where the thorough one reads a rule more
        # kindly: Python's `$` also matches before a last line feed, which ECMA 262 (JSON Schema's own) does not
        found = _violations(self._thorough.iter_errors(payload))
        listed = _first(found) or _first(_unexplained(self._fast.iter_errors(payload)))
        return tuple(sorted(listed, key=lambda each: (each.path, each.rule)))


def _first(found: Iterator[Violation]) -> tuple[Violation, ...]:
    """The first hundred, each once: a document of a million faults is not read to its end."""
    return tuple(dict.fromkeys(islice(found, MAX_VIOLATIONS)))


def _nothing_remote(uri: str) -> NoReturn:
    raise LookupError(f"{uri[:120]} is outside the document")


def _violations(errors: Iterable[ValidationError]) -> Iterator[Violation]:
    for error in errors:
        pointer = _pointer(error.absolute_path)
        rule = str(error.validator)
        match rule:
            case "required":
                instance: Any = error.instance
                missing = [name for name in cast("list[str]", error.validator_value) if name not in instance]
                for name in missing:
                    yield Violation(path=f"{pointer}/{escape(name)}", rule=rule, text="this member is required")
            case "additionalProperties":
                for name in _beyond(error):
                    text = "no such member is agreed"
                    yield Violation(path=f"{pointer}/{escape(name[:60])}", rule=rule, text=text)
            case "anyOf" | "oneOf" if error.context:
                yield from _violations(error.context)
            case _:
                expected = _TEXTS.get(rule, _OTHERWISE)
                yield Violation(path=pointer, rule=rule, text=f"expected {expected.format(error.validator_value)}")


def _unexplained(errors: Iterable[jsonschema_rs.ValidationError]) -> Iterator[Violation]:
    """What the fast validator alone refuses; its messages repeat values and are left out."""
    for error in errors:
        rule = str(error.schema_path[-1]) if error.schema_path else "schema"
        yield Violation(path=_pointer(error.instance_path), rule=rule, text=f"expected {_OTHERWISE}")


def _beyond(error: ValidationError) -> list[str]:
    schema = cast("Mapping[str, Any]", error.schema)
    instance = cast("Mapping[str, Any]", error.instance)
    patterns = tuple(schema.get("patternProperties", {}))
    unknown = (name for name in instance if name not in schema.get("properties", {}))
    return [name for name in unknown if not any(re.search(pattern, name) for pattern in patterns)]


def _pointer(path: Iterable[str | int]) -> str:
    """RFC 6901."""
    return "".join(f"/{escape(str(part))}" for part in path)


def escape(part: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")


def _personal(schema: Any, path: str, root: Any, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Find members tagged `x-personal`, through properties, items, and local references, each followed once a path."""
    if not isinstance(schema, Mapping):
        return
    if "x-personal" in schema:
        yield path, str(schema["x-personal"])
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#") and reference not in seen:
        yield from _personal(_target(reference, root), path, root, seen | {reference})
    for name, each in schema.get("properties", {}).items():
        yield from _personal(each, f"{path}/{name}".lstrip("/"), root, seen)
    for keyword in (*_COMBINED, *_SINGLE):
        parts = schema.get(keyword, [])
        for each in parts if isinstance(parts, list) else [parts]:
            yield from _personal(each, path, root, seen)


def _target(reference: str, root: Any) -> Any:
    target = root
    for part in reference.removeprefix("#").split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        target = target[int(name) if isinstance(target, list) else name]
    return target
