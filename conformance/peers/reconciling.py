"""The list that an agency sends for reconciliation (Pasal 22(4)b): what it sent and received, by id and digest.

    POST /_control/reconcile   {"from": "2026-03-02", "to": "2026-03-02", "wrong": "digest"}: send the list of these
                               days (without them: today's) by meta.reconcile, and give the hub's answer. `wrong`:
                               `digest` changes that of the last line, `missing` leaves it out, `invented` adds an id

Noted is every call that was answered with 2xx, either way, as soon as it can be named: by `jti` (JWS), wsa:MessageID,
or the day and X-EXTERNAL-ID (SNAP BI). The digest is of the body as it travelled (docs/reconciliation.md). Each list is
also written to `reconciliation.csv` in the folder: what is longer than 250 lines goes to the office as that file.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx2
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conformance.signing import jws
from conformance.signing.keys import load_certificates
from gateway.domain.calendar import local_date
from gateway.domain.errors import Malformed, Refused

if TYPE_CHECKING:
    from conformance.peers.peer import Peer

MOST = 250
FROM_AGENCY, TO_AGENCY = "from-you", "to-you"
LIST_FILE = "reconciliation.csv"
INVENTED = "urn:uuid:00000000-0000-4000-8000-000000000000"
_OWN_SERVICES = re.compile(r"/(meta|mailbox)/[^/]*$")
_MESSAGE_ID = re.compile(rb"<(?:[\w.-]+:)?MessageID[^>]*>\s*([^<\s]+)\s*</")


class Wrong(StrEnum):
    """What is wrong with a list."""

    DIGEST = "digest"
    MISSING = "missing"
    INVENTED = "invented"


class ListOrder(BaseModel):
    """Which days (both included; none: today), and what is to be wrong."""

    model_config = ConfigDict(populate_by_name=True, extra="forbid")

    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")
    wrong: Wrong | None = None


class Lists:
    """What one peer notes, and the order."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._lock = threading.Lock()
        noted = peer.journal.entries("exchanged")
        self._noted = {(each["message_id"], each["sha256"], each["direction"]) for each in noted}
        peer.client.event_hooks = {**peer.client.event_hooks, "response": [self._heard]}
        peer.app.add_middleware(_Listening, lists=self)

        @peer.app.post("/_control/reconcile")
        def reconcile(order: ListOrder) -> dict[str, Any]:
            return self.send(order)

    def note(self, message_id: str, body: bytes, direction: str) -> None:
        """Note a message once: another sending of the same bytes is no further line."""
        digest = sha256(body).hexdigest()
        with self._lock:
            if (message_id, digest, direction) in self._noted:
                return
            self._noted.add((message_id, digest, direction))
        self._peer.journal.append("exchanged", message_id=message_id, sha256=digest, direction=direction)

    def named(self, headers: Mapping[str, str], body: bytes) -> str | None:
        """The id that the sender of a message gave it; None where it has none that can be read."""
        if token := headers.get(jws.HEADER.lower()):
            return _jti(token)
        if external := headers.get("x-external-id"):
            return f"{local_date(self._peer.now()):%Y%m%d}-{external}"
        found = _MESSAGE_ID.search(body) if b"Envelope" in body else None
        return found[1].decode("utf-8", "replace") if found else None

    def lines(self, order: ListOrder) -> tuple[date, date, list[dict[str, str]]]:
        """The list that was ordered, with what is wrong in it."""
        today = local_date(self._peer.now())
        first = order.first or order.last or today
        last = order.last or first
        found = [
            {"messageId": each["message_id"], "sha256": each["sha256"], "direction": each["direction"]}
            for each in self._peer.journal.entries("exchanged")
            if first <= local_date(datetime.fromisoformat(each["at"])) <= last
        ]
        if order.wrong in (Wrong.DIGEST, Wrong.MISSING) and not found:
            raise Refused("nothing was exchanged in these days: nothing can be wrong", code="nothing-exchanged")
        if order.wrong is Wrong.DIGEST:
            found[-1]["sha256"] = sha256(found[-1]["sha256"].encode()).hexdigest()
        elif order.wrong is Wrong.MISSING:
            found.pop()
        elif order.wrong is Wrong.INVENTED:
            found.append({"messageId": INVENTED, "sha256": sha256(b"").hexdigest(), "direction": FROM_AGENCY})
        return first, last, found

    def send(self, order: ListOrder) -> dict[str, Any]:
        """Write the list, send it, and give the hub's verified answer. Raises Refused `list-too-long`, Malformed."""
        first, last, lines = self.lines(order)
        written = self._peer.folder / LIST_FILE
        rows = (f"{each['messageId']},{each['sha256']},{each['direction']}\n" for each in lines)
        written.write_text("message_id,sha256,direction\n" + "".join(rows), encoding="utf-8")
        if len(lines) > MOST:
            raise Refused(
                f"the list has {len(lines)} lines, {MOST} go into a message: give {written} to the office",
                code="list-too-long",
            )
        body = json.dumps({"from": first.isoformat(), "to": last.isoformat(), "line": lines}).encode()
        claims = {"iss": self._peer.agency, "aud": "dpmptsp", "jti": f"urn:uuid:{self._peer.surroundings.new_id()}"}
        claims |= {"agr": "meta/1.0", "int": "meta.reconcile"}
        token = jws.sign_detached(body, self._peer.identity, claims, at=self._peer.now())
        answer = self._peer.client.post(
            f"{self._peer.config.hub_url}/rest/{self._peer.agency}/meta/reconcile",
            content=body,
            headers={"Content-Type": "application/json", jws.HEADER: token},
        )
        if answer.status_code != 200:
            raise Malformed(f"the hub answered HTTP {answer.status_code}: {answer.text[:500]}", code="not-reconciled")
        certificates = load_certificates(self._peer.folder / self._peer.config.hub_certificate)
        jws.verify_detached(
            answer.headers.get(jws.HEADER, ""),
            answer.content,
            certificates,
            issuer="dpmptsp",
            audience=self._peer.agency,
            at=self._peer.now(),
        )
        said: dict[str, Any] = answer.json()
        self._peer.journal.append("reconciled", wrong=order.wrong, answer=said)
        return said

    def _heard(self, answer: httpx2.Response) -> None:
        """Note what the hub has taken."""
        request = answer.request
        is_hubs = str(request.url).startswith(self._peer.config.hub_url) and request.method == "POST"
        if not is_hubs or not answer.is_success or _OWN_SERVICES.search(request.url.path):
            return
        message_id = self.named(request.headers, request.content)
        if message_id is not None:
            self.note(message_id, request.content, FROM_AGENCY)


class _Listening:
    """Notes what the hub said, once it was taken."""

    def __init__(self, app: ASGIApp, lists: Lists) -> None:
        self._app = app
        self._lists = lists

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or scope["path"].startswith("/_control/"):
            await self._app(scope, receive, send)
            return
        body, status = bytearray(), 0

        async def heard() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def said(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self._app(scope, heard, said)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        message_id = self._lists.named(headers, bytes(body))
        if 200 <= status < 300 and message_id is not None:
            self._lists.note(message_id, bytes(body), TO_AGENCY)


def _jti(token: str) -> str | None:
    head = token.partition(".")[0]
    try:
        said = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        return str(said["jti"])
    except (ValueError, KeyError, TypeError):
        return None
