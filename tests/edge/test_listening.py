"""The listener: whoever comes at the moment at which it closes disturbs nobody."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from gateway.edge.server.connections import Connections
from gateway.edge.server.listening import Listener, bound_sockets


def test_a_client_that_comes_while_it_closes_leaves_no_error_behind() -> None:
    faults: list[dict[str, Any]] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: faults.append(context))
        (sock,) = bound_sockets("127.0.0.1", 0, 8)
        made = Connections(most=1, most_per_address=1, seconds=loop.time, trusts=lambda _: False)
        listener = Listener(sock, made, lambda _: 1 // 0, None)  # type: ignore[arg-type, return-value]  # never made
        await asyncio.sleep(0)

        def close() -> None:
            """As uvicorn does; by now the loop has seen that somebody is there, and has not looked who."""
            listener.close()
            sock.close()

        with socket.create_connection(sock.getsockname()):
            loop.call_soon(close)
            await listener.wait_closed()
            await asyncio.sleep(0)
        assert len(made) == 0

    asyncio.run(main())
    assert faults == []
