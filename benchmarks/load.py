"""The load generator: keep-alive connections over asyncio's own transports.

Each connection sends its next message when the answer to the last is there. It only sends bytes that are ready and
finds the ends of answers, so that it takes little of the processor that the measured program needs; how much it does
take is measured with it.
"""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.documents import Document
from benchmarks.messages import Message

SAMPLE = 48
"""Answers that are kept whole, spread over the measurement, to be verified afterwards."""
PATIENCE_S = 60.0


class LoadFailed(Exception):
    """The measured program answered otherwise than it must, or not at all: there is nothing to measure."""


@dataclass(frozen=True)
class Answered:
    """One answer that was kept whole."""

    message: Message
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """The value of one header, "" where there is none."""
        for line in self.head.split(b"\r\n")[1:]:
            said, _, value = line.partition(b":")
            if said.strip().lower() == name.lower().encode():
                return value.strip().decode("latin-1")
        return ""


@dataclass
class Load:
    """What was seen. Latencies in seconds, in the order in which the answers came; `cpu_s` is the generator's own."""

    latencies: list[float] = field(default_factory=list)
    sample: list[Answered] = field(default_factory=list)
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    ran_out: bool = False

    @property
    def per_second(self) -> float:
        """Exchanges a second."""
        return len(self.latencies) / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def cpu_share(self) -> float:
        """The generator's share of one processor, 0 to 1."""
        return self.cpu_s / self.elapsed_s if self.elapsed_s else 0.0

    def percentile_ms(self, percent: float) -> float:
        """A percentile of the latencies, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000 if ordered else 0.0


def send(
    ports: Sequence[int],
    messages: Sequence[Message],
    document: Document,
    tail: bytes,
    *,
    connections: int,
    seconds: float,
) -> Load:
    """Send messages for so many seconds, or until they have run out, over connections shared out among the ports.

    Raises LoadFailed for an answer that is not 2xx, a connection that ends, and silence.
    """
    return asyncio.run(_Run(ports, messages, document, tail, seconds).over(connections))


class _Run:
    """One measurement."""

    def __init__(
        self, ports: Sequence[int], messages: Sequence[Message], document: Document, tail: bytes, seconds: float
    ) -> None:
        self.load = Load()
        self.seconds = seconds
        self.until = 0.0
        self._ports = ports
        self._messages: Iterator[Message] = iter(messages)
        self._every = max(1, len(messages) // SAMPLE)
        self._document = document
        self._tail = tail
        self._done: asyncio.Future[None]
        self._open = 0

    async def over(self, connections: int) -> Load:
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        lines = []
        for number in range(connections):
            port = self._ports[number % len(self._ports)]
            lines.append((await loop.create_connection(lambda: _Line(self), "127.0.0.1", port))[1])
        self._open = len(lines)
        used, begun = _cpu_s(), time.perf_counter()
        self.until = begun + self.seconds
        for line in lines:
            line.next()
        try:
            await asyncio.wait_for(self._done, self.seconds + PATIENCE_S)
        except TimeoutError:
            raise LoadFailed(f"no answer came for {PATIENCE_S:.0f} s") from None
        self.load.elapsed_s, self.load.cpu_s = time.perf_counter() - begun, _cpu_s() - used
        return self.load

    def take(self) -> Message | None:
        if time.perf_counter() >= self.until:
            return None
        message = next(self._messages, None)
        self.load.ran_out = self.load.ran_out or message is None
        return message

    def pieces(self, message: Message) -> tuple[bytes, ...]:
        return message.pieces(self._document, self._tail)

    def keep(self, message: Message, took_s: float, whole: bytearray, end_of_head: int) -> None:
        """Take an answer that is there whole."""
        if not whole.startswith(b"HTTP/1.1 2"):
            self.fail(f"answered {bytes(whole[:1500])!r}")
            return
        if len(self.load.latencies) % self._every == 0:
            self.load.sample.append(Answered(message, bytes(whole[:end_of_head]), bytes(whole[end_of_head + 4 :])))
        self.load.latencies.append(took_s)

    def closed(self, line: _Line) -> None:
        self._open -= 1
        if line.message is not None:
            self.fail("the connection ended without an answer")
        elif self._open == 0 and not self._done.done():
            self._done.set_result(None)

    def fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(LoadFailed(why))


class _Line(asyncio.Protocol):
    """One connection."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._data = bytearray()
        self._begun = 0.0
        self._transport: asyncio.Transport
        self.message: Message | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's is
        self._transport = transport

    def next(self) -> None:
        """Send the next message, or close when there is none."""
        self.message = self._run.take()
        if self.message is None:
            self._transport.close()
            return
        self._begun = time.perf_counter()
        self._transport.write(b"".join(self._run.pieces(self.message)))

    def data_received(self, data: bytes) -> None:
        self._data += data
        end_of_head = self._data.find(b"\r\n\r\n")
        if end_of_head < 0:
            return
        length = _length(self._data, end_of_head)
        if length < 0:
            self._run.fail(f"an answer without Content-Length: {bytes(self._data[:end_of_head])!r}")
            return
        if len(self._data) < end_of_head + 4 + length:
            return
        took_s = time.perf_counter() - self._begun
        if self.message is not None:
            self._run.keep(self.message, took_s, self._data, end_of_head)
        self._data.clear()
        self.next()

    def connection_lost(self, _error: Exception | None) -> None:
        self._run.closed(self)


def _length(data: bytearray, end_of_head: int) -> int:
    head = bytes(data[:end_of_head]).lower()
    begin = head.find(b"\r\ncontent-length:")
    return -1 if begin < 0 else int(head[begin + 17 :].split(b"\r\n", 1)[0])


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
