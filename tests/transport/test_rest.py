"""A JSON payload goes out compact, in UTF-8, in the order in which it was written; a sealed body byte for byte."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.domain.errors import MappingFault
from gateway.transport.rest import json_body, sealed_call


def test_members_keep_their_order_and_text_stays_text() -> None:
    assert json_body({"nib": "9120", "a": [1, True, None], "nama": "Siti Contoh é"}) == (
        '{"nib":"9120","a":[1,true,null],"nama":"Siti Contoh é"}'.encode()
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1}, b"x", "\ud800"])
def test_what_json_cannot_hold_is_a_fault_of_the_mapping(value: Any) -> None:
    with pytest.raises(MappingFault) as raised:
        json_body({"a": value})

    assert raised.value.code == "payload-not-json"


def test_a_sealed_body_becomes_a_call() -> None:
    call = sealed_call(
        "https://oss.example/x", b'{"a":1}', headers={"user_key": "k"}, timeout_s=2.5, max_reply_bytes=10, method="PUT"
    )

    assert (call.method, call.url, call.body) == ("PUT", "https://oss.example/x", b'{"a":1}')
    assert (call.timeout_s, call.max_reply_bytes) == (2.5, 10)
    assert call.headers == {
        "content-type": "application/json",
        "accept": "application/json, application/problem+json",
        "user_key": "k",
    }


def test_a_sealed_body_is_left_alone_and_the_dialects_headers_win() -> None:
    call = sealed_call(
        "https://bank.example/x", b'{ "a" :1}', headers={"Content-Type": "text/json"}, timeout_s=1, max_reply_bytes=1
    )

    assert call.body == b'{ "a" :1}'
    assert call.method == "POST"
    assert call.headers == {"accept": "application/json, application/problem+json", "Content-Type": "text/json"}
