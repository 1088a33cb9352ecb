"""One call: exact bytes there and back, whatever the environment says."""

from __future__ import annotations

import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from gateway.domain.errors import Misconfigured
from gateway.transport.http import HttpClient, HttpReply
from tests.transport.agencies import OK, PATIENCE_S, call, received


def test_the_exact_bytes_go_out_and_the_exact_reply_comes_back(client: HttpClient, answering: Any) -> None:
    server = answering(OK)
    body = '{"nama":"Siti Contoh","é":1}'.encode()

    reply = client.send(call(server.url, body=body, headers={"X-Signature": "abc", "Content-Type": "application/json"}))

    head, _, sent = server.requests[0].partition(b"\r\n\r\n")
    assert sent == body
    assert head.startswith(b"POST /receive HTTP/1.1\r\n")
    assert b"x-signature: abc" in head.lower()
    assert isinstance(reply, HttpReply)
    assert (reply.status, reply.body, reply.content_type) == (200, b"{}", "application/json")
    assert 0 < reply.took_s < PATIENCE_S


def test_a_reply_with_no_content_type_has_an_empty_one(client: HttpClient, answering: Any) -> None:
    assert client.send(call(answering(b"HTTP/1.1 204 No Content\r\n\r\n").url)).content_type == ""


def test_compression_is_not_offered_and_a_compressed_reply_is_not_unpacked(client: HttpClient, answering: Any) -> None:
    packed = b"\x1f\x8b\x08\x00"
    server = answering(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n" + packed)

    assert client.send(call(server.url)).body == packed
    assert b"accept-encoding: identity" in server.requests[0].lower()


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500, 503])
def test_a_reply_of_any_status_is_a_reply(client: HttpClient, answering: Any, status: int) -> None:
    server = answering(b"HTTP/1.1 %d X\r\nContent-Length: 1\r\n\r\n!" % status)

    assert client.send(call(server.url)).status == status


def test_a_chunked_reply_is_put_together(client: HttpClient, answering: Any) -> None:
    server = answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")

    assert client.send(call(server.url)).body == b"abc"


def test_a_redirect_is_an_answer_and_nobody_goes_there(client: HttpClient, answering: Any) -> None:
    elsewhere = answering(OK)
    server = answering(
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + elsewhere.url.encode() + b"\r\nContent-Length: 0\r\n\r\n"
    )

    assert client.send(call(server.url)).status == 307
    assert elsewhere.connections == 0


def test_connections_are_used_again(client: HttpClient, answering: Any) -> None:
    server = answering(OK)

    for _ in range(3):
        client.send(call(server.url))

    assert (len(server.requests), server.connections) == (3, 1)


def test_cookies_of_one_call_are_not_sent_with_the_next(client: HttpClient, answering: Any) -> None:
    server = answering(OK.replace(b"\r\n\r\n", b"\r\nSet-Cookie: session=1; Path=/\r\n\r\n"))

    for _ in range(2):
        client.send(call(server.url))

    assert b"cookie" not in server.requests[1].lower()


def test_many_threads_share_a_client_and_get_their_own_answers(client: HttpClient, agency: Any) -> None:
    def echo(server: Any, conn: socket.socket) -> None:
        while request := received(conn):
            said = request.rpartition(b"\r\n\r\n")[2]
            conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said))

    url = agency(echo).url

    def ask(number: int) -> bytes:
        return client.send(call(url, body=b"<%d>" % number)).body

    with ThreadPoolExecutor(8) as threads:
        heard = list(threads.map(ask, range(80)))

    assert heard == [b"<%d>" % number for number in range(80)]


def test_the_environments_proxy_has_no_say(answering: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy, server = answering(OK), answering(OK)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)

    with HttpClient(clock=time.monotonic) as client:
        client.send(call(server.url))

    assert (proxy.connections, server.connections) == (0, 1)


def test_nothing_of_a_call_is_logged(client: HttpClient, answering: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.send(call(answering(OK).url + "?userkey=secret", headers={"Authorization": "Bearer secret"}))
        logging.getLogger("another").debug("heard")

    assert [record.message for record in caplog.records] == ["heard"]


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://agency.example/", {}),
        ("agency.example/receive", {}),
        ("http://[::1/", {}),
        ("http://127.0.0.1:1/", {"X-Note": "a\r\nX-Other: b"}),
        ("http://127.0.0.1:1/", {"X-Nama": "\u0100"}),
    ],
)
def test_an_endpoint_or_header_that_http_cannot_carry_is_a_fault_of_the_configuration(
    client: HttpClient, answering: Any, url: str, headers: dict[str, str]
) -> None:
    with pytest.raises(Misconfigured) as raised:
        client.send(call(url.replace(":1/", f":{answering(OK).port}/"), headers=headers))

    assert raised.value.code == "endpoint-wrong"
