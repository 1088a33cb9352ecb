"""Connections that keep a call's deadline at every step, and know how much of its request has left.

httpx2 takes a timeout for each single read and write: an agency that sends a byte a second keeps a call open for
ever. Here every step gets what is left of the whole call. A call runs in one thread from beginning to end, so the call
in progress is a thread-local value.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from math import inf
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

import httpcore2

from gateway.transport.errors import NotSent, Stage, Unknown

_Address: TypeAlias = "tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]"
_CHUNK = 65536


@dataclass(kw_only=True)
class Call:
    """One call in progress. `clock` gives monotonic seconds; `sent` is True once a byte of the request may have left.

    `limit_s` is the whole call's time in seconds, `connect_s` what of it a connection may take to stand.
    """

    clock: Callable[[], float]
    limit_s: float
    ends_at: float
    connect_s: float
    stage: Stage = Stage.POOL
    sent: bool = False
    connect_by: float = inf

    def left(self) -> float:
        """The seconds until the end. Raises NotSent or Unknown `agency-timeout` when there are none."""
        remaining = self.ends_at - self.clock()
        if remaining <= 0:
            raise self.timed_out()
        return remaining

    def left_to_connect(self) -> float:
        """The seconds until a connection must stand. Raises NotSent `agency-timeout` when there are none."""
        remaining = min(self.ends_at, self.connect_by) - self.clock()
        if remaining <= 0:
            raise self.timed_out()
        return remaining

    def timed_out(self) -> NotSent | Unknown:
        """The failure that the deadline means at this stage."""
        waited = {
            Stage.POOL: "for a free connection of the hub",
            Stage.DNS: "for the agency's name to resolve (DNS)",
            Stage.TCP: "for the agency to take the connection (TCP)",
            Stage.TLS: "for the TLS handshake",
            Stage.WRITE: "for the agency to take the request (write timeout)",
            Stage.READ: "for the complete answer (read timeout)",
        }[self.stage]
        return self.failure(f"time ran out while waiting {waited}; the call has {self.limit_s:g} s", "agency-timeout")

    def failure(self, text: str, code: str) -> NotSent | Unknown:
        """The failure of this call at this stage: NotSent while nothing has left, Unknown afterwards."""
        kind = Unknown if self.sent else NotSent
        return kind(text, code=code, stage=self.stage)


class _Current(threading.local):
    call: Call


current = _Current()
"""The call that this thread is making."""


class DeadlineStream(httpcore2.NetworkStream):
    """A connected socket, plain or TLS.

    A plain one never blocks: a socket with a time-out sets it, asks whether it may, and only then does, and each of the
    three lets another thread take the interpreter. Here one tries first, where it will hardly ever have to wait.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._blocks = True

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - the deadline is the call's
        """Read what has come, waiting no longer than the call may. Raises Unknown or NotSent."""
        call = current.call
        call.stage = Stage.READ
        try:
            self._await(select.POLLIN, call)  # the answer is hardly ever there yet
            return self._received(max_bytes, call)
        except TimeoutError as fault:
            raise call.timed_out() from fault
        except OSError as fault:
            raise call.failure(f"the agency broke the connection off: {why(fault)}", "agency-cut-off") from fault

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - the deadline is the call's
        """Write all bytes. Raises Unknown or NotSent; after a first byte a broken connection may still hold an answer.

        So the failure then is httpcore2's WriteError, upon which it reads what the agency said before it hung up.
        """
        call = current.call
        call.stage = Stage.WRITE
        rest = memoryview(buffer)
        # A TLS socket may have sent a part of a record when it fails; a plain one says how much it took.
        call.sent = call.sent or isinstance(self._sock, ssl.SSLSocket)
        try:
            while rest:
                rest = rest[self._sent(rest[:_CHUNK], call) :]
                call.sent = True
        except TimeoutError as fault:
            raise call.timed_out() from fault
        except OSError as fault:
            if call.sent:
                raise httpcore2.WriteError(why(fault)) from fault
            raise call.failure(
                f"the agency had closed the connection before anything was sent: {why(fault)}", "agency-cut-off"
            ) from fault

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _received(self, max_bytes: int, call: Call) -> bytes:
        while True:
            with suppress(BlockingIOError):
                return self._sock.recv(max_bytes)
            self._await(select.POLLIN, call)  # the system had said too much

    def _sent(self, data: memoryview, call: Call) -> int:
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.settimeout(call.left())
            return self._sock.send(data)
        self._never_block()
        call.left()
        while True:
            with suppress(BlockingIOError):
                return self._sock.send(data)
            self._await(select.POLLOUT, call)

    def _await(self, event: int, call: Call) -> None:
        """Wait until a plain socket can do this; a TLS one waits itself, for as long. Raises TimeoutError."""
        left = call.left()
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.settimeout(left)
            return
        self._never_block()
        poll = select.poll()
        poll.register(self._sock, event)
        if not poll.poll(left * 1000):
            raise TimeoutError

    def _never_block(self) -> None:
        if self._blocks:
            self._sock.setblocking(False)
            self._blocks = False

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - the deadline is the call's
    ) -> DeadlineStream:
        """Shake hands. Raises NotSent: nothing of a request leaves before."""
        call = current.call
        call.stage = Stage.TLS
        try:
            self._sock.settimeout(call.left_to_connect())
            return DeadlineStream(ssl_context.wrap_socket(self._sock, server_hostname=server_hostname))
        except BaseException as fault:
            self.close()
            if isinstance(fault, TimeoutError):
                raise call.timed_out() from fault
            if isinstance(fault, OSError):
                raise call.failure(
                    f"no TLS connection with {server_hostname}: {why(fault)}; check its certificate and the hub's "
                    "CA file",
                    "agency-unreachable",
                ) from fault
            raise

    def get_extra_info(self, info: str) -> Any:
        """Answer what httpcore2 asks: the TLS session, and whether an idle connection was closed meanwhile."""
        if info == "ssl_object":
            return self._sock if isinstance(self._sock, ssl.SSLSocket) else None
        if info == "is_readable":
            poll = select.poll()
            poll.register(self._sock, select.POLLIN)
            return bool(poll.poll(0))
        return None


class DeadlineBackend(httpcore2.NetworkBackend):
    """Opens connections within the deadline of the call in progress."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline is the call's
        local_address: str | None = None,  # noqa: ARG002 - the hub sends from wherever the route begins
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002 - none are set
    ) -> DeadlineStream:
        """Resolve the name and connect to the first address that answers. Raises NotSent."""
        call = current.call
        call.stage = Stage.DNS
        call.connect_by = call.clock() + call.connect_s
        found = resolve(host, port, call)
        call.stage = Stage.TCP
        refusals: list[str] = []
        for family, address in found:
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(call.left_to_connect())
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except BaseException as fault:
                sock.close()
                if isinstance(fault, TimeoutError):
                    raise call.timed_out() from fault
                if not isinstance(fault, OSError):
                    raise
                refusals.append(f"{address[0]!s} {why(fault)}")
            else:
                return DeadlineStream(sock)
        raise call.failure(
            f"no connection (TCP) to {host} port {port}: {'; '.join(refusals)}; check the endpoint and the network",
            "agency-unreachable",
        )


def resolve(host: str, port: int, call: Call) -> list[tuple[socket.AddressFamily, _Address]]:
    """Give the addresses of a host. The system's resolver knows no timeout, so a name is looked up beside the call."""
    with suppress(ValueError):
        ip_address(host)
        return _addresses(host, port)
    answers: SimpleQueue[list[tuple[socket.AddressFamily, _Address]] | OSError | UnicodeError] = SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(_addresses(host, port))
        except (OSError, UnicodeError) as fault:  # UnicodeError: a label of the name is empty or too long
            answers.put(fault)

    threading.Thread(target=look_up, name=f"dns {host}", daemon=True).start()
    try:
        answer = answers.get(timeout=call.left_to_connect())
    except Empty:
        raise call.timed_out() from None
    if isinstance(answer, Exception):
        raise call.failure(
            f"the name {host} does not resolve (DNS): {why(answer)}; check the endpoint", "agency-unreachable"
        ) from answer
    return answer


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, _Address]]:
    return [(family, address) for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def why(fault: OSError | UnicodeError) -> str:
    """Say what a failure of the system says of itself, in as few words as it has."""
    return getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
