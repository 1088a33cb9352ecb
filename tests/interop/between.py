"""A wire that a test can reach into: a proxy on loopback between a client and the hub.

Clients stay as they are published: what is tampered with is tampered with here, on its way.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import urlsplit

PATIENCE_S = 30.0
_OWN = frozenset({"connection", "content-length", "date", "host", "server", "transfer-encoding"})
"""Header fields that each side of a proxy says for itself."""


@dataclass(frozen=True, kw_only=True)
class Half:
    """A request or an answer: its header fields, by their names in lower case, and its body."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Passed:
    """One POST that went through: as the client sent it, and the hub's answer to what arrived."""

    path: str
    request: Half
    status: int
    answer: Half


Change: TypeAlias = Callable[[Half], Half]


def _nothing(half: Half) -> Half:
    return half


def replacing(old: bytes, new: bytes) -> Change:
    """Put `new` for `old`, which has to be in the body."""

    def change(half: Half) -> Half:
        assert old in half.body, f"{old!r} is not in {half.body[:300]!r}"
        return replace(half, body=half.body.replace(old, new))

    return change


class Between:
    """Passes everything on to the hub at `upstream`; what a test orders is changed in POSTs and their answers."""

    def __init__(self, upstream: str) -> None:
        between = self
        self._upstream = urlsplit(upstream).netloc
        self._request: Change = _nothing
        self._answer: Change = _nothing
        self.passed: list[Passed] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                between.pass_on(self, b"")

            def do_POST(self) -> None:
                between.pass_on(self, self.rfile.read(int(self.headers.get("Content-Length", "0"))))

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def changing(self, request: Change = _nothing, answer: Change = _nothing) -> Iterator[None]:
        """Change what is posted, or what is answered to it, while this lasts."""
        self._request, self._answer = request, answer
        try:
            yield
        finally:
            self._request, self._answer = _nothing, _nothing

    def pass_on(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Ask the hub and answer the client."""
        posted = handler.command == "POST"
        request = Half(headers=_passed_on(handler.headers.items()), body=body)
        sent = self._request(request) if posted else request
        connection = HTTPConnection(self._upstream, timeout=PATIENCE_S)
        try:
            connection.request(handler.command, handler.path, sent.body or None, dict(sent.headers))
            response = connection.getresponse()
            answer = Half(body=response.read(), headers=_passed_on(response.getheaders()))
        finally:
            connection.close()
        if posted:
            self.passed.append(Passed(path=handler.path, request=request, status=response.status, answer=answer))
            answer = self._answer(answer)
        with contextlib.suppress(OSError):
            handler.send_response(response.status)
            for name, value in {**answer.headers, "content-length": str(len(answer.body))}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(answer.body)

    def close(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


def _passed_on(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers if name.lower() not in _OWN}
