"""What every peer has: its folder, control addresses under `/_control`, and faults on demand.

Control addresses (for the demo, tests and people; a peer listens on loopback, nobody signs in):
    GET  /_control/health       is it there
    GET  /_control/journal      what it received and sent
    POST /_control/possession   {"challenge"} -> {"signature"}: proof that it holds its key
    POST /_control/fault        {"kind", "times"}: spoil the next business answers
    POST /_control/say          {"answer" or "words", "times"}: say this in the next business answers (saying.py)
    POST /_control/reconcile    {"wrong"}: send the list of what was exchanged, for reconciliation (reconciling.py)

Faults: `down` (503), `slow`, `nonsense` (no JSON, no XML), `html` (a maintenance page under 200), `flapping` (503 and
well, by turns) and `lost-answer` (it does what it is asked, and the connection ends in the middle of the answer).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import httpx2
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from conformance.peers.config import PeerConfig
from conformance.peers.courier import Courier
from conformance.peers.journal import JOURNAL_FILE, Journal
from conformance.peers.reconciling import Lists
from conformance.peers.saying import Sayings
from conformance.signing.keys import Identity, make_identity
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError

CONTROL = "/_control/"
CALL_TIMEOUT_S = 15.0
SLOW_MS = 15_000
"""Longer than the call timeout that the sample agreements give."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where time and ids come from. `clock` gives aware time, `elapsed` monotonic seconds, `new_id` a fresh UUID."""

    clock: Callable[[], datetime]
    elapsed: Callable[[], float]
    new_id: Callable[[], str]


class FaultKind(StrEnum):
    """How the next business answers go wrong."""

    DOWN = "down"
    SLOW = "slow"
    NONSENSE = "nonsense"
    HTML = "html"
    FLAPPING = "flapping"
    LOST_ANSWER = "lost-answer"


class FaultOrder(BaseModel):
    """Spoil the next `times` business answers; `kind` null ends it. `delay_ms` is for `slow`.

    `flapping`: of so many every second one is as if the agency were down, the last among them.
    """

    kind: FaultKind | None
    times: int = Field(default=1, ge=1)
    delay_ms: int = Field(default=SLOW_MS, ge=0)


class Challenge(BaseModel):
    """What the hub asks to be signed when a certificate is registered."""

    challenge: str = Field(min_length=1, max_length=4096)


async def _raw_body(request: Request) -> bytes:
    return await request.body()


RawBody = Annotated[bytes, Depends(_raw_body)]
"""The exact bytes of a request."""


class Peer:
    """One simulated agency. Subclasses add their addresses to `app` and resume what a restart interrupted.

    `taking` is held from the look whether a message was taken before until it stands in the journal.
    """

    agency = ""
    refusals: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Refusals in the agency's own words that may be ordered by name, and what each says."""

    def __init__(
        self, folder: Path, config: PeerConfig, surroundings: Surroundings, client: httpx2.Client | None = None
    ) -> None:
        self.folder, self.config, self.surroundings = folder, config, surroundings
        serial = int(surroundings.new_id().replace("-", ""), 16)
        self.identity: Identity = make_identity(folder, self.agency, serial=serial, at=surroundings.clock())
        self.journal = Journal(folder / JOURNAL_FILE, surroundings.clock)
        self.courier = Courier(surroundings.elapsed)
        # a proxy of the machine has nothing to do with calls on loopback
        self.client = client or httpx2.Client(timeout=CALL_TIMEOUT_S, trust_env=False)
        self.stopping = threading.Event()
        self.taking = threading.Lock()
        self.app = FastAPI(title=f"{self.agency} (simulated)", openapi_url=None)
        self.app.add_middleware(_LostAnswers, loses=self._loses_answer)
        self._fault: FaultOrder | None = None
        self._fault_lock = threading.Lock()
        self.app.add_exception_handler(GatewayError, _refuse)
        self.sayings = Sayings(self.app, self.refusals)
        self.lists = Lists(self)
        self._add_control()

    def start(self) -> None:
        """Begin background deliveries, first of all those that the journal says are still owed."""
        self.resume()
        self.courier.start()

    def stop(self) -> None:
        """End background deliveries and every wait."""
        self.stopping.set()
        self.courier.stop()
        self.client.close()

    def resume(self) -> None:
        """Hand the courier what the journal says is still owed; most agencies owe nothing."""

    def guide(self) -> str:
        """Give the agency's own part of README.md."""
        return ""

    def now(self) -> datetime:
        """The time, aware."""
        return self.surroundings.clock()

    def spoiled(self) -> Response | None:
        """Wait as configured; give the faulty answer that was ordered, if one is due. Business addresses ask first."""
        order = self._ordered(lost=False)
        slow = order.delay_ms if order is not None and order.kind is FaultKind.SLOW else 0
        if self.config.delay_ms + slow:
            self.stopping.wait((self.config.delay_ms + slow) / 1000)
        if order is None or order.kind is FaultKind.SLOW:
            return self._answer_on_order()
        if order.kind is FaultKind.FLAPPING and order.times % 2 == 0:
            return self._answer_on_order()
        self.journal.append("fault", fault=order.kind)
        if order.kind in (FaultKind.DOWN, FaultKind.FLAPPING):
            return Response(status_code=503)
        if order.kind is FaultKind.NONSENSE:
            return Response(b"\x00\xff}{<", media_type="application/json")
        return Response(
            "<!doctype html><title>Pemeliharaan</title><h1>Sistem dalam pemeliharaan</h1>", media_type="text/html"
        )

    def _answer_on_order(self) -> Response | None:
        answer = self.sayings.answer()
        if answer is not None:
            self.journal.append("said", status=answer.status_code)
        return answer

    def quota_left(self, kind: str) -> int:
        """Say how many more questions may be asked today, in Jakarta: the journal's `counted` ones are used up."""
        today = local_date(self.now())
        return self.config.quota - sum(
            each["counted"] and local_date(datetime.fromisoformat(each["at"])) == today
            for each in self.journal.entries(kind)
        )

    def _ordered(self, *, lost: bool) -> FaultOrder | None:
        """Take one answer from the fault that was ordered, if it is due here: lost answers are apart."""
        with self._fault_lock:
            order = self._fault
            if order is None or (order.kind is FaultKind.LOST_ANSWER) is not lost:
                return None
            self._fault = order.model_copy(update={"times": order.times - 1}) if order.times > 1 else None
            return order

    def _loses_answer(self) -> bool:
        if self._ordered(lost=True) is None:
            return False
        self.journal.append("fault", fault=FaultKind.LOST_ANSWER)
        return True

    def _add_control(self) -> None:
        app = self.app

        @app.get("/_control/health")
        def health() -> dict[str, Any]:
            return {"status": "ok", "agency": self.agency, "hub": self.config.hub_url}

        @app.get("/_control/journal")
        def journal() -> list[dict[str, Any]]:
            return self.journal.entries()

        @app.post("/_control/possession")
        def possession(challenge: Challenge) -> dict[str, str]:
            return {"signature": self.identity.prove_possession(challenge.challenge)}

        @app.post("/_control/fault")
        def fault(order: FaultOrder) -> dict[str, Any]:
            with self._fault_lock:
                self._fault = order if order.kind is not None else None
            return order.model_dump()


class _LostAnswers:
    """Lets the work be done, and the answer be lost on its way: the one fault that no address can make itself."""

    def __init__(self, app: ASGIApp, loses: Callable[[], bool]) -> None:
        self._app = app
        self._loses = loses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(CONTROL) or not self._loses():
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _kept_back)
        # it promises an octet that never comes: the server ends the connection
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


async def _kept_back(_message: Message) -> None:
    """Send nothing."""


def _refuse(_request: Request, fault: Exception) -> Response:
    """Answer a control call that cannot be carried out with its sentence and violations."""
    if not isinstance(fault, GatewayError):
        raise fault
    violations = [{"path": each.path, "rule": each.rule, "text": each.text} for each in fault.violations]
    return JSONResponse({"code": fault.code, "detail": fault.text, "violations": violations}, status_code=422)
