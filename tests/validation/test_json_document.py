"""A payload is held to its JSON Schema; every violation is told with its place, and none with its value."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.message import Json
from gateway.domain.errors import Misconfigured
from gateway.validation.json_document import MAX_VIOLATIONS, JsonDocument

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["nik", "born"],
    "properties": {
        "nik": {"type": "string", "pattern": "^[0-9]{16}$", "x-personal": "nik"},
        "born": {"type": "string", "format": "date", "x-personal": "birth date"},
        "mail": {"type": "string", "format": "email"},
        "sex": {"enum": ["L", "P"]},
        "kind": {"const": "person"},
        "age": {"type": "integer", "minimum": 17, "maximum": 120},
        "name": {"type": "string", "minLength": 2, "maxLength": 5},
        "a/b~c": {"type": "string"},
        "children": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "uniqueItems": True,
            "items": {"$ref": "#/$defs/child"},
        },
        "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
    },
    "patternProperties": {"^x-": {"type": "string"}},
    "additionalProperties": False,
    "$defs": {
        "child": {
            "type": "object",
            "properties": {"name": {"type": "string", "x-personal": "name"}, "child": {"$ref": "#/$defs/child"}},
        }
    },
}
GOOD: dict[str, Json] = {"nik": "9999014506900001", "born": "1990-05-14"}
DOCUMENT = JsonDocument("contoh/ask/1.0/request", json.dumps(SCHEMA).encode())


def document(schema: Any) -> JsonDocument:
    return JsonDocument("contoh/ask/1.0/request", json.dumps(schema).encode())


def broken(payload: Json) -> list[tuple[str, str]]:
    return [(each.path, each.rule) for each in DOCUMENT.check(payload)]


def test_it_knows_its_id_its_content_and_its_digest() -> None:
    assert DOCUMENT.id == "contoh/ask/1.0/request"
    assert DOCUMENT.schema == SCHEMA
    assert document({}).sha256 == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize(
    ("member", "good", "bad", "path", "rule"),
    [
        ("nik", "9999014506900002", "999901450690000", "/nik", "pattern"),
        ("nik", "9999014506900002", 9999, "/nik", "type"),
        ("born", "2024-02-29", "2023-02-29", "/born", "format"),
        ("mail", "siti@contoh.example", "siti", "/mail", "format"),
        ("sex", "L", "X", "/sex", "enum"),
        ("kind", "person", "firm", "/kind", "const"),
        ("age", 17, 16, "/age", "minimum"),
        ("age", 120, 121, "/age", "maximum"),
        ("name", "Si", "S", "/name", "minLength"),
        ("name", "Siti!", "Siti C", "/name", "maxLength"),
        ("a/b~c", "x", 1, "/a~1b~0c", "type"),
        ("children", [{}], [], "/children", "minItems"),
        ("children", [{}, {"n": 1}], [{}, {"n": 1}, {"n": 2}], "/children", "maxItems"),
        ("children", [{}, {"n": 1}], [{}, {}], "/children", "uniqueItems"),
        ("children", [{"name": "A"}], [{"name": 1}], "/children/0/name", "type"),
        ("x-note", "x", 1, "/x-note", "type"),
    ],
)
def test_a_rule_is_kept_or_broken_at_its_place(member: str, good: Json, bad: Json, path: str, rule: str) -> None:
    assert DOCUMENT.check({**GOOD, member: good}) == ()
    assert broken({**GOOD, member: bad}) == [(path, rule)]


def test_each_way_that_was_open_is_told() -> None:
    assert DOCUMENT.check({**GOOD, "either": 1}) == ()
    (first, second) = DOCUMENT.check({**GOOD, "either": None})
    assert {first.path, second.path} == {"/either"}
    assert {first.text, second.text} == {"expected a value of type string", "expected a value of type integer"}


def test_missing_and_unknown_members_are_named_in_the_path() -> None:
    assert broken({"nik": "9999014506900001", "x-y": "z", "a/b": 1, "b": 2}) == [
        ("/a~1b", "additionalProperties"),
        ("/b", "additionalProperties"),
        ("/born", "required"),
    ]


def test_all_violations_are_told_in_the_order_of_their_paths() -> None:
    assert broken({"sex": "X", "age": 1, "nik": "1"}) == [
        ("/age", "minimum"),
        ("/born", "required"),
        ("/nik", "pattern"),
        ("/sex", "enum"),
    ]


def test_what_came_is_never_repeated_uu_27_2022() -> None:
    secrets = {
        "nik": "9999RAHASIA",
        "born": "RAHASIA",
        "sex": "RAHASIA",
        "mail": "RAHASIA",
        "name": "RAHASIA",
        "kind": "RAHASIA",
    }
    violations = DOCUMENT.check({**secrets, "age": "RAHASIA", "children": "RAHASIA", "either": ["RAHASIA"]})
    assert len(violations) >= len(secrets) + 3
    assert "RAHASIA" not in repr(violations)


def test_at_most_a_hundred_violations_are_told() -> None:
    assert MAX_VIOLATIONS == 100
    numbers = document({"items": {"type": "string"}})
    assert len(numbers.check(list(range(99)))) == 99
    assert len(numbers.check(list(range(500)))) == 100


@pytest.mark.parametrize(
    ("schema", "good", "bad", "rule"),
    [
        ({"pattern": "^[0-9]+$"}, "12", "12\n", "pattern"),
        ({"format": "email"}, "a@b.example", "@b.example", "format"),
        ({"format": "duration"}, "P1DT12H", "P1DT", "format"),
    ],
)
def test_what_either_validator_alone_refuses_is_refused(schema: Any, good: str, bad: str, rule: str) -> None:
    assert document(schema).check(good) == ()
    assert [(each.path, each.rule) for each in document(schema).check(bad)] == [("", rule)]


def test_personal_fields_are_found_below_lists_references_and_conditions() -> None:
    assert DOCUMENT.personal_fields["children/name"] == "name"
    assert {"nik": "nik", "born": "birth date"}.items() <= DOCUMENT.personal_fields.items()
    tagged = {"type": "string", "x-personal": "phone"}
    conditions = document(
        {
            "allOf": [{"properties": {"all": tagged}}],
            "oneOf": [{"properties": {"one": tagged}}],
            "if": {"required": ["all"]},
            "then": {"properties": {"then": tagged}},
            "else": {"properties": {"else": tagged}},
            "properties": {"plain": {"type": "string"}, "ref": {"$ref": "#/allOf/0/properties/all"}},
        }
    )
    assert set(conditions.personal_fields) == {"all", "one", "then", "else", "ref"}


def test_a_recursive_schema_is_read_to_an_end() -> None:
    assert "children/child/name" in DOCUMENT.personal_fields or "children/name" in DOCUMENT.personal_fields
    assert DOCUMENT.check({**GOOD, "children": [{"child": {"child": {"name": "A"}}}]}) == ()
    assert broken({**GOOD, "children": [{"child": {"child": {"name": 1}}}]}) == [
        ("/children/0/child/child/name", "type")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b'{"type": "nope"}',
        b'{"$ref": "https://schemas.example/other.json"}',
        b'{"$ref": "#/$defs/missing"}',
    ],
)
def test_a_file_that_nothing_can_be_held_to_is_an_operators_business(data: bytes) -> None:
    with pytest.raises(Misconfigured) as caught:
        JsonDocument("contoh/ask/1.0/request", data)
    assert caught.value.code == "schema-unfit"
    assert "contoh/ask/1.0/request" in caught.value.text


def test_a_reference_to_a_file_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}", encoding="utf-8")
    with pytest.raises(Misconfigured):
        document({"$ref": other.as_uri()})
