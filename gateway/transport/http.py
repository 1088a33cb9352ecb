"""One HTTP call to an agency over httpcore2 (HTTP/1.1), from the first look-up to the last byte within one deadline.

Redirects are not followed: an agency's endpoint is what staff registered, and a body with personal data goes nowhere
else. The environment has no say (no proxies, no CA paths, no .netrc), no cookie is kept, nothing is logged. The reply
is the exact bytes: what a signature covers is not unpacked or decoded. httpx2, which does all that and more, reads the
URLs; what it would add to each call cost as much of the interpreter's time as the call itself.
"""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import httpcore2
import httpx2

from gateway.domain.errors import Misconfigured
from gateway.transport.connection import Call, DeadlineBackend, current
from gateway.transport.errors import NotSent, Stage, Unknown
from gateway.transport.tls import client_context

# Both write request lines at INFO, and headers (Authorization among them) at DEBUG.
for _name in ("httpx2", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, kw_only=True)
class OutboundCall:
    """What is sent. `timeout_s` is for the whole call, in seconds; a reply beyond `max_reply_bytes` is not read on."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    timeout_s: float
    max_reply_bytes: int


@dataclass(frozen=True, kw_only=True)
class HttpReply:
    """What came back, complete, whatever its status. `headers` has lower-case names; repeated ones joined by `, `.

    `took_s` is the time of the whole call in seconds.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    took_s: float

    @property
    def content_type(self) -> str:
        """The media type without parameters, lower case; empty when the agency sent none."""
        return self.headers.get("content-type", "").split(";", 1)[0].strip().lower()


@dataclass(frozen=True, kw_only=True)
class StreamedReply:
    """A reply whose body is still on its way: `chunks` gives it once. `headers` as those of HttpReply."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]


class HttpClient:
    """Sends calls; connections are kept and used again. For any number of threads.

    `clock` gives monotonic seconds. TLS certificates are verified against the system's authorities, or against those
    of `ca_file` (PEM) alone. The hub shows `certificate_file` with its `key_file` (PEM) to agencies that ask for a
    certificate of the client (mTLS). `connect_timeout_s` bounds look-up, connection and handshake within the call's
    own time.
    Raises Misconfigured `ca-file-unreadable`, `tls-file-unusable`.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        ca_file: Path | None = None,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
        connect_timeout_s: float = 5.0,
        max_connections: int = 100,
    ) -> None:
        self._clock = clock
        self._connect_timeout_s = connect_timeout_s
        self._pool = httpcore2.ConnectionPool(
            ssl_context=client_context(ca_file, certificate_file, key_file),
            max_connections=max_connections,
            max_keepalive_connections=max_connections,
            keepalive_expiry=30.0,
            network_backend=DeadlineBackend(),
        )

    def send(self, call: OutboundCall) -> HttpReply:
        """Send and give the complete reply.

        Raises NotSent or Unknown (see `gateway.transport.errors`), and Misconfigured `endpoint-wrong` for a URL or a
        header that HTTP cannot carry: nothing was sent then.
        """
        state = self._begun(call)
        with _told(state):
            response = self._pool.handle_request(_request(call))
            try:
                headers = _joined(response.headers)
                body = _read(response, headers, call.max_reply_bytes, state)
            finally:
                response.close()
        return HttpReply(
            status=response.status,
            headers=headers,
            body=body,
            took_s=self._clock() - (state.ends_at - call.timeout_s),
        )

    @contextmanager
    def streamed(self, call: OutboundCall) -> Iterator[StreamedReply]:
        """Send, and give the reply while it comes, for as long as the block lasts. For a body that memory cannot hold.

        Raises as `send` does; so do the reply's chunks, and no body beyond `max_reply_bytes` is read on.
        """
        state = self._begun(call)
        with _told(state):
            response = self._pool.handle_request(_request(call))
        try:
            headers = _joined(response.headers)
            chunks = _chunks(response, headers, call.max_reply_bytes, state)
            yield StreamedReply(status=response.status, headers=headers, chunks=chunks)
        finally:
            response.close()

    def _begun(self, call: OutboundCall) -> Call:
        state = Call(
            clock=self._clock,
            limit_s=call.timeout_s,
            ends_at=self._clock() + call.timeout_s,
            connect_s=self._connect_timeout_s,
        )
        current.call = state
        return state

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _told(state: Call) -> Iterator[None]:
    """What goes wrong inside, in the words of `gateway.transport.errors`."""
    try:
        yield
    except (httpx2.InvalidURL, httpcore2.UnsupportedProtocol, httpcore2.LocalProtocolError, ValueError) as fault:
        raise _cannot_be_sent(fault) from fault
    except httpcore2.PoolTimeout as fault:
        raise state.timed_out() from fault
    except httpcore2.RemoteProtocolError as fault:
        raise state.failure(f"the agency's answer breaks HTTP or ends early: {fault}", "agency-cut-off") from fault


# A reply is taken as it was signed, and never unpacked to more than came.
_OWN = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "simojo"}
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True)
class _Target:
    """A URL as httpcore2 takes it, the value of Host, and that of Authorization where the URL names a user."""

    url: httpcore2.URL
    host: str
    authorization: str | None


@lru_cache(maxsize=256)
def _target(text: str) -> _Target:
    """Read a URL. Raises httpx2.InvalidURL, and UnsupportedProtocol for one without a host."""
    url = httpx2.URL(text)
    if not url.host:
        raise httpcore2.UnsupportedProtocol("the URL names no host")
    pair = f"{url.username}:{url.password}".encode()
    return _Target(
        httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        url.netloc.decode("ascii"),
        f"Basic {b64encode(pair).decode()}" if url.username or url.password else None,
    )


def _request(call: OutboundCall) -> httpcore2.Request:
    """The request of a call. Raises ValueError for a header that is not ASCII."""
    target = _target(call.url)
    own = {"Host": target.host, **_OWN}
    if call.body or call.method in _WITH_BODY:
        own["Content-Length"] = str(len(call.body))
    said = dict(call.headers)
    if target.authorization is not None:
        said = {name: value for name, value in said.items() if name.lower() != "authorization"}
        said["Authorization"] = target.authorization
    taken = {name.lower() for name in said}
    headers = [*((name, value) for name, value in own.items() if name.lower() not in taken), *said.items()]
    return httpcore2.Request(
        call.method,
        target.url,
        headers=[(name.encode("ascii"), value.encode("ascii")) for name, value in headers],
        content=call.body,
        extensions={"timeout": {"pool": call.timeout_s}},  # the other steps keep the deadline of `state`
    )


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers of a reply by their lower-case names, in UTF-8 where they are, else byte by byte."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1").lower(), _text(value)
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _read(response: httpcore2.Response, headers: Mapping[str, str], max_bytes: int, state: Call) -> bytes:
    _check_announced(headers, max_bytes)
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > max_bytes:
            raise _too_large("goes on", max_bytes)
        state.left()
    return bytes(body)


def _chunks(response: httpcore2.Response, headers: Mapping[str, str], max_bytes: int, state: Call) -> Iterator[bytes]:
    with _told(state):
        _check_announced(headers, max_bytes)
    read, stream = 0, iter(response.iter_stream())
    while True:
        with _told(state):
            chunk = next(stream, None)
            if chunk is None:
                return
            read += len(chunk)
            if read > max_bytes:
                raise _too_large("goes on", max_bytes)
            state.left()
        yield chunk


def _check_announced(headers: Mapping[str, str], max_bytes: int) -> None:
    announced = headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(f"announces {announced} bytes", max_bytes)


def _too_large(how: str, max_bytes: int) -> Unknown:
    return Unknown(
        f"the agency's answer {how}; the agreement allows {max_bytes} bytes (max_size)",
        code="reply-too-large",
        stage=Stage.READ,
    )


def _cannot_be_sent(fault: Exception) -> Misconfigured:
    return Misconfigured(
        f"the call cannot be made as HTTP ({fault}); correct the agency's endpoint (http:// or https://) or header",
        code="endpoint-wrong",
    )


__all__ = ["HttpClient", "HttpReply", "NotSent", "OutboundCall", "StreamedReply", "Unknown"]
