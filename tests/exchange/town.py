"""Agencies as real loopback HTTP servers that follow a script, and the hub's own door behind uvicorn."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias

import uvicorn
from lxml import etree

from conformance.signing import soap, wss
from gateway.trust.pdf_signature import SigningMaterial, sign_pdf
from tests.exchange.keys import agency_identity
from tests.trust.parties import AT as SIGNED_AT
from tests.trust.parties import key

PATIENCE_S = 20.0
"""How long a server waits for a test that holds its answer back; no test lets it come to that."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request that an agency got."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def message_id(self) -> str:
        """The wsa:MessageID of a SOAP request."""
        return soap.parse(self.body).findtext(f".//{{{soap.WSA}}}MessageID") or ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What an agency answers."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answer: TypeAlias = Callable[[Call], Told]


def says(payload: object, status: int = 200, **headers: str) -> Answer:
    """An agency that answers this JSON."""
    named = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda _call: Told(status=status, body=json.dumps(payload).encode(), headers=named)


def raw(body: bytes, status: int = 200, content_type: str = "text/html", **headers: str) -> Answer:
    """An agency that answers these bytes."""
    named = {"Content-Type": content_type, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return lambda _call: Told(status=status, body=body, headers=named)


TWO_YEARS = [{"tahun": 2024, "dilaporkan": True}, {"tahun": 2025, "dilaporkan": True}]
"""The SPT of two years, filed."""


@cache
def signing_material() -> SigningMaterial:
    """A key of the signing service."""
    return SigningMaterial(key=key("p256"))


def signed(pdf: bytes, material: SigningMaterial | None = None) -> bytes:
    """What the signing service makes of a file, with its own key or another."""
    by = material or signing_material()
    return sign_pdf(pdf, by, name="BSrE", reason="uji", location="Mojokerto", signed_at=SIGNED_AT)


def signs(call: Call) -> Told:
    """A signing service to which everybody is known, and that signs whatever it is sent."""
    if "/user/status/" in call.path:
        return says({"status": "ISSUE"})(call)
    return says({"file": [base64.b64encode(signed(base64.b64decode(call.json["file"][0]))).decode()]})(call)


class Town:
    """The agencies of one test: what each has heard, and what it says next. `clock` is the test's."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.calls: dict[str, list[Call]] = defaultdict(list)
        self.scripts: dict[str, list[Answer]] = defaultdict(list)
        self.over = threading.Event()
        self.heard = threading.Condition()
        self.always: dict[str, Answer] = {
            "dukcapil": says({"content": [{"NIK": "Sesuai", "NAMA_LGKP": "Sesuai (100)"}], "quotaLimiter": 9}),
            "djp": says({"hasil": {"status": "VALID", "npwp": "DITEMUKAN", "nama": "SESUAI", "spt": TWO_YEARS}}),
            "sms": lambda call: says({"status": "accepted", "reference": call.json["reference"]})(call),
            "oss": says({"responreceiveLicenseStatus": {"kode": 200, "keterangan": "Sukses", "dataNIB": {}}}),
            "dpupr": self.acknowledges,
            "bsre": signs,
        }

    def next(self, agency: str, *answers: Answer) -> None:
        """What the agency answers to its next calls, before it goes on as always."""
        self.scripts[agency].extend(answers)

    def answer(self, agency: str, call: Call) -> Told:
        with self.heard:
            self.calls[agency].append(call)
            script = self.scripts[agency]
            answer = script.pop(0) if script else self.always[agency]
            self.heard.notify_all()
        return answer(call)

    def acknowledges(self, call: Call, *, signer: str = "dpupr", about: str | None = None) -> Told:
        """A signed acknowledgement, as DPUPR gives it."""
        document = soap.acknowledgement(about or call.message_id, self.clock(), "D-17")
        addressing = soap.Addressing(
            message_id="urn:dpupr:ack", to=soap.ANONYMOUS, action=soap.action_of(document), relates_to=call.message_id
        )
        signed = wss.sign(soap.envelope(document, addressing), agency_identity(signer), at=self.clock())
        return Told(body=signed, headers={"Content-Type": soap.CONTENT_TYPES[soap.SOAP_12]})

    def acknowledges_badly(self, call: Call) -> Told:
        """A signed acknowledgement that breaks its schema: it does not say when."""
        document = soap.acknowledgement(call.message_id, self.clock(), "D-17")
        document.remove(document[1])
        addressing = soap.Addressing(
            message_id="urn:dpupr:ack", to=soap.ANONYMOUS, action=soap.action_of(document), relates_to=call.message_id
        )
        signed = wss.sign(soap.envelope(document, addressing), agency_identity("dpupr"), at=self.clock())
        return Told(body=signed, headers={"Content-Type": soap.CONTENT_TYPES[soap.SOAP_12]})

    def faults(self, *, sender: bool, **headers: str) -> Answer:
        """A SOAP Fault."""
        said = soap.fault_document(soap.Fault(code="not-now", text="Sistem DPUPR sedang ditutup", sender=sender))
        envelope = soap.envelope(said, soap.Addressing(message_id="urn:f", to=soap.ANONYMOUS, action=soap.FAULT_ACTION))
        body = etree.tostring(envelope)
        return raw(body, 400 if sender else 500, soap.CONTENT_TYPES[soap.SOAP_12], **headers)

    def silence(self, _call: Call) -> Told:
        """An agency that never answers while the test lasts."""
        self.over.wait(PATIENCE_S)
        return Told(status=200)


class Street:
    """One server for all agencies of a process: `/<agency>/...`; the town of the running test answers."""

    def __init__(self) -> None:
        street = self
        self.town: Town | None = None

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                call = Call(
                    path=self.path,
                    headers={name.lower(): value for name, value in self.headers.items()},
                    body=self.rfile.read(length),
                )
                assert street.town is not None
                told = street.town.answer(self.path.split("/")[1], call)
                with contextlib.suppress(OSError):
                    self.send_response(told.status)
                    for name, value in {**told.headers, "Content-Length": str(len(told.body))}.items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(told.body)

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


class Door:
    """The hub's web application on loopback: one server for a process, and the application of the running test.

    Who comes in asks `open` for it: a test in which nobody comes never makes one.
    """

    def __init__(self) -> None:
        self.open: Callable[[], Any] = lambda: None
        # with the protocol named asyncio sets TCP_NODELAY; without it each answer waits 40 ms for Nagle's algorithm
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(100)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(self._call, log_level="error", lifespan="off", interface="asgi3", access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="door", daemon=True
        )
        self._thread.start()

    async def _call(self, scope: Any, receive: Any, send: Any) -> None:
        await self.open()(scope, receive, send)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


def refused_port() -> int:
    """A port of loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])
