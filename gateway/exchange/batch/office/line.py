"""A call to an agency's endpoint about a file, with the circuit that all who call it share (`gateway.store.circuits`).

While a circuit is open nothing is called, and no try is used up. The lanes of deliveries (rate, concurrency) do not
count here: one file is one call at a time.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from sqlalchemy import Connection

from gateway.domain.errors import AgencyUnavailable, Misconfigured
from gateway.exchange.claiming import Within
from gateway.exchange.directory import Terms
from gateway.exchange.entry import Entry
from gateway.store import circuits
from gateway.store.circuits import CircuitPolicy, Endpoint, Failure, Standing, Turn
from gateway.store.reading import Reader
from gateway.store.tables import CircuitRow
from gateway.transport.errors import NotSent, Stage, Unknown
from gateway.transport.http import HttpReply, OutboundCall, StreamedReply

LOOK_AGAIN = timedelta(seconds=15)
"""When to come again where another is probing the endpoint."""

_log = structlog.get_logger("simojo.batches")


class Client(Protocol):
    """Sends calls, and gives their replies whole or while they come; as `gateway.transport.http.HttpClient` does."""

    def send(self, call: OutboundCall) -> HttpReply:
        """Raise NotSent or Unknown of `gateway.transport.errors`."""
        ...

    def streamed(self, call: OutboundCall) -> AbstractContextManager[StreamedReply]:
        """The same, of a reply that memory cannot hold."""
        ...


class Held(Exception):
    """The endpoint is not called before `until`: its circuit is open."""

    def __init__(self, text: str, until: datetime) -> None:
        super().__init__(text)
        self.text = text
        self.until = until


class Line:
    """Calls. Safe to use from several threads."""

    def __init__(
        self,
        *,
        client: Client,
        reader: Reader,
        within: Within,
        clock: Callable[[], datetime],
        policy: CircuitPolicy,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._reader = reader
        self._within = within
        self._clock = clock
        self._policy = policy
        self._jitter = jitter

    def check(self, terms: Terms, entry: Entry) -> None:
        """Raise Held where a call would not be made now, before it is written down as made."""
        endpoint = _endpoint(terms, entry)
        now = self._clock()
        row = self._reader.circuit(*endpoint.key)
        stands = circuits.standing(row, endpoint.url, now)
        if stands in (Standing.OPEN, Standing.PROBING):
            raise _held(endpoint, row, stands, now)

    def send(self, terms: Terms, entry: Entry, call: OutboundCall) -> HttpReply:
        """Send a call and give the reply. Raises Held, NotSent, Unknown, Misconfigured `endpoint-wrong`."""
        with self._watched(terms, entry, call) as told:
            reply = self._client.send(call)
            told(reply.status)
            return reply

    @contextmanager
    def streamed(self, terms: Terms, entry: Entry, call: OutboundCall) -> Iterator[StreamedReply]:
        """The same of a reply that memory cannot hold, for as long as the block lasts."""
        with self._watched(terms, entry, call) as told, self._client.streamed(call) as reply:
            told(reply.status)
            yield reply

    @contextmanager
    def _watched(self, terms: Terms, entry: Entry, call: OutboundCall) -> Iterator[Callable[[int], None]]:
        """Note what the call says of the endpoint: a failure to reach it, or the status that came."""
        endpoint = _endpoint(terms, entry)
        probe = self._may_go(endpoint, call)
        answered: list[int] = []
        try:
            yield answered.append
        except NotSent as fault:
            if fault.stage is not Stage.POOL:
                self._failed(endpoint, fault.text, probe=probe)
            elif probe:  # a connection of our own was not free: another may go
                self._within(lambda connection: circuits.end_probe(connection, endpoint))
            raise
        except Unknown as fault:
            self._failed(endpoint, fault.text, probe=probe)
            raise
        except AgencyUnavailable:  # by what came
            if answered:
                self._answered(endpoint, answered[0], probe=probe)
            raise
        except Misconfigured:
            if probe:
                self._within(lambda connection: circuits.end_probe(connection, endpoint))
            raise
        if answered:
            self._answered(endpoint, answered[0], probe=probe)

    def _may_go(self, endpoint: Endpoint, call: OutboundCall) -> bool:
        """Whether this call is the probe of a half-open circuit. Raises Held where nothing may go now."""
        now = self._clock()
        row = self._reader.circuit(*endpoint.key)
        stands = circuits.standing(row, endpoint.url, now)
        if stands is Standing.CLOSED:
            return False
        if stands is Standing.HALF_OPEN:
            ends = now + timedelta(seconds=call.timeout_s)
            if self._within(lambda connection: circuits.begin_probe(connection, endpoint, now, ends)):
                return True
        raise _held(endpoint, row, stands, now)

    def _answered(self, endpoint: Endpoint, status: int, *, probe: bool) -> None:
        if status == 408 or status >= 500:
            self._failed(endpoint, f"the agency answered HTTP {status}", probe=probe)
            return
        row = self._reader.circuit(*endpoint.key)
        if probe or (row is not None and row.failures):
            self._note(endpoint, lambda connection: circuits.succeeded(connection, endpoint, probe=probe))

    def _failed(self, endpoint: Endpoint, cause: str, *, probe: bool) -> None:
        failure = Failure(cause=cause, at=self._clock(), probe=probe, jitter=self._jitter())
        self._note(endpoint, lambda connection: circuits.failed(connection, endpoint, self._policy, failure))

    def _note(self, endpoint: Endpoint, note: Callable[[Connection], Turn | None]) -> None:
        turn = self._within(note)
        if turn is not None:
            _log.warning(f"circuit-{turn}", agency=endpoint.agency, endpoint=endpoint.interaction, url=endpoint.url)


def _held(endpoint: Endpoint, row: CircuitRow | None, stands: Standing, now: datetime) -> Held:
    opens = row.open_until if row is not None and stands is Standing.OPEN else None
    until = now + LOOK_AGAIN if opens is None else min(opens, now + CircuitPolicy().most)  # a clock may be set back
    text = f"the agency's endpoint {endpoint.url} failed again and again, and is called again later"
    return Held(text, until)


def _endpoint(terms: Terms, entry: Entry) -> Endpoint:
    """The endpoint as staff set it; its lack is told by `Directory.endpoint`, which was asked before."""
    name = terms.interaction.name if terms.interaction.name in entry.endpoints else "*"
    return Endpoint(agency=entry.agency, interaction=name, url=entry.endpoints.get(name, ""))
