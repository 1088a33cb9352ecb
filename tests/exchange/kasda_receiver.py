"""The agency `kasda` (`tests.batch.kasda`) as a real loopback server that takes the office's files, with its faults."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

from conformance.signing import jws
from conformance.signing.keys import Identity
from gateway.validation.record_files import Place, open_records
from tests.exchange.keys import agency_identity

PIECE = 60
"""Bytes that it takes at once, so that a small file has several pieces."""

Row: TypeAlias = dict[str, Any]
Fault: TypeAlias = Callable[[BaseHTTPRequestHandler, bytes], bool]
"""What goes wrong with a request: True when that was all that came of it."""


@dataclass
class Receiver:
    """The agency. `faults`, by method, go wrong once each, in their order. `answers` makes the line of a record."""

    clock: Callable[[], datetime]
    identity: Identity = field(default_factory=lambda: agency_identity("kasda"))
    answers: Callable[[int, Mapping[str, Any]], list[Row]] = lambda number, record: [accepted(number, record)]
    state: str = "completed"
    ranges: bool = True
    manifest: dict[str, Any] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)
    faults: dict[str, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    heard: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    edits: dict[str, Any] = field(default_factory=dict)

    @property
    def asked(self) -> list[str]:
        return [method for method, _, _ in self.heard]

    def records(self) -> list[Mapping[str, Any]]:
        """What its file says."""
        members = ("registration", "service", "purpose", "name")
        read = open_records(self.manifest["format"], io.BytesIO(bytes(self.content)), Place(), members)
        return [each.payload for each in read]

    def result(self) -> bytes:
        rows = [row for number, each in enumerate(self.records(), 1) for row in self.answers(number, each)]
        if self.manifest["format"] != "csv":
            return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, ("number", "key", "outcome", "reason", "text"))
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode()

    def report(self) -> dict[str, Any]:
        result = self.result() if self.state != "refused" else b""
        count = len(self.records())
        return {
            "batch": self.manifest["batch"],
            "exchange": "k-1",
            "interaction": "tunggakan",
            "agreement": "kasda-2026/1.0",
            "state": self.state,
            "bytes": self.manifest["bytes"],
            "received": len(self.content),
            "sha256": self.manifest["sha256"],
            "records": self.manifest["records"],
            "read": count,
            "accepted": count,
            **dict.fromkeys(("declined", "invalid", "failed", "waiting", "unread"), 0),
            "resultFormat": "csv" if self.manifest["format"] == "csv" else "jsonl",
            "resultBytes": len(result),
            "resultSha256": hashlib.sha256(result).hexdigest(),
            **self.edits,
        }

    # --- what it says -------------------------------------------------------------------------------------------------

    def signed(self, body: bytes, **claims: str) -> dict[str, str]:
        said = {"iss": "kasda", "aud": "dpmptsp", "jti": "k", "agr": "kasda-2026/1.0", "int": "tunggakan", **claims}
        return {jws.HEADER: jws.sign_detached(body, self.identity, said, at=self.clock())}

    def serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        """One request."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append((request.command, request.path, headers))
        faults = self.faults[request.command]
        if faults and faults.pop(0)(request, body):
            return
        if request.command == "POST":
            self._announced(request, body)
            return
        token = headers["authorization"].removeprefix("Bearer ")
        assert hashlib.sha256(token.encode()).hexdigest() == self.manifest["uploadTokenSha256"]
        if request.command == "PATCH":
            self._appended(request, body, int(headers["upload-offset"]))
        elif request.command == "HEAD":
            self.says(request, 204, b"", self._stands())
        elif request.path.endswith("/result"):
            self._result(request, headers.get("range"))
        else:
            said = json.dumps(self.report()).encode()
            self.says(request, 200, said, self.signed(said))

    def says(self, request: BaseHTTPRequestHandler, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        request.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def _announced(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        said = json.loads(body)
        assert said == (self.manifest or said)  # the same each time
        self.manifest = said
        answer = json.dumps(
            {
                "batch": said["batch"],
                "exchange": "k-1",
                "upload": "/kas/unggah/1",
                "pieceBytes": PIECE,
                "bytes": said["bytes"],
            }
        ).encode()
        self.says(request, 200, answer, self.signed(answer, rel=jws.body_digest(body)))

    def _stands(self) -> dict[str, str]:
        return {"Upload-Offset": str(len(self.content))}

    def _appended(self, request: BaseHTTPRequestHandler, body: bytes, offset: int) -> None:
        if offset != len(self.content):
            self.says(request, 409, b"", self._stands())
            return
        assert len(body) <= PIECE
        self.content += body
        self.says(request, 204, b"", self._stands())

    def _result(self, request: BaseHTTPRequestHandler, wanted: str | None) -> None:
        body = self.result()
        if wanted is None or not self.ranges:
            self.says(request, 200, body, {"Accept-Ranges": "bytes"} if self.ranges else {})
            return
        at = int(wanted.removeprefix("bytes=").removesuffix("-"))
        self.says(request, 206, body[at:], {"Content-Range": f"bytes {at}-{len(body) - 1}/{len(body)}"})

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def hangs_up(self, after: int) -> Fault:
        """So many bytes of what came are kept, and the connection ends without a word."""

        def fault(request: BaseHTTPRequestHandler, body: bytes) -> bool:
            self.content += body[:after]
            _hang_up(request)
            return True

        return fault

    def breaks_off(self, after: int) -> Fault:
        """So many bytes of the result go out, and the connection ends."""

        def fault(request: BaseHTTPRequestHandler, _body: bytes) -> bool:
            body = self.result()
            request.send_response(200)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body[:after])
            request.wfile.flush()
            _hang_up(request)
            return True

        return fault

    def loses_its_answer(self) -> Fault:
        """It takes a piece, and nobody hears of it."""

        def fault(request: BaseHTTPRequestHandler, body: bytes) -> bool:
            self.content += body
            _hang_up(request)
            return True

        return fault

    def tells(self, status: int, body: object = None, **headers: str) -> Fault:
        """It answers that, and does nothing."""

        def fault(request: BaseHTTPRequestHandler, _body: bytes) -> bool:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            self.says(request, status, b"" if body is None else json.dumps(body).encode(), named)
            return True

        return fault


def accepted(number: int, record: Mapping[str, Any], **more: str) -> Row:
    """A line that says yes."""
    return {"number": number, "key": record["registration"], "outcome": "accepted", **more}


def _hang_up(request: BaseHTTPRequestHandler) -> None:
    request.close_connection = True
    with contextlib.suppress(OSError):
        request.connection.shutdown(socket.SHUT_RDWR)


class Quay:
    """Where the agency listens; the receiver of the running test answers."""

    def __init__(self) -> None:
        quay = self
        self.receiver: Receiver | None = None

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                assert quay.receiver is not None
                with contextlib.suppress(OSError):
                    quay.receiver.serve(self, body)

            do_POST = do_PATCH = do_HEAD = do_GET = _any  # noqa: N815 - as http.server calls them

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)
