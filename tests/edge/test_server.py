"""The server of `simojo serve` on real sockets: heads, bodies and starting, and the seams of uvicorn."""

from __future__ import annotations

import asyncio
import inspect
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import h11
import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from gateway.domain.errors import Misconfigured
from gateway.edge.server.conversation import CRUMBS, Conversation
from gateway.edge.server.protocol import HubProtocol
from gateway.edge.server.serving import Serving, listen, tls_context
from tests.edge.hostile.bed import VALIDITY, Grounds
from tests.edge.hostile.wire import head, rest
from tests.edge.running import Authority, Running, running
from tests.edge.talking import LIVE, ended, post, problem


@pytest.fixture(scope="module")
def hub(grounds: Grounds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(grounds, tmp_path_factory.mktemp("hub"), head_timeout_s=0.3, body_timeout_s=0.5) as started:
        yield started


# --- heads --------------------------------------------------------------------------------------------------------


def test_a_head_that_is_not_complete_in_time_is_refused_and_the_connection_ends(hub: Running) -> None:
    with hub.connect() as sock:
        sock.sendall(LIVE[:-2])
        assert problem(rest(sock)) == (408, "head-too-slow")
        assert ended(sock)


def test_the_head_of_a_second_request_has_the_same_time(hub: Running) -> None:
    with hub.connect() as sock:
        sock.sendall(LIVE)
        assert rest(sock).startswith(b"HTTP/1.1 200")
        sock.sendall(LIVE[:-2])
        assert problem(rest(sock)) == (408, "head-too-slow")
        assert ended(sock)


def test_a_head_in_two_pieces_is_one_head(hub: Running) -> None:
    with hub.connect() as sock:
        sock.sendall(LIVE[:20])
        sock.sendall(LIVE[20:])
        assert rest(sock).startswith(b"HTTP/1.1 200")


def test_a_connection_that_says_nothing_is_closed(hub: Running) -> None:
    with hub.connect() as sock:
        assert ended(sock)


def test_an_exchange_longer_than_a_head_may_take_is_not_cut_off(hub: Running) -> None:
    """The head's time ends with the head: a body has its own."""
    body = b'{"permitNumber":"1"}'
    with hub.connect() as sock:
        sock.sendall(head("POST", VALIDITY, Content_Type="application/json", Content_Length=str(len(body))))
        sock.settimeout(0.4)
        with pytest.raises(TimeoutError):
            sock.recv(1)
        sock.settimeout(20)
        sock.sendall(body)
        assert problem(rest(sock)) == (401, "signature-missing")


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"NONSENSE\r\n\r\n", (400, "http-malformed")),
        (LIVE[:-2] + b"X-Long: " + b"y" * 40_000, (431, "head-too-large")),
        (LIVE[:-2] + b"".join(b"X-%d: y\r\n" % n for n in range(120)) + b"\r\n", (431, "head-too-large")),
        (LIVE[:-2] + b"X-Long: " + b"y" * 33_000 + b"\r\n\r\n", (431, "head-too-large")),
        (head("GET", "/" + "y" * 9_000), (414, "target-too-long")),
        (head("GET", "/x?" + "y" * 9_000), (414, "target-too-long")),
        (LIVE[:-2] + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", (400, "framing-ambiguous")),
        (LIVE[:-2] + b"Content-Encoding: gzip\r\n\r\n", (415, "content-encoding-refused")),
    ],
)
def test_what_is_no_decent_head_is_refused_as_a_problem(hub: Running, sent: bytes, answer: tuple[int, str]) -> None:
    with hub.connect() as sock:
        sock.sendall(sent)
        assert problem(rest(sock)) == answer


# --- bodies -------------------------------------------------------------------------------------------------------


def test_an_answer_that_comes_before_the_body_was_sent_reaches_a_client_that_goes_on_sending(hub: Running) -> None:
    with hub.connect() as sock:
        sock.sendall(post(Content_Length=str(100 * 2**20)))
        for _ in range(64):
            sock.sendall(b"y" * 2**16)
        assert problem(rest(sock)) == (413, "body-too-large")
        assert ended(sock)


def test_a_slow_body_is_refused_and_the_connection_ends(hub: Running) -> None:
    with hub.connect() as sock:
        sock.sendall(post(Content_Length="100") + b"y")
        assert problem(rest(sock)) == (408, "body-too-slow")
        assert ended(sock)


def test_a_body_in_crumbs_is_refused_and_one_in_chunks_is_read(hub: Running) -> None:
    whole = b"5\r\n" + b'"yyy"' + b"\r\n0\r\n\r\n"
    with hub.connect() as sock:
        sock.sendall(post(Transfer_Encoding="chunked") + whole)
        assert problem(rest(sock)) == (401, "signature-missing")
    with hub.connect() as sock:
        sock.sendall(post(Transfer_Encoding="chunked") + b"1\r\ny\r\n" * (CRUMBS * 2))
        assert problem(rest(sock)) == (400, "body-in-crumbs")


def test_who_expects_100_continue_hears_it_only_for_a_body_that_is_read(hub: Running) -> None:
    with hub.connect() as sock:
        sock.sendall(post(Content_Length="2", Expect="100-continue"))
        assert sock.recv(100).startswith(b"HTTP/1.1 100 ")
        sock.sendall(b"{}")
        assert problem(rest(sock)) == (401, "signature-missing")
    with hub.connect() as sock:
        sock.sendall(post(Content_Length="2", Expect="100-continue", Content_Encoding="gzip"))
        assert problem(rest(sock)) == (415, "content-encoding-refused")


def test_requests_in_one_breath_are_answered_one_by_one(hub: Running) -> None:
    with hub.connect() as sock:
        sock.sendall(LIVE * 3)
        data = b""
        while data.count(b'{"status":"live"}') < 3:
            chunk = sock.recv(65536)
            assert chunk
            data += chunk
    assert data.count(b"HTTP/1.1 200") == 3


def test_messages_in_one_breath_are_answered_one_by_one(hub: Running) -> None:
    """Plain ones among others, and a body that comes later than its head."""
    plain = post(Content_Length="2") + b"{}"
    chunked = post(Transfer_Encoding="chunked") + b"2\r\n{}\r\n0\r\n\r\n"
    with hub.connect() as sock:
        sock.sendall(plain + plain + chunked + LIVE + plain[:-2])
        data = b""
        while data.count(b"HTTP/1.1 401") < 3 or b'"live"' not in data:
            data += sock.recv(65536)
        sock.sendall(b"{}")
        while data.count(b"HTTP/1.1 401") < 4:
            data += sock.recv(65536)
    assert (data.count(b"HTTP/1.1 401"), data.count(b"HTTP/1.1 200")) == (4, 1)


def test_a_body_for_staff_is_bounded_too(hub: Running) -> None:
    """FastAPI reads a body before it asks who sends it."""
    with hub.connect() as sock:
        sock.sendall(
            head("POST", "/office/v1/cases/K-1/area", Content_Type="application/json", Transfer_Encoding="chunked")
        )
        chunk = b"%x\r\n" % 2**20 + b"y" * 2**20 + b"\r\n"
        for _ in range(12):
            sock.sendall(chunk)
        assert problem(rest(sock)) == (413, "body-too-large")


def test_a_client_that_takes_no_answer_is_left(
    grounds: Grounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.edge.server.protocol.WRITE_TIMEOUT_S", 0.3)
    with running(grounds, tmp_path, rate_per_address="") as hub, socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(5.0)
        sock.connect(("127.0.0.1", hub.port))
        page = head("GET", "/rest/dpupr/openapi.json")
        with pytest.raises((ConnectionResetError, BrokenPipeError, TimeoutError)):
            sock.sendall(page * 200_000)
        deadline = time.monotonic() + 20
        while len(hub.server.connections):
            assert time.monotonic() < deadline


# --- starting -----------------------------------------------------------------------------------------------------


def test_an_address_that_is_taken_is_said_to_be(hub: Running) -> None:
    serving = Serving(host="127.0.0.1", port=hub.port)
    with pytest.raises(Misconfigured, match=f"port {hub.port}") as caught:
        listen(serving)
    assert caught.value.code == "address-in-use"


@pytest.mark.parametrize(
    ("certificate", "key", "ca"),
    [
        ("hub.pem", "other.key", None),
        ("missing.pem", "hub.key", None),
        (None, "hub.key", None),
        (None, None, "ca.pem"),
        ("hub.pem", "hub.key", "hub.key"),
    ],
)
def test_tls_files_that_do_not_fit_are_said_not_to(
    tmp_path: Path, certificate: str | None, key: str | None, ca: str | None
) -> None:
    authority = Authority.make(tmp_path)
    for name in ("hub", "other"):
        authority.issue(name)
    names = [tmp_path / each if each else None for each in (certificate, key, ca)]
    serving = Serving(host="127.0.0.1", port=0, certificate=names[0], key=names[1], client_ca=names[2])
    with pytest.raises(Misconfigured) as caught:
        tls_context(serving)
    assert caught.value.code == "tls-file-unusable"


# --- seams --------------------------------------------------------------------------------------------------------


def test_uvicorn_has_the_seams_that_the_protocol_stands_on() -> None:
    """An update that moves one of them fails here first, and says which."""
    for name in (
        "connection_made",
        "data_received",
        "connection_lost",
        "on_response_complete",
        "pause_writing",
        "resume_writing",
        "send_400_response",
    ):
        assert name in vars(H11Protocol), name
        assert name in vars(HubProtocol), name
    assert list(inspect.signature(H11Protocol.__init__).parameters) == [
        "self",
        "config",
        "server_state",
        "app_state",
        "_loop",
    ]
    assert list(inspect.signature(RequestResponseCycle.__init__).parameters)[1:4] == ["scope", "conn", "transport"]
    assert list(inspect.signature(uvicorn.Server.startup).parameters) == ["self", "sockets"]
    with closing(asyncio.new_event_loop()) as loop:
        config = uvicorn.Config(lambda: None, lifespan="off", ws="none", loop="asyncio")
        protocol = H11Protocol(config, uvicorn.server.ServerState(), {}, loop)
    assert isinstance(protocol.conn, h11.Connection)
    assert {"app", "conn", "transport", "cycle", "flow"} <= set(vars(protocol))


def test_h11_tells_heads_that_are_too_large_from_others() -> None:
    conversation = Conversation()
    conversation.receive_data(b"GET / HTTP/1.1\r\nX: " + b"y" * 40_000)
    with pytest.raises(h11.RemoteProtocolError):
        conversation.next_event()
    assert conversation.fault is not None
    assert conversation.fault.code == "head-too-large"
