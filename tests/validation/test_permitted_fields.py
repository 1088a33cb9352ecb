"""Only the personal data that was agreed travels (Pasal 20 c, UU 27/2022), and none of it is shown."""

import json
from dataclasses import replace
from typing import Any

import pytest

from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.minimise import MASKED, excess, mask, personal_differences

NIK = "9999014506900001"
PERSON = {"properties": {"nik": {"x-personal": "nik"}, "names": {"items": {"x-personal": "name"}}, "city": {}}}
DOCUMENT = JsonDocument(
    "t/t/1.0/t",
    json.dumps(
        {"properties": {"owner": PERSON, "people": {"items": PERSON}, "a~b": {"x-personal": "email"}, "rt": {}}}
    ).encode(),
)
LIBRARY = SchemaLibrary(default_roots())


@pytest.mark.parametrize(
    ("payload", "permitted", "paths"),
    [
        ({"owner": {"nik": NIK, "city": "Mojokerto"}}, {"owner/nik"}, []),
        ({"owner": {"nik": NIK, "city": "Mojokerto"}}, set(), ["/owner/nik"]),
        ({"owner": {"nik": NIK}}, {"people/nik"}, ["/owner/nik"]),
        ({"people": [{"city": "x"}, {"nik": NIK}, {"nik": NIK}]}, set(), ["/people/1/nik", "/people/2/nik"]),
        ({"owner": {"names": ["Siti Contoh", "Budi Contoh"]}}, set(), ["/owner/names/0", "/owner/names/1"]),
        ({"a~b": "siti@contoh.example"}, set(), ["/a~0b"]),
        ({"owner": {"nik": ""}, "people": []}, set(), []),
        ({"owner": "text", "rt": 1}, set(), []),
        ({"owner": {"nik": 0}}, set(), ["/owner/nik"]),
    ],
)
def test_a_personal_field_beyond_the_agreement_is_found(
    payload: dict[str, Any], permitted: set[str], paths: list[str]
) -> None:
    violations = excess(DOCUMENT, payload, permitted)
    assert [each.path for each in violations] == paths
    assert {each.rule for each in violations} <= {"personal-data"}
    assert "9999" not in repr(violations)


def test_what_is_shown_has_no_personal_value_and_all_the_others() -> None:
    payload = {
        "owner": {"nik": NIK, "names": ["Siti Contoh"], "city": "Mojokerto"},
        "people": [{"nik": NIK}, {"city": "x"}],
        "rt": 7,
    }
    before = json.dumps(payload)
    assert mask(DOCUMENT, payload) == {
        "owner": {"nik": MASKED, "names": MASKED, "city": "Mojokerto"},
        "people": [{"nik": MASKED}, {"city": "x"}],
        "rt": 7,
    }
    assert json.dumps(payload) == before


def test_an_xsd_has_its_personal_fields_in_its_sidecar() -> None:
    document = LIBRARY.xml("dpupr/technical-recommendation/1.0/answer")
    payload = {"number": "1", "official": "Budi Contoh"}
    assert [each.path for each in excess(document, payload, ())] == ["/official"]
    assert excess(document, payload, {"official"}) == ()
    assert mask(document, payload) == {"number": "1", "official": MASKED}


def test_a_permission_for_a_field_that_no_schema_marks_is_a_difference() -> None:
    agreement = read_agreement(packaged_agreements()["dpupr-2026"])
    assert personal_differences(agreement, LIBRARY) == ()
    first, *others = agreement.interactions
    wrong = replace(first, personal=replace(first.personal, fields=frozenset({"applicant/nama"})))
    (sentence,) = personal_differences(replace(agreement, interactions=(wrong, *others)), LIBRARY)
    assert "applicant/nama" in sentence
    unknown = replace(first, request="dpupr/other/1.0/request", personal=replace(first.personal, fields=frozenset()))
    (sentence,) = personal_differences(replace(agreement, interactions=(unknown, *others)), LIBRARY)
    assert "dpupr/other/1.0/request" in sentence
