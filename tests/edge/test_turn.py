"""The answer to a plain request: one head, as long as it says, or the connection ends behind it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.edge.server.plain import Head
from gateway.edge.server.turn import Turn

Headers = list[tuple[bytes, bytes]]


class Transport:
    """What leaves, and whether the connection was closed."""

    def __init__(self) -> None:
        self.said = b""
        self.closed = False

    def write_at_once(self, data: bytes) -> None:
        self.said += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class Flow:
    write_paused = False


class Conn:
    they_are_waiting_for_100_continue = False


def answered(headers: Headers, pieces: Sequence[bytes], *, status: int = 200) -> Transport:
    """What leaves of an answer that an application gives in these pieces."""
    transport = Transport()

    async def answer() -> None:
        given: dict[str, Any] = {
            "scope": {"headers": []},
            "conn": Conn(),
            "transport": transport,
            "flow": Flow(),
            "logger": logging.getLogger(__name__),
            "access_logger": logging.getLogger(__name__),
            "access_log": False,
            "default_headers": [(b"date", b"now")],
            "message_event": asyncio.Event(),
            "on_response": lambda: None,
        }
        turn = Turn(Head(b"/rest/a/b", [], 10, 0), **given)
        await turn.send({"type": "http.response.start", "status": status, "headers": headers})
        for number, piece in enumerate(pieces, 1):
            await turn.send({"type": "http.response.body", "body": piece, "more_body": number < len(pieces)})

    asyncio.run(answer())
    return transport


def test_an_answer_leaves_whole_and_the_connection_stays() -> None:
    left = answered([(b"content-length", b"5")], [b"he", b"llo"])
    assert left.said == b"HTTP/1.1 200 OK\r\ndate: now\r\ncontent-length: 5\r\n\r\nhello"
    assert not left.closed


def test_an_answer_that_says_no_length_or_the_end_ends_the_connection() -> None:
    left = answered([], [b"he", b"llo"])
    assert left.said == b"HTTP/1.1 200 OK\r\ndate: now\r\nConnection: close\r\n\r\nhello"
    assert left.closed
    assert answered([(b"content-length", b"0"), (b"Connection", b"close")], [b""]).closed


@pytest.mark.parametrize(
    ("headers", "pieces"),
    [
        ([(b"x", b"y\r\nset-cookie: z"), (b"content-length", b"0")], [b""]),
        ([(b"x: y\r\nz", b""), (b"content-length", b"0")], [b""]),
        ([(b"x: y", b"z"), (b"content-length", b"0")], [b""]),
        ([(b"x", b"y\n"), (b"content-length", b"0")], [b""]),
        ([(b"x", b"y\x00"), (b"content-length", b"0")], [b""]),
        ([(b"x y", b""), (b"content-length", b"0")], [b""]),
        ([(b"content-length", b"5")], [b"hello!"]),
        ([(b"content-length", b"5")], [b"hell"]),
        ([(b"content-length", b"1")], [b"h", b"i"]),
    ],
)
def test_an_answer_that_two_readers_would_read_differently_does_not_leave(
    headers: Headers, pieces: list[bytes]
) -> None:
    with pytest.raises(RuntimeError):
        answered(headers, pieces)
