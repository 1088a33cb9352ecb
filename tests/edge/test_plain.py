"""Heads that are read past h11: h11 reads them alike, and whatever may be read in two ways is left to it."""

from __future__ import annotations

from typing import Any

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.front import MAX_HEAD_BYTES
from gateway.edge.server.conversation import Conversation
from gateway.edge.server.plain import plain_head

HEAD = b"POST /rest/dpupr/izin?a=%41 HTTP/1.1\r\nHost: hub\r\nContent-Length: 5\r\nX-Word:\t two  words \r\n\r\n"


def by_h11(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]], bytes, list[Any]]:
    """Target, headers, body and the events after the head, as h11 has them."""
    conversation = Conversation()
    conversation.receive_data(data)
    request = conversation.next_event()
    assert isinstance(request, h11.Request)
    body = b""
    events: list[Any] = []
    while (event := conversation.next_event()) is not h11.NEED_DATA and event is not h11.PAUSED:
        body += bytes(event.data) if isinstance(event, h11.Data) else b""
        events.append(type(event))
    return request.target, list(request.headers), body, events


def test_a_plain_head_is_read_as_h11_reads_it() -> None:
    head = plain_head(HEAD + b"hello")
    assert head is not None
    assert (head.size, head.length) == (len(HEAD), 5)
    assert by_h11(HEAD + b"hello") == (head.target, head.headers, b"hello", [h11.Data, h11.EndOfMessage])


@pytest.mark.parametrize(
    "other",
    [
        HEAD[:-2],  # not complete
        HEAD.replace(b"POST", b"GET"),
        HEAD.replace(b"POST", b"post"),
        HEAD.replace(b"/rest/", b"/portal/"),
        HEAD.replace(b"/rest/", b"http://hub/rest/"),
        HEAD.replace(b"1.1", b"1.0"),
        HEAD.replace(b"1.1\r\n", b"1.1 \r\n"),
        HEAD.replace(b"1.1\r\n", b"1.1\n"),
        HEAD.replace(b"POST", b"\r\nPOST"),
        HEAD.replace(b"izin", b"iz\xffin"),
        HEAD.replace(b"izin", b"iz in"),
        HEAD.replace(b"Host: hub\r\n", b""),
        HEAD.replace(b"Host: hub\r\n", b"Host: hub\r\nHost: hub\r\n"),
        HEAD.replace(b"Host: hub\r\n", b"Host: hub\n"),
        HEAD.replace(b"Host: hub", b"Host : hub"),
        HEAD.replace(b"Host: hub", b" Host: hub"),
        HEAD.replace(b"Host: hub", b"Ho\x00st: hub"),
        HEAD.replace(b"Host: hub", b"Host: h\rub"),
        HEAD.replace(b"Host: hub", b"Host: h\x0bub"),
        HEAD.replace(b"X-Word:", b"X-Word: \xe9"),
        HEAD.replace(b"X-Word:\t", b"X-Word:\r\n folded"),
        HEAD.replace(b"X-Word:", b": "),
        HEAD.replace(b"X-Word:", b"X-W\xc3\xb6rd:"),
        *(
            HEAD.replace(b"Content-Length: 5", each)
            for each in (
                b"X: 5",
                b"Content-Length: +5",
                b"Content-Length: 5, 5",
                b"Content-Length: 05",
                b"Content-Length: 0x5",
                b"Content-Length: 5 5",
                b"Content-Length:",
                b"Content-Length: 55555555555",
                b"Content-Length: 5\r\nContent-Length: 5",
                b"Content-Length: 5\r\ncontent-length: 6",
                b"Content-Length: 5\r\nTransfer-Encoding: chunked",
                b"Transfer-Encoding: chunked",
                b"Content-Length: 5\r\nTransfer-encoding: identity",
                b"Content-Length: 5\r\nExpect: 100-continue",
                b"Content-Length: 5\r\nUpgrade: h2c",
                b"Content-Length: 5\r\nConnection: close",
                b"Content-Length: 5\r\nConnection: keep-alive, close",
                b"Content-Length: 5\r\nConnection: keep-alive\r\nConnection: close",
            )
        ),
        HEAD.replace(b"two", b"y" * MAX_HEAD_BYTES),
    ],
)
def test_whatever_is_not_plain_is_left_to_h11(other: bytes) -> None:
    assert other != HEAD
    assert plain_head(other + b"hello") is None


PIECES = [
    *(
        b"POST ",
        b"/rest/",
        b"/soap/",
        b"a",
        b" HTTP/1.1",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b"\t",
        b"\x00",
        b"\x7f",
        b"\xff",
    ),
    *(b":", b'"', b";", b"abc", b"\x0b", b"\x85", b"3", b", 3", b"content-length", b"Host: h\r\n", b"X: y\r\n"),
    *(b"Content-Length: 3\r\n", b"Connection: ", b"keep-alive\r\n", b"Transfer-Encoding: chunked\r\n"),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12))
def test_what_is_read_past_h11_reads_alike_there(parts: list[bytes]) -> None:
    for whole in (b"".join(parts), HEAD[:-4] + b"".join(parts) + b"\r\n\r\nhello"):
        head = plain_head(whole)
        if head is not None:
            target, headers, body, _ = by_h11(whole)
            assert (target, headers) == (head.target, head.headers)
            assert body == whole[head.size :][: head.length]
