"""The load generator's own ceiling: what it sends to a server that reads requests and does nothing.

Run as a program it is that server: `python -m benchmarks.ceiling PORT`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.agency import INSPECTION
from benchmarks.choice import CONNECTIONS, Protocol, Size
from benchmarks.documents import report
from benchmarks.load import send
from benchmarks.machine import ROOT, Running, free_port
from benchmarks.messages import Mint
from benchmarks.parties import Parties

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_MOST = 40_000


class Nothing(asyncio.Protocol):
    """Answers each request when it has come whole."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream's is
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the body is there."""
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        begin = self._data.find(b"Content-Length: ") + 16
        if len(self._data) >= end + 4 + int(self._data[begin:end].split(b"\r\n", 1)[0]):
            self._data.clear()
            self._transport.write(_ANSWER)


def ceiling(folder: Path, seconds: float) -> Mapping[str, float]:
    """Requests a second of 2 KB, and the generator's share of one processor meanwhile. Raises LoadFailed."""
    parties = Parties.make(Protocol.REST, folder)
    mint = Mint(Protocol.REST, parties, report(Protocol.REST, Size.KB2), INSPECTION)
    port = free_port()
    server = Running.start(
        ["-m", "benchmarks.ceiling", str(port)],
        log=folder / "ceiling.log",
        folder=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        port=port,
    )
    try:
        server.await_listening()
        messages = list(mint.messages(int(_MOST * seconds)))
        load = send([port], messages, mint.document, mint.tail, connections=CONNECTIONS, seconds=seconds)
    finally:
        server.end()
    return {"per_second": round(load.per_second, 1), "cpu": round(load.cpu_share, 3)}


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Nothing, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
