"""A JSON Schema document (draft 2020-12): accepted by the fast validator, refusals explained by the thorough one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from referencing import Registry

from gateway.contract.message import Json
from gateway.domain.errors import Violation

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
    "format": "a valid {0}",
}


class JsonDocument:
    """One published schema by its id. `personal_fields` maps slash paths (without array indexes) to their kind."""

    def __init__(self, document: str, data: bytes) -> None:
        self.id = document
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.schema: Mapping[str, Any] = json.loads(data)
        self.personal_fields: Mapping[str, str] = dict(_personal(self.schema, "", self.schema))
        self._fast = jsonschema_rs.validator_for(dict(self.schema), validate_formats=True)
        self._thorough = Draft202012Validator(
            self.schema, format_checker=Draft202012Validator.FORMAT_CHECKER, registry=Registry()
        )

    def check(self, payload: Json | Mapping[str, Json]) -> tuple[Violation, ...]:
        """Every violation, at most 100, in the order of their paths; empty when the payload keeps to the schema.

        A violation's text says what was expected and never what came: that may be personal data.
        """
        if self._fast.is_valid(payload):
            return ()
        found = dict.fromkeys(_violations(self._thorough.iter_errors(payload)))
        ordered = sorted(found, key=lambda each: (each.path, each.rule))
        return tuple(ordered[:MAX_VIOLATIONS])


def _violations(errors: Iterator[ValidationError]) -> Iterator[Violation]:
    for error in errors:
        pointer = "".join(f"/{_escape(str(part))}" for part in error.absolute_path)
        rule = str(error.validator)
        match rule:
            case "required":
                instance: Any = error.instance
                missing = [name for name in cast("list[str]", error.validator_value) if name not in instance]
                for name in missing:
                    yield Violation(path=f"{pointer}/{_escape(name)}", rule=rule, text="this member is required")
            case "additionalProperties" | "unevaluatedProperties":
                for name in _beyond(error):
                    text = "no such member is agreed"
                    yield Violation(path=f"{pointer}/{_escape(name[:60])}", rule=rule, text=text)
            case "anyOf" | "oneOf" | "allOf" if error.context:
                yield from _violations(iter(error.context))
            case _:
                expected = _TEXTS.get(rule, "what the schema says under this rule")
                yield Violation(path=pointer, rule=rule, text=f"expected {expected.format(error.validator_value)}")


def _beyond(error: ValidationError) -> list[str]:
    allowed = error.schema.get("properties", {}) if isinstance(error.schema, Mapping) else {}
    instance = cast("Mapping[str, Any]", error.instance)
    return [str(name) for name in instance if name not in allowed]


def _escape(part: str) -> str:
    """RFC 6901."""
    return part.replace("~", "~0").replace("/", "~1")


def _personal(schema: Any, path: str, root: Any) -> Iterator[tuple[str, str]]:
    """Find members tagged `x-personal`, through properties, items, and local references."""
    if not isinstance(schema, Mapping):
        return
    if "x-personal" in schema:
        yield path, str(schema["x-personal"])
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        target = root
        for part in reference[2:].split("/"):
            target = target[part]
        yield from _personal(target, path, root)
    for name, each in schema.get("properties", {}).items():
        yield from _personal(each, f"{path}/{name}".lstrip("/"), root)
    yield from _personal(schema.get("items"), path, root)
    for keyword in ("allOf", "anyOf", "oneOf", "then", "else"):
        parts = schema.get(keyword, [])
        for each in parts if isinstance(parts, list) else [parts]:
            yield from _personal(each, path, root)
