"""While no byte of a request has left, the failure says so, and names DNS, TCP or TLS as the cause."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.errors import Misconfigured
from gateway.transport.errors import NotSent, Stage, Unknown
from gateway.transport.http import HttpClient
from tests.transport.agencies import OK, PATIENCE_S, SHORT_S, call, failure, received, told, until_over


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


# --- TLS ------------------------------------------------------------------------------------------------------------


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
