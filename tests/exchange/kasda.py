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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias
from unittest import mock

from conformance.signing import jws
from conformance.signing.keys import Identity
from gateway.app.hub import Gateway
from gateway.domain.events import Reference
from gateway.exchange.batch.documents import ENDED
from gateway.exchange.batch.office.beginning import Beginning, Order, Wanted
from gateway.store.batches import LEASE
from gateway.store.tables import BatchRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from gateway.validation.record_files import Place, open_records
from tests.batch.kasda import AGREEMENT, KASDA, KIND
from tests.exchange.keys import agency_identity
from tests.exchange.stage import ADAPTERS, RINA, Stage, application, enrol
from tests.exchange.town import Door, Street

_LIBRARY = SchemaLibrary(default_roots((*ADAPTERS.values(), KASDA)))
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


# --- the hub ----------------------------------------------------------------------------------------------------------


@dataclass
class Treasury:
    """The hub, and the agency that takes its files."""

    stage: Stage
    receiver: Receiver

    @property
    def hub(self) -> Gateway:
        return self.stage.hub

    @property
    def beginning(self) -> Beginning:
        store = self.hub.store
        return Beginning(
            directory=self.hub.directory,
            reader=store.reader,
            unit_of_work=store.unit_of_work,
            leaves=store.leaves,
            clock=self.stage.clock,
            new_id=self.hub.casework.new_id,
        )

    def registered(self, *numbers: str, purpose: str = "Rumah tinggal", service: str = "krk") -> list[str]:
        """A case for each registration number, a second apart."""
        ids = []
        for each in numbers:
            self.stage.clock.advance(seconds=1)
            said = application(service)
            site = replace(said.site, purpose=purpose)
            opened = replace(said, references=(Reference(kind=KIND, value=each),), site=site)
            ids.append(self.hub.deeds.register(opened, RINA).id)
        self.stage.clock.advance(seconds=1)
        return ids

    def begin(self, form: str = "jsonl", name: str | None = None, wanted: Wanted | None = None) -> str:
        order = Order(agency="kasda", interaction="tunggakan", form=form, name=name, wanted=wanted or Wanted())
        return self.beginning.begin(order, "staff/siti")

    def work(self) -> None:
        """Until there is nothing to do now."""
        while self.hub.office_files.run_once():
            pass

    def finish(self) -> BatchRow:
        """Until the file has ended or is stopped, however long it waits."""
        for _ in range(100):
            self.work()
            row = self.row
            if row.state in ENDED or row.state == "stopped":
                return row
            wait = (row.due_at - self.stage.clock()).total_seconds()
            self.stage.clock.advance(seconds=max(wait, 1))
        raise AssertionError(f"{row.state}: {row.cause}")

    def taken_over(self) -> None:
        """The process is gone, and its claim runs out."""
        self.stage.clock.advance(seconds=LEASE.total_seconds() * 3)

    @property
    def row(self) -> BatchRow:
        (row,) = self.hub.store.reader.batches()
        return row

    def account(self) -> list[Row]:
        """What became of each record, as the hub has it."""
        rows = self.stage.rows("batch_piece")["batch_piece"]
        text = b"".join(body for _, side, at, body in sorted(rows, key=lambda row: row[2]) if side == "result").decode()
        if self.row.format == "csv":
            return [{**row, "number": int(row["number"])} for row in csv.DictReader(io.StringIO(text, newline=""))]
        return [json.loads(line) for line in text.splitlines()]

    def notes(self, case_id: str) -> list[str]:
        """What the agency's results told about a case, in their order."""
        told = self.stage.case(case_id).attention
        return [each.removeprefix("kasda: ") for each in told if each.startswith("kasda: ")]

    def mended(self, **values: Any) -> None:
        """The adapter's interaction, with other mappings."""
        right = self.stage.adapters["kasda"]
        changed = tuple(replace(each, **values) for each in right.interactions)
        self.stage.adapters["kasda"] = replace(right, interactions=changed)


@contextmanager
def treasury_stage(folder: Path, url: str, door: Door, street: Street, quay: Quay) -> Iterator[Treasury]:
    """A hub that has the agency, its agreement, its certificate and its endpoint."""
    with mock.patch("tests.exchange.stage.LIBRARY", _LIBRARY):
        stage = Stage(folder, door, street, url, adapters={**ADAPTERS, "kasda": KASDA})
        head = packaged_agreements()["dpupr-2026"].partition("[[interaction]]")[0]
        agreement = read_agreement(head.replace("dpupr", "kasda") + AGREEMENT)
        registry = stage.hub.store.registry
        registry.import_agreement(agreement, KASDA, "staff/siti")
        registry.activate_for_development(agreement.id, agreement.version, "staff/siti")
        enrol(stage, "kasda", agency_identity("kasda"))
        stage.endpoint("kasda", quay.url)
        quay.receiver = Receiver(stage.clock)
        yield Treasury(stage, quay.receiver)
        stage.close()
