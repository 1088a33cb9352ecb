"""What the fast validator refuses is refused, explained without values, and nothing outside the schema is read."""

import json
from typing import Any

import pytest

from gateway.domain.errors import Misconfigured
from gateway.validation.json_document import MAX_VIOLATIONS, JsonDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(**said: Any) -> JsonDocument:
    return JsonDocument("t/t/1.0/t", json.dumps({"$schema": DIALECT} | said).encode())


def found(document: JsonDocument, payload: Any) -> list[tuple[str, str]]:
    return [(each.path, each.rule) for each in document.check(payload)]


def test_a_line_feed_at_the_end_is_beyond_the_pattern_ecma_262() -> None:
    nik = schema(properties={"nik": {"type": "string", "pattern": "^[0-9]{16}$"}})
    assert found(nik, {"nik": "9999014506900001"}) == []
    assert found(nik, {"nik": "9999014506900001\n"}) == [("/nik", "pattern")]


@pytest.mark.parametrize(
    ("said", "good", "bad", "violations"),
    [
        ({"required": ["a/b", "c"]}, {"a/b": 1, "c": 2}, {}, [("/a~1b", "required"), ("/c", "required")]),
        (
            {"properties": {"a": {}}, "patternProperties": {"^x-": {}}, "additionalProperties": False},
            {"a": 1, "x-y": 2},
            {"a": 1, "x-y": 2, "~": 3},
            [("/~0", "additionalProperties")],
        ),
        ({"properties": {"d": {"format": "date"}}}, {"d": "2026-03-02"}, {"d": "2026-02-30"}, [("/d", "format")]),
        ({"minProperties": 1}, {"a": 1}, {}, [("", "minProperties")]),
        ({"anyOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1}, {}, [("/a", "required"), ("/b", "required")]),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1, "b": 1}, {"a": 1}, [("", "dependentRequired")]),
    ],
)
def test_a_violation_names_its_member_and_its_rule(
    said: dict[str, Any], good: Any, bad: Any, violations: list[tuple[str, str]]
) -> None:
    document = schema(**said)
    assert found(document, good) == []
    assert found(document, bad) == violations


@pytest.mark.parametrize("rule", ["const", "enum", "pattern", "maxLength", "type", "format", "not"])
def test_a_text_never_repeats_a_value(rule: str) -> None:
    limits = {"const": "x", "enum": ["x"], "pattern": "^x$", "maxLength": 1, "type": "integer", "format": "date"}
    document = schema(properties={"nik": {rule: limits.get(rule, {"type": "string"})}})
    (violation,) = document.check({"nik": "9999014506900001"})
    assert violation.rule == rule
    assert "9999" not in violation.text


def test_a_hundred_violations_are_told() -> None:
    assert MAX_VIOLATIONS == 100
    document = schema(items={"type": "string"})
    assert len(document.check(list(range(99)))) == 99
    assert len(document.check(list(range(5000)))) == 100


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\xff",
        b'{"type": "texts"}',
        b'{"$ref": "http://schemas.example/other.json"}',
        b'{"$ref": "other.json"}',
        b'{"$ref": "#/$defs/missing"}',
    ],
)
def test_what_is_no_schema_of_its_own_is_an_operators_business(data: bytes) -> None:
    with pytest.raises(Misconfigured) as caught:
        JsonDocument("t/t/1.0/t", data)
    assert caught.value.code == "schema-unfit"


def test_a_reference_inside_the_document_is_followed() -> None:
    document = schema(**{"$defs": {"n": {"type": "string"}}, "properties": {"a": {"$ref": "#/$defs/n"}}})
    assert found(document, {"a": "x"}) == []
    assert found(document, {"a": 1}) == [("/a", "type")]


def test_personal_fields_are_found_by_path_through_lists_references_and_branches() -> None:
    person = {"properties": {"nik": {"x-personal": "nik"}, "child": {"$ref": "#/$defs/person"}}}
    document = schema(
        **{
            "$defs": {"person": person, "a/b": {"oneOf": [{"x-personal": "email"}, {}]}},
            "properties": {
                "people": {"items": {"$ref": "#/$defs/person"}},
                "mail": {"$ref": "#/$defs/a~1b"},
                "first": {"$ref": "#/$defs/a~1b/oneOf/0"},
                "plain": True,
            },
            "then": {"properties": {"name": {"x-personal": "name"}}},
        }
    )
    assert document.personal_fields == {
        "people/nik": "nik",
        "mail": "email",
        "first": "email",
        "name": "name",
    }
