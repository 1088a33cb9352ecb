"""JSON at the door of agencies: which content types are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.contract.message import Message, Transport
from gateway.dialect.jws import Jws
from gateway.domain.errors import Malformed
from gateway.edge.rest.wire import RestWire
from gateway.validation.library import SchemaLibrary
from tests.exchange.keys import AT

SCHEMAS = Path(__file__).parents[2] / "schemas"


def _message(content_type: str, body: bytes = b'{"a":"\xc3\xa4"}') -> Message:
    return Message(
        agency="dpupr",
        interaction="permit-validity",
        transport=Transport.REST,
        method="POST",
        path="/rest/dpupr/permit-validity",
        headers={"content-type": content_type},
        body=body,
        received_at=AT,
        address="127.0.0.1",
    )


@pytest.fixture(scope="module")
def wire() -> RestWire:
    """Some interaction; none of its schemas is needed to parse."""
    return RestWire(Jws(), library=SchemaLibrary([SCHEMAS]))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;Charset="UTF-8"',
        "application/json; v=1; charset=UTF-8",
        "application/json;",
    ],
)
def test_json_in_utf_8_is_read(wire: RestWire, content_type: str) -> None:
    assert wire.open(_message(content_type), 100) == {"a": "ä"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=iso-8859-1",
        'application/json; charset="utf-16"',
        "application/json; charset=",
        "application/json; charset=utf-8; charset=utf-7",
        "application/json; v=1; CHARSET=latin1",
    ],
)
def test_another_charset_is_refused_and_not_guessed(wire: RestWire, content_type: str) -> None:
    with pytest.raises(Malformed) as raised:
        wire.open(_message(content_type), 100)
    assert raised.value.code == "content-type-wrong"
