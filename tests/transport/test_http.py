"""One call: exact bytes there and back, over by its deadline, and told apart by what may be concluded when it fails."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.errors import AgencyUnavailable, Misconfigured
from gateway.transport.errors import NotSent, Stage, Unknown
from gateway.transport.http import HttpClient, HttpReply, OutboundCall
from tests.transport.agencies import received

OK = b"HTTP/1.1 200 OK\r\nContent-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}"
SHORT_S = 0.2
PATIENCE_S = 3.0  # far more than a call of SHORT_S needs on a busy machine, far less than an endless one takes


def call(
    url: str, *, body: bytes = b"{}", timeout_s: float = 5.0, most: int = 1000, headers: dict[str, str] | None = None
) -> OutboundCall:
    return OutboundCall(
        method="POST", url=url, headers=headers or {}, body=body, timeout_s=timeout_s, max_reply_bytes=most
    )


def failure(client: HttpClient, sent: OutboundCall) -> AgencyUnavailable:
    begun = time.monotonic()
    with pytest.raises(AgencyUnavailable) as raised:
        client.send(sent)
    assert time.monotonic() - begun < PATIENCE_S
    return raised.value


def told(error: AgencyUnavailable) -> tuple[type, str, Stage]:
    assert isinstance(error, (NotSent, Unknown))
    return type(error), error.code, error.stage


def until_over(server: Any, conn: socket.socket) -> None:
    server.requests.append(received(conn))
    server.over.wait(PATIENCE_S)


# --- what goes and what comes ----------------------------------------------------------------------------------------


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


# --- no byte went out: NotSent ---------------------------------------------------------------------------------------


def test_a_refused_port_is_not_sent_and_names_tcp(client: HttpClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    error = failure(client, call(f"http://127.0.0.1:{port}/"))

    assert told(error) == (NotSent, "agency-unreachable", Stage.TCP)
    assert "(TCP)" in error.text
    assert "refused" in error.text.lower()


def resolver(result: Any) -> Callable[..., Any]:
    def look_up(*_: object, **__: object) -> Any:
        if isinstance(result, Exception):
            raise result
        return result

    return look_up


@pytest.mark.parametrize("fault", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label too long")])
def test_a_name_that_does_not_resolve_is_not_sent_and_names_dns(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolver(fault))

    error = failure(client, call("http://agency.example/"))

    assert told(error) == (NotSent, "agency-unreachable", Stage.DNS)
    assert "agency.example does not resolve (DNS)" in error.text


def test_a_name_that_resolves_reaches_the_first_address_that_takes_the_connection(
    client: HttpClient, answering: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = answering(OK)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refusing = taken.getsockname()[1]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in (refusing, server.port)]
    monkeypatch.setattr(socket, "getaddrinfo", resolver(found))

    assert client.send(call("http://agency.example/")).status == 200


def test_a_resolver_that_hangs_does_not_hold_the_call(client: HttpClient, monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def hang(*_: object, **__: object) -> Any:
        over.wait(PATIENCE_S)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        error = failure(client, call("http://agency.example/", timeout_s=SHORT_S))
    finally:
        over.set()

    assert told(error) == (NotSent, "agency-timeout", Stage.DNS)


def test_a_host_that_never_takes_the_connection_is_not_sent(client: HttpClient) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:  # these fill the backlog, so that the next handshake gets no answer
            each.setblocking(False)
            each.connect_ex(address)
        try:
            error = failure(client, call(f"http://127.0.0.1:{address[1]}/", timeout_s=SHORT_S))
        finally:
            for each in waiting:
                each.close()

    assert told(error) == (NotSent, "agency-timeout", Stage.TCP)


def test_connecting_has_a_limit_of_its_own_within_the_call(agency: Any) -> None:
    server = agency(until_over)  # says nothing, so the handshake never ends

    with HttpClient(clock=time.monotonic, connect_timeout_s=SHORT_S) as client:
        error = failure(client, call(server.url.replace("http:", "https:"), timeout_s=60))

    assert told(error) == (NotSent, "agency-timeout", Stage.TLS)


def test_time_that_is_over_before_anything_began_is_not_sent(client: HttpClient, answering: Any) -> None:
    server = answering(OK)

    error = failure(client, call(server.url, timeout_s=0.0))

    assert told(error)[:2] == (NotSent, "agency-timeout")
    assert server.requests == []


def test_no_free_connection_in_time_is_not_sent(answering: Any, agency: Any) -> None:
    held = threading.Event()

    def hold(server: Any, conn: socket.socket) -> None:
        received(conn)
        held.set()
        server.over.wait(PATIENCE_S)

    holding, free = agency(hold), answering(OK)
    with HttpClient(clock=time.monotonic, max_connections=1) as client, ThreadPoolExecutor(1) as beside:
        first = beside.submit(failure, client, call(holding.url, timeout_s=1.0))
        assert held.wait(PATIENCE_S)
        second = failure(client, call(free.url, timeout_s=SHORT_S))

        assert told(second) == (NotSent, "agency-timeout", Stage.POOL)
        assert told(first.result()) == (Unknown, "agency-timeout", Stage.READ)
    assert free.connections == 0


def test_a_kept_connection_that_the_agency_closed_is_not_used_again(client: HttpClient, agency: Any) -> None:
    closed = threading.Event()

    def answer_once(server: Any, conn: socket.socket) -> None:
        server.requests.append(received(conn))
        conn.sendall(OK)
        conn.close()
        closed.set()

    server = agency(answer_once)

    assert client.send(call(server.url)).status == 200
    assert closed.wait(PATIENCE_S)
    assert client.send(call(server.url)).status == 200
    assert server.connections == 2


# --- TLS -------------------------------------------------------------------------------------------------------------


def test_tls_with_the_right_authority_is_sent(answering: Any, authority: tuple[Path, ssl.SSLContext]) -> None:
    server = answering(OK, tls=authority[1])

    with HttpClient(clock=time.monotonic, ca_file=authority[0]) as client:
        for _ in range(2):
            assert client.send(call(server.url, body=b"x" * 100_000)).status == 200


def test_tls_with_an_unknown_authority_is_not_sent_and_names_tls(
    client: HttpClient, answering: Any, authority: tuple[Path, ssl.SSLContext]
) -> None:
    server = answering(OK, tls=authority[1])

    error = failure(client, call(server.url))

    assert told(error) == (NotSent, "agency-unreachable", Stage.TLS)
    assert "certificate" in error.text
    assert server.requests == []


def test_a_server_that_speaks_no_tls_is_not_sent(client: HttpClient, answering: Any) -> None:
    server = answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    error = failure(client, call(server.url.replace("http:", "https:"), timeout_s=1.0))

    assert told(error)[0] is NotSent
    assert told(error)[2] is Stage.TLS


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_a_ca_file_that_holds_no_certificate_is_a_fault_of_the_configuration(tmp_path: Path, content: str) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text(content)

    for path in (wrong, tmp_path / "absent.pem"):
        with pytest.raises(Misconfigured) as raised:
            HttpClient(clock=time.monotonic, ca_file=path)
        assert raised.value.code == "ca-file-unreadable"


# --- it may have arrived: Unknown ------------------------------------------------------------------------------------


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


# --- what HTTP cannot carry ------------------------------------------------------------------------------------------


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
