"""Agencies that speak to the hub: one message, signed anew at each try, sent until it has its answer.

Whatever a client got is kept: afterwards the store has to know all of it, and a repeat has to get the same.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

import httpx2
from lxml import etree

from conformance.signing import soap
from conformance.signing.jws import HEADER
from tests.crash.grounds import now

Post: TypeAlias = Callable[[str, bytes, Mapping[str, str]], httpx2.Response]
"""Posts a body with headers to a path of the hub."""

Told: TypeAlias = tuple[str, int | None]
"""Who was answered (an agency, `office` or `admin`), and the status; None when no answer came."""

COME_AGAIN = frozenset({429, 503, 504})
"""Statuses of answers that tell to come again; 504 is the word of OSS and of SNAP BI for it."""

FRESH_S = 200.0
"""Within this time after the exchange a repeat has to get the sealed bytes themselves (the hub's bound is 240 s)."""

PAUSE_S = (0.1, 0.4)
TIMEOUT_S = 20.0


class NotYet(Exception):
    """The hub could not take it now: send the same again. `status` None when no answer came."""

    def __init__(self, status: int | None) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is to be said. `send` signs it as of now and posts it; `stored_as` is the id by which the hub keeps it."""

    agency: str
    kind: str
    stored_as: str
    send: Callable[[Post], httpx2.Response]
    good: frozenset[int] = frozenset({200})
    """Statuses of a final answer as it should be."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A final answer: its business content, and the sealed bytes (body and signature)."""

    status: int
    content: bytes
    sealed: bytes
    at: datetime


@dataclass(kw_only=True)
class Record:
    """A message, the final answers it got, and how often it was told to come again, by status (None: no answer)."""

    message: Message
    answers: list[Given] = field(default_factory=list)
    put_off: Counter[int | None] = field(default_factory=Counter)


class Clients:
    """Sends to any of the hubs. `over` ends every wait: what is unanswered then stays so."""

    def __init__(self, urls: Sequence[str], over: threading.Event) -> None:
        self.urls = list(urls)
        self.records: dict[tuple[str, str], Record] = {}
        self.statuses: Counter[Told] = Counter()
        """Everything that came back, also what was no final answer."""
        self.without_retry_after: Counter[Told] = Counter()
        """Answers that told to come again (429, 503, 504), and not when."""
        self.slowest_s = 0.0
        """The longest that anybody waited for any answer."""
        self.waits_on_time = False
        """Whether a refusal for a wrong time is waited out: somebody sets the hub's clock right."""
        self._over = over
        self._lock = threading.Lock()
        # verify: the hub speaks plain HTTP on loopback, and reading the authorities takes a while
        limits = httpx2.Limits(max_connections=200, max_keepalive_connections=100)
        self._http = httpx2.Client(trust_env=False, verify=False, timeout=TIMEOUT_S, limits=limits)

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()

    def deliver(self, message: Message, times: int = 1) -> Record:
        """Send until the message has been answered `times` times, or all is over."""
        record = self._record(message)
        for _ in range(times):
            while not self._over.is_set():
                try:
                    given = self._try(message)
                except NotYet as put_off:
                    with self._lock:
                        record.put_off[put_off.status] += 1
                    self._over.wait(random.uniform(*PAUSE_S))  # noqa: S311 - a pause
                    continue
                with self._lock:
                    record.answers.append(given)
                break
        return record

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> httpx2.Response:
        """Ask any hub, once. Raises NotYet when it does not answer or says 5xx or 429."""
        begun = time.monotonic()
        who = path.split("/")[2] if path.startswith(("/rest/", "/soap/")) else path.split("/")[1]
        try:
            answer = self._http.request(
                method,
                f"{random.choice(self.urls)}{path}",  # noqa: S311 - any hub will do
                content=content,
                headers=dict(headers),
            )
        except httpx2.HTTPError as error:
            with self._lock:
                self.statuses[who, None] += 1
            raise NotYet(None) from error
        with self._lock:
            self.slowest_s = max(self.slowest_s, time.monotonic() - begun)
            self.statuses[who, answer.status_code] += 1
            if answer.status_code in COME_AGAIN and "Retry-After" not in answer.headers:
                self.without_retry_after[who, answer.status_code] += 1
        of_time = answer.status_code == 401 or (answer.status_code == 400 and b"timestamp-" in answer.content)
        if answer.status_code >= 500 or answer.status_code == 429 or (self.waits_on_time and of_time):
            raise NotYet(answer.status_code)
        return answer

    def _record(self, message: Message) -> Record:
        with self._lock:
            return self.records.setdefault((message.agency, message.stored_as), Record(message=message))

    def _try(self, message: Message) -> Given:
        answer = message.send(lambda path, body, headers: self.request("POST", path, headers=headers, content=body))
        seal = answer.headers.get(HEADER, "").encode()
        return Given(
            status=answer.status_code,
            content=content_of(answer),
            sealed=seal + b"\n" + answer.content,
            at=now(),
        )


def counted(statuses: Mapping[Told, int]) -> str:
    """How often each status came, and to whom."""
    by_status: dict[str, dict[str, int]] = {}
    for (who, status), times in statuses.items():
        by_status.setdefault("no answer" if status is None else str(status), {})[who] = times
    named = (
        f"{sum(whom.values())} x {status} ({', '.join(f'{who} {times}' for who, times in sorted(whom.items()))})"
        for status, whom in sorted(by_status.items())
    )
    return ", ".join(named) or "none"


def content_of(answer: httpx2.Response) -> bytes:
    """The business content: the body, for SOAP what stands in its Body, in canonical form."""
    if "xml" not in answer.headers.get("Content-Type", ""):
        return answer.content
    return etree.tostring(soap.body_child(answer.content), method="c14n", exclusive=True)
