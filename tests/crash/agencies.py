"""The simulated agencies of a town as one server: what each heard, how often, and what it answers.

They take every message once in effect, by its own id, as the agreements ask of them; a repeat gets the same answer.
Every call is written down, so that afterwards it can be said how often anything was on the wire.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from conformance.signing import soap, wss
from conformance.signing.keys import Identity
from tests.crash.grounds import compact, now

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class Heard:
    """One call: `key` names what was said, the same for every repeat; `at` is when its call came."""

    agency: str
    key: str
    at: datetime
    body: bytes


class Agencies:
    """Listens from the start. `dpupr` is that agency's key, once it is known.

    `on_recommendation` and `on_message` are told of each request for a recommendation (its MessageID and case) and of
    each text message (its reference) that is heard for the first time.
    """

    def __init__(self) -> None:
        self.dpupr: Identity | None = None
        self.on_recommendation: Callable[[str, str], None] = lambda _message, _case: None
        self.on_message: Callable[[str], None] = lambda _reference: None
        self.calls: list[Heard] = []
        self.effects: Counter[tuple[str, str]] = Counter()
        self.pins: dict[str, list[str]] = defaultdict(list)
        """The PINs that a telephone was sent, oldest first."""
        self.delay_s: dict[str, float] = {}
        """How long each agency takes to answer."""
        self.down: set[str] = set()
        """Agencies that answer 503 and take nothing."""
        self._collections: set[tuple[str, int]] = set()
        self._changed = threading.Condition()
        self._over = threading.Event()
        agencies = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length", "0"))
                body = self.rfile.read(length)
                if len(body) < length:  # whoever sent it was killed in the middle: nothing was said
                    self.close_connection = True
                    return
                agency = self.path.split("/")[1]
                if agency in agencies.down:
                    status, kind, answer = 503, "text/plain", b"closed"
                else:
                    status, (kind, answer) = 200, agencies._answer(agency, body)
                with contextlib.suppress(OSError):  # whoever asked was killed meanwhile
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    super().handle()

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="agencies", daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        self._over.set()
        self._server.shutdown()
        self._server.server_close()

    def count(self, agency: str, key: str) -> int:
        """How often something was heard."""
        with self._changed:
            return sum((each.agency, each.key) == (agency, key) for each in self.calls)

    def heard(self, agency: str) -> int:
        """How many calls an agency has heard."""
        with self._changed:
            return sum(each.agency == agency for each in self.calls)

    def counts(self) -> Counter[tuple[str, str]]:
        """The same of everything."""
        with self._changed:
            return Counter((each.agency, each.key) for each in self.calls)

    def wait_for(self, agency: str, calls: int, within_s: float = 60.0) -> None:
        """Wait until an agency has heard so many calls. Raises AssertionError."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: sum(each.agency == agency for each in self.calls) >= calls, timeout=within_s
            )
        assert found, f"{agency} did not hear {calls} calls within {within_s:.0f} s"

    def collected(self, agency: str, key: str, number: int, at: str, body: bytes) -> bool:
        """An agency without an endpoint was given an item, at that moment for the `number`th time; whether it is new.

        A repeat of an answer gives the same item for the same time: it is heard once.
        """
        with self._changed:
            if (key, number) not in self._collections:
                self._collections.add((key, number))
                self.calls.append(Heard(agency=agency, key=key, at=datetime.fromisoformat(at), body=body))
            is_new = not self.effects[agency, key]
            self.effects[agency, key] = 1
            self._changed.notify_all()
        return is_new

    # --- within ---------------------------------------------------------------------------------------------------

    def _answer(self, agency: str, body: bytes) -> tuple[str, bytes]:
        said: Any = soap.parse(body) if agency == "dpupr" else json.loads(body)
        key = key_of(agency, said)
        with self._changed:
            self.calls.append(Heard(agency=agency, key=key, at=now(), body=body))
            is_new = not self.effects[agency, key]
            self.effects[agency, key] = 1
            if is_new and key.endswith("/pin") and (pin := re.search(r"\b([0-9]{6})\b", said["message"])):
                self.pins[said["to"]].append(pin[1])
            self._changed.notify_all()
        if delay := self.delay_s.get(agency):
            self._over.wait(delay)
        if is_new and agency == "sms":
            self.on_message(key)
        if is_new and agency == "dpupr":
            self.on_recommendation(key, said.findtext(".//{*}case") or "")
        return self._said(agency, key)

    def _said(self, agency: str, key: str) -> tuple[str, bytes]:
        if agency == "dukcapil":
            return JSON, compact({"content": [{"NIK": "Sesuai", "NAMA_LGKP": "Sesuai (100)"}], "quotaLimiter": 9})
        if agency == "djp":
            return JSON, compact({"hasil": {"status": "TIDAK VALID", "npwp": "TIDAK DITEMUKAN"}})
        if agency == "sms":
            return JSON, compact({"status": "accepted", "reference": key})
        if agency == "oss":
            answer = {"kode": 200, "keterangan": "Sukses", "dataNIB": {}}
            return JSON, compact({"responreceiveLicenseStatus": answer})
        if agency == "bank":
            reference = f"QR-{key[-12:]}"
            qr = {"referenceNo": reference, "partnerReferenceNo": key, "qrContent": f"0002010102122665{reference}"}
            return JSON, compact({"responseCode": "2004700", "responseMessage": "Successful", **qr})
        assert self.dpupr is not None
        document = soap.acknowledgement(key, now(), f"D-{key[-12:]}")
        addressing = soap.Addressing(
            message_id=f"{key}:ack", to=soap.ANONYMOUS, action=soap.action_of(document), relates_to=key
        )
        return soap.CONTENT_TYPES[soap.SOAP_12], wss.sign(soap.envelope(document, addressing), self.dpupr, at=now())


def key_of(agency: str, said: Any) -> str:
    """What names a message: the same in what an agency hears and in what the store keeps of it.

    `said`: the SOAP envelope for DPUPR, else the JSON. Dukcapil is given no id, so the NIK stands for it: here every
    applicant has another one.
    """
    if agency == "dpupr":
        return said.findtext(f".//{{{soap.WSA}}}MessageID") or ""
    if agency == "dukcapil":
        return str(said["NIK"])
    if agency == "sms":
        return str(said["reference"])
    if agency == "djp":
        return str(said["nomor_permintaan"])
    if agency == "bank":
        return str(said["partnerReferenceNo"])
    (told,) = said.values()  # a status, or a permit
    return compact(told).decode()
