"""Small requests that are here whole: one write, and answers like those to the same bytes in two pieces."""

from __future__ import annotations

import re
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.edge.hostile.bed import RECOMMENDATION, VALIDITY, Grounds, code_of
from tests.edge.hostile.wire import head, rest
from tests.edge.running import Running, running

JSON = "application/json"
SOAP = "application/soap+xml"
VARYING = re.compile(rb"date: [^\r]*|[0-9A-HJKMNP-TV-Z]{26}|[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[0-9:.+Z]*")


@pytest.fixture(scope="module")
def hub(grounds: Grounds, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(grounds, tmp_path_factory.mktemp("hub"), rate_per_address="", max_body_bytes=2048) as started:
        yield started


def post(path: str, body: bytes, kind: str = JSON, **headers: str) -> tuple[bytes, bytes]:
    return head("POST", path, Content_Type=kind, Content_Length=str(len(body)), **headers), body


def said(hub: Running, *pieces: bytes) -> tuple[bytes, bool]:
    """The answer to a request in those writes, and whether the connection ended behind it."""
    with hub.connect() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(pieces[0])
        for piece in pieces[1:]:
            _let_it_be_read(hub, sock)
            sock.sendall(piece)
        answer = rest(sock)
        return answer, b"connection: close" in answer.partition(b"\r\n\r\n")[0].lower()


def _let_it_be_read(hub: Running, sock: socket.socket) -> None:
    """Until the hub has begun a request, or answered it already."""
    deadline = time.monotonic() + 10
    while not select.select([sock], [], [], 0.01)[0]:
        if any(each.since is None for each in list(hub.server.connections._places)):
            break
        assert time.monotonic() < deadline


@pytest.mark.parametrize(
    ("request_", "status", "code", "ends"),
    [
        (post(VALIDITY, b"{}"), 401, "signature-missing", False),
        (post(VALIDITY, b""), 400, "json-malformed", False),
        (post("/rest/nobody/anything", b"{}"), 404, "agency-unknown", False),
        (post("/rest/dpupr/nothing?a=b", b"{}"), 404, "interaction-unknown", False),
        (post(RECOMMENDATION, b"<a/>", SOAP), 400, None, False),
        (post(RECOMMENDATION, b"", SOAP), 400, None, False),
        (post(VALIDITY, b"y" * 2049), 413, "body-too-large", True),
        (post(VALIDITY, b"{}", Content_Encoding="gzip"), 415, "content-encoding-refused", True),
        (post(VALIDITY, b"", Content_Encoding="gzip"), 415, "content-encoding-refused", False),
        (post(RECOMMENDATION, b"<a/>", SOAP, Content_Encoding="gzip"), 400, "content-encoding-refused", True),
        (post(VALIDITY, b"{}", Client_Cert=":AA==:"), 400, "client-cert-untrusted", True),
        (post("/rest/bank/v1.0/access-token/b2b", b"{}"), 401, None, False),
    ],
)
def test_a_whole_request_is_answered_as_one_in_two_pieces(
    hub: Running, request_: tuple[bytes, bytes], status: int, code: str | None, ends: bool
) -> None:
    whole, has_ended = said(hub, b"".join(request_))
    top, _, body = whole.partition(b"\r\n\r\n")
    assert (int(top.split()[1]), has_ended) == (status, ends), whole
    kind = re.search(rb"content-type: ([^\r]*)", top)
    assert kind is not None
    assert code is None or code_of(body, kind[1].decode()) == code
    in_two, _ = said(hub, *(each for each in request_ if each))
    assert VARYING.sub(b"", in_two) == VARYING.sub(b"", whole)


def test_whole_requests_beyond_the_rate_of_their_address_are_turned_away(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, rate_per_address="1/minute") as hub:
        request = b"".join(post(VALIDITY, b"{}"))
        assert said(hub, request)[0].startswith(b"HTTP/1.1 401 ")
        answer, has_ended = said(hub, request)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert has_ended
        assert b"retry-after: " in answer
        assert "rate-limited" not in hub.refusals()


def test_whole_requests_of_an_address_under_way_are_bounded(grounds: Grounds, tmp_path: Path) -> None:
    with running(grounds, tmp_path, max_requests_per_address=1) as hub, hub.connect() as first:
        first.sendall(post(VALIDITY, b"{}")[0])
        _let_it_be_read(hub, first)
        answer, has_ended = said(hub, b"".join(post(VALIDITY, b"{}")))
        assert (answer.split()[1], has_ended) == (b"503", True)
        assert b"address-busy" in answer
        first.sendall(b"{}")
        assert rest(first).startswith(b"HTTP/1.1 401 ")


def test_an_unforeseen_fault_on_a_whole_request_is_a_problem_and_is_told_to_the_server(
    grounds: Grounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("rahasia")

    with running(grounds, tmp_path) as hub, capture_logs() as log:
        monkeypatch.setattr("gateway.edge.receiving._exchange", broken)
        answer, has_ended = said(hub, b"".join(post(VALIDITY, b"{}")))
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert not has_ended
        assert b"internal" in answer
        assert b"rahasia" not in answer
    assert [each["error"] for each in log if each["event"] == "unforeseen"] == ["ZeroDivisionError"]
    assert capsys.readouterr().err.count("Exception in ASGI application") == 1


def test_a_connection_stays_for_the_keep_alive_time_after_its_last_answer(
    grounds: Grounds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.edge.server.serving.KEEP_ALIVE_S", 0.6)
    request = b"".join(post(VALIDITY, b"{}"))
    live = head("GET", "/health/live")
    with running(grounds, tmp_path) as hub, hub.connect() as sock:
        for each in (request, request, live, request):
            sock.sendall(each)
            assert rest(sock).startswith(b"HTTP/1.1 ")
            answered = time.monotonic()
            sock.settimeout(0.35)
            with pytest.raises(TimeoutError):
                sock.recv(1)
            sock.settimeout(20)
        assert sock.recv(1) == b""
        assert 0.55 < time.monotonic() - answered < 5
