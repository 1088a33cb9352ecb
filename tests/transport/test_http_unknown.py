"""Once the request may have arrived, every failure is Unknown, and comes by the deadline of the whole call."""

from __future__ import annotations

import socket
import struct
from typing import Any

import pytest

from gateway.transport.errors import Stage, Unknown
from gateway.transport.http import HttpClient
from tests.transport.agencies import OK, PATIENCE_S, SHORT_S, call, failure, received, told, until_over


def test_an_agency_that_takes_the_request_and_says_nothing_is_unknown(client: HttpClient, agency: Any) -> None:
    server = agency(until_over)

    error = failure(client, call(server.url, timeout_s=SHORT_S))

    assert told(error) == (Unknown, "agency-timeout", Stage.READ)
    assert server.requests[0].endswith(b"{}")


@pytest.mark.parametrize(
    ("before", "drops"),
    [
        (b"", b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 4000),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", b"a" * 4000),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n" * 400),
    ],
    ids=["headers", "body", "chunks"],
)
def test_a_slow_drip_ends_at_the_deadline_of_the_whole_call(
    client: HttpClient, agency: Any, before: bytes, drops: bytes
) -> None:
    def drip(server: Any, conn: socket.socket) -> None:
        received(conn)
        conn.sendall(before)
        for drop in drops:
            conn.sendall(bytes([drop]))
            if server.over.wait(0.02):
                return

    error = failure(client, call(agency(drip).url, timeout_s=SHORT_S, most=5000))

    assert told(error) == (Unknown, "agency-timeout", Stage.READ)


def test_an_agency_that_does_not_read_the_request_is_unknown_and_names_the_write(
    client: HttpClient, agency: Any
) -> None:
    def ignore(server: Any, conn: socket.socket) -> None:
        server.over.wait(PATIENCE_S)

    error = failure(client, call(agency(ignore).url, body=b"x" * 30_000_000, timeout_s=SHORT_S))

    assert told(error) == (Unknown, "agency-timeout", Stage.WRITE)


def hang_up(conn: socket.socket) -> None:
    """Close with RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
)
@pytest.mark.parametrize("reset", [True, False])
def test_an_answer_that_is_cut_off_is_unknown(client: HttpClient, agency: Any, said: bytes, reset: bool) -> None:
    def cut(server: Any, conn: socket.socket) -> None:
        received(conn)
        conn.sendall(said)
        if reset:
            hang_up(conn)

    error = failure(client, call(agency(cut).url))

    assert told(error) == (Unknown, "agency-cut-off", Stage.READ)


def test_an_answer_that_is_not_http_is_unknown(client: HttpClient, answering: Any) -> None:
    error = failure(client, call(answering(b"220 mail.example ESMTP\r\n\r\n").url))

    assert told(error) == (Unknown, "agency-cut-off", Stage.READ)


def test_what_an_agency_says_before_it_hangs_up_on_a_large_request_is_heard(client: HttpClient, agency: Any) -> None:
    def refuse(server: Any, conn: socket.socket) -> None:
        conn.recv(10)
        conn.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        conn.shutdown(socket.SHUT_WR)
        while conn.recv(1 << 20):
            pass

    assert client.send(call(agency(refuse).url, body=b"x" * 5_000_000)).status == 413


def test_a_connection_that_breaks_while_the_request_goes_out_is_unknown(client: HttpClient, agency: Any) -> None:
    def break_off(server: Any, conn: socket.socket) -> None:
        conn.recv(10)
        hang_up(conn)

    error = failure(client, call(agency(break_off).url, body=b"x" * 30_000_000))

    assert told(error)[:2] == (Unknown, "agency-cut-off")


@pytest.mark.parametrize(
    "head", [b"Content-Length: 1001\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n", b"\r\n"]
)
def test_an_oversized_reply_is_unknown_and_not_read_on(client: HttpClient, answering: Any, head: bytes) -> None:
    error = failure(client, call(answering(b"HTTP/1.1 200 OK\r\n" + head + b"x" * 1001).url, most=1000))

    assert told(error) == (Unknown, "reply-too-large", Stage.READ)


def test_a_reply_of_exactly_the_agreed_size_is_read(client: HttpClient, answering: Any) -> None:
    server = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000)

    assert len(client.send(call(server.url, most=1000)).body) == 1000


def test_after_a_failure_the_next_call_is_sound(client: HttpClient, answering: Any) -> None:
    server = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000, OK)

    failure(client, call(server.url))

    assert client.send(call(server.url)).body == b"{}"
