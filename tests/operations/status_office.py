"""Where an authority publishes: a small HTTP server on loopback whose answers a test sets, path by path."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias

Answer: TypeAlias = "bytes | int | Callable[[bytes], bytes]"
"""A body, a status without one, or a function from the request's body to a body."""


class StatusOffice:
    """Answers what `says` holds for a path, 404 else. `asked` counts; `held` paths keep their askers waiting."""

    def __init__(self) -> None:
        self.says: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.held: set[str] = set()
        self._over = threading.Event()
        office = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                office.answer(self, b"")

            def do_POST(self) -> None:
                office.answer(self, self.rfile.read(int(self.headers.get("Content-Length", "0"))))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{path}"

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked[handler.path] += 1
        if handler.path in self.held:
            self._over.wait(20)
            return
        said = self.says.get(handler.path, 404)
        data = b"" if isinstance(said, int) else said if isinstance(said, bytes) else said(body)
        with contextlib.suppress(OSError):
            handler.send_response(said if isinstance(said, int) else 200)
            handler.send_header("Content-Length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)

    def close(self) -> None:
        self._over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
