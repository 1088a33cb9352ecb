"""The acknowledgement is one document in two transports: what one takes, the other takes."""

from typing import Any

import pytest

from gateway.domain.errors import SchemaViolation
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots

LIBRARY = SchemaLibrary(default_roots())
LEAST: dict[str, Any] = {
    "messageId": "urn:uuid:00000000-0000-7000-8000-000000000001",
    "receivedAt": "2026-03-02T02:00:00Z",
}


def verdicts(payload: dict[str, Any]) -> tuple[bool, bool]:
    """Whether JSON Schema and XSD take it."""
    xml = LIBRARY.xml(ACKNOWLEDGEMENT)
    try:
        by_xsd = xml.check(xml.to_element(payload)) == ()
    except SchemaViolation:
        by_xsd = False
    return LIBRARY.json(ACKNOWLEDGEMENT).check(payload) == (), by_xsd


@pytest.mark.parametrize(
    ("payload", "taken"),
    [
        (LEAST, True),
        (LEAST | {"exchange": "E-1"}, True),
        (LEAST | {"receivedAt": "2026-03-02T09:00:00.123+07:00"}, True),
        (LEAST | {"receivedAt": "2026-03-02T02:00:00"}, False),
        (LEAST | {"receivedAt": "2026-02-30T02:00:00Z"}, False),
        (LEAST | {"messageId": ""}, False),
        (LEAST | {"messageId": "m" * 257}, False),
        (LEAST | {"messageId": 1}, False),
        (LEAST | {"status": "ok"}, False),
        ({"messageId": "m-1"}, False),
        ({"receivedAt": "2026-03-02T02:00:00Z"}, False),
    ],
)
def test_both_transports_judge_alike(payload: dict[str, Any], taken: bool) -> None:
    assert verdicts(payload) == (taken, taken)


def test_its_action_and_root_are_those_of_the_wire_contract() -> None:
    document = LIBRARY.xml(ACKNOWLEDGEMENT)
    assert document.action == "urn:simojo:acknowledgement:1.0#Acknowledgement"
    payload = LEAST | {"exchange": "E-1"}
    assert document.to_payload(document.to_element(payload)) == payload
