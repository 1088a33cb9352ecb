"""`simojo serve` behind its settings: sockets, TLS, and the server."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from gateway.domain.errors import Misconfigured
from gateway.edge.proxies import Proxies
from gateway.edge.server.connections import Connections
from gateway.edge.server.ending import Ending, EndingServer
from gateway.edge.server.listening import bound_sockets

BACKLOG = 256
KEEP_ALIVE_S = 5


@dataclass(frozen=True, kw_only=True)
class Serving:
    """Where and how. Times in seconds; `certificate` and `key` None: plain HTTP, for a proxy on the same machine.

    `client_ca`: the authorities of clients' certificates (PEM); with it clients are asked for one, and may have none.
    """

    host: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    max_connections: int = 512
    max_connections_per_address: int = 64
    head_timeout_s: float = 10.0


def make_server(api: Any, serving: Serving, proxies: Proxies, ending: Ending | None = None) -> EndingServer:
    """The server, not running. Raises Misconfigured for TLS files that cannot be used."""
    tls = tls_context(serving)
    config = uvicorn.Config(
        api,
        http="h11",
        ws="none",
        loop="asyncio",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,  # gateway.edge.proxies reads them, from trusted proxies alone
        timeout_keep_alive=KEEP_ALIVE_S,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    connections = Connections(
        most=serving.max_connections,
        most_per_address=serving.max_connections_per_address,
        seconds=time.monotonic,
        trusts=proxies.trusts,
    )
    return EndingServer(
        config, connections=connections, head_timeout_s=serving.head_timeout_s, ending=ending or Ending()
    )


def listen(serving: Serving, settings: str = "SIMOJO_HOST and SIMOJO_PORT") -> Sequence[socket.socket]:
    """Sockets that wait for connections. Raises Misconfigured `address-in-use` when the address cannot be had.

    `settings` names those that would choose another one.
    """
    try:
        return bound_sockets(serving.host, serving.port, BACKLOG)
    except OSError as fault:
        raise Misconfigured(
            f"nobody can listen on {serving.host} port {serving.port} now ({fault.strerror or fault}); end what does,"
            f" or set {settings}",
            code="address-in-use",
        ) from None


def tls_context(serving: Serving) -> ssl.SSLContext | None:
    """TLS 1.2 or newer (Pasal 4(4)b); None without a certificate. Raises Misconfigured `tls-file-unusable`."""
    if serving.certificate is None:
        if serving.client_ca is not None or serving.key is not None:
            raise _unusable("SIMOJO_TLS_CERTIFICATE_FILE is missing: the hub needs a certificate of its own for TLS")
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(serving.certificate, serving.key)
    except OSError as fault:  # ssl.SSLError is one
        raise _unusable(
            f"SIMOJO_TLS_CERTIFICATE_FILE ({serving.certificate}) and SIMOJO_TLS_KEY_FILE ({serving.key}) are not a "
            f"certificate and its key in PEM: {fault}"
        ) from None
    if serving.client_ca is not None:
        try:
            context.load_verify_locations(serving.client_ca)
        except OSError as fault:
            raise _unusable(
                f"SIMOJO_TLS_CLIENT_CA_FILE ({serving.client_ca}) has no certificates in PEM: {fault}"
            ) from None
        # Pages and health work without one; agencies are held to theirs by SIMOJO_CLIENT_CERTIFICATES.
        context.verify_mode = ssl.CERT_OPTIONAL
        # The file may name an agency's certificate itself, where no authority issued it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _unusable(text: str) -> Misconfigured:
    return Misconfigured(text, code="tls-file-unusable")
