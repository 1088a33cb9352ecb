"""Only agreed personal data travels (Pasal 20 c, UU 27/2022), and none of it is shown."""

from pathlib import Path
from typing import Any

import pytest

from gateway.contract.agreement import agreement_from_document
from gateway.contract.message import Json
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.minimise import MASKED, excess, mask, personal_differences
from tests.contract.drafts import draft

PERSON = JsonDocument(
    "contoh/opinion/1.0/request",
    b"""{"properties": {
      "case": {"type": "string"},
      "applicant": {"properties": {"name": {"x-personal": "name"}, "nik": {"x-personal": "nik"}}},
      "heirs": {"items": {"properties": {"name": {"x-personal": "name"}, "share": {"type": "integer"}}}},
      "a/b": {"properties": {"c": {"type": "string"}}},
      "contact": {"x-personal": "contact", "type": "object"}}}""",
)
PAYLOAD: dict[str, Json] = {
    "case": "K-1",
    "applicant": {"name": "Siti Contoh", "nik": "9999014506900001"},
    "heirs": [{"name": "Budi Contoh", "share": 1}, {"name": "Ani Contoh", "share": 2}],
    "contact": {"phone": "081200000017"},
}
ALL = {"applicant/name", "applicant/nik", "heirs/name", "contact"}


def test_nothing_is_beyond_when_all_that_is_there_is_permitted() -> None:
    assert excess(PERSON, PAYLOAD, ALL) == ()
    assert excess(PERSON, {"case": "K-1"}, ()) == ()


@pytest.mark.parametrize(
    ("withheld", "paths"),
    [
        ("applicant/nik", ["/applicant/nik"]),
        ("heirs/name", ["/heirs/0/name", "/heirs/1/name"]),
        ("contact", ["/contact"]),
    ],
)
def test_a_field_beyond_is_told_with_its_kind_and_without_its_value(withheld: str, paths: list[str]) -> None:
    found = excess(PERSON, PAYLOAD, ALL - {withheld})
    assert [each.path for each in found] == paths
    assert {each.rule for each in found} == {"personal-data"}
    assert all(PERSON.personal_fields[withheld] in each.text for each in found)
    assert not any(said in repr(found) for said in ("Contoh", "9999", "0812"))


@pytest.mark.parametrize(("value", "counted"), [("", False), (None, False), ("x", True), (0, True), (False, True)])
def test_an_empty_field_tells_nothing_about_anybody(value: Json, counted: bool) -> None:
    assert bool(excess(PERSON, {"applicant": {"nik": value}}, ())) is counted


@pytest.mark.parametrize("payload", [{"applicant": "x"}, {"applicant": None}, {"heirs": "x"}, {"heirs": []}])
def test_a_payload_of_another_shape_holds_no_such_field(payload: dict[str, Json]) -> None:
    assert excess(PERSON, payload, ()) == ()


def test_a_name_with_a_tilde_is_escaped_in_the_pointer_rfc_6901() -> None:
    tilde = JsonDocument("contoh/opinion/1.0/request", b'{"properties": {"a~b": {"x-personal": "name"}}}')
    assert [each.path for each in excess(tilde, {"a~b": "x"}, ())] == ["/a~0b"]


def test_a_mask_hides_every_personal_value_and_nothing_else() -> None:
    assert mask(PERSON, PAYLOAD) == {
        "case": "K-1",
        "applicant": {"name": MASKED, "nik": MASKED},
        "heirs": [{"name": MASKED, "share": 1}, {"name": MASKED, "share": 2}],
        "contact": MASKED,
    }
    assert PAYLOAD["contact"] == {"phone": "081200000017"}


def test_an_xml_documents_sidecar_minimises_as_well() -> None:
    request = SchemaLibrary(default_roots()).xml("dpupr/technical-recommendation/1.0/request")
    payload: dict[str, Json] = {"applicant": {"name": "Siti Contoh"}, "location": {"address": "Jalan Contoh 17"}}
    assert [each.path for each in excess(request, payload, {"location/address"})] == ["/applicant/name"]
    assert mask(request, payload) == {"applicant": {"name": MASKED}, "location": {"address": MASKED}}


def opinion(root: Path, *fields: str, **terms: Any) -> tuple[str, ...]:
    folder = root / "contoh" / "opinion" / "1.0"
    folder.mkdir(parents=True)
    (folder / "request.json").write_text('{"properties": {"nik": {"x-personal": "nik"}}}', encoding="utf-8")
    (folder / "answer.json").write_text('{"properties": {"official": {"x-personal": "name"}}}', encoding="utf-8")
    document = draft(personal_data={"purpose": "contoh", "fields": list(fields)}, **terms)
    document["interaction"].pop()
    return personal_differences(agreement_from_document(document), SchemaLibrary([root]))


@pytest.mark.parametrize("fields", [(), ("nik",), ("official", "nik")])
def test_permitted_fields_that_some_schema_marks_differ_in_nothing(tmp_path: Path, fields: tuple[str, ...]) -> None:
    assert opinion(tmp_path, *fields) == ()


def test_a_permitted_field_that_no_schema_marks_is_a_difference(tmp_path: Path) -> None:
    assert opinion(tmp_path, "nik", "nick") == (
        "opinion: personal field nick is permitted, and no schema of it marks such a field as personal",
    )


def test_a_schema_that_is_not_published_is_a_difference(tmp_path: Path) -> None:
    (sentence,) = opinion(tmp_path, "nik", answer="contoh/opinion/1.0/nothing")
    assert "'contoh/opinion/1.0/nothing'" in sentence


@pytest.mark.parametrize("name", tuple(packaged_agreements()))
def test_our_agreements_permit_what_their_schemas_mark(name: str) -> None:
    agreement = read_agreement(packaged_agreements()[name])
    assert personal_differences(agreement, SchemaLibrary(default_roots())) == ()
