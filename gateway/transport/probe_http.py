"""The HTTP step of a look at an endpoint: a HEAD, and what came back."""

from __future__ import annotations

import re
import socket
import ssl
from urllib.parse import SplitResult

from gateway.transport.connection import Call
from gateway.transport.errors import NotSent, Unknown
from gateway.transport.errors import Stage as CallStage
from gateway.transport.sight import Sight, Stage, Verdict, because, failed

MAX_HEAD_BYTES = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})(?: ([^\r\n]{0,80}))?\r?\n")


def asked(sock: socket.socket, url: SplitResult, call: Call) -> bytes:
    """Send HEAD and give what comes back, up to the end of the head. Raises LookEndedError."""
    target = url.path or "/"
    request = (
        f"HEAD {target} HTTP/1.1\r\nHost: {url.netloc.rpartition('@')[2]}\r\nUser-Agent: simojo\r\n"
        "Accept: */*\r\nConnection: close\r\n\r\n"
    )
    head = bytearray()
    expected = "an HTTP answer to HEAD"
    try:
        call.stage = CallStage.WRITE
        sock.settimeout(call.left())
        try:
            sock.sendall(request.encode("ascii", "replace"))
        except TimeoutError:
            raise
        except OSError:
            pass  # who hung up may have said why (a TLS alert): what follows reads it
        call.stage = CallStage.READ
        while b"\r\n\r\n" not in head and b"\n\n" not in head and len(head) < MAX_HEAD_BYTES:
            sock.settimeout(call.left())
            more = sock.recv(4096)
            if not more:
                break
            head += more
    except TimeoutError as fault:
        advice = "see why the agency's service is slow or hangs: the network lets connections through"
        found = f"no complete answer within {call.limit_s:g} s ({len(head)} bytes came)"
        raise failed(Stage.HTTP, expected, found, advice) from fault
    except (OSError, NotSent, Unknown) as fault:
        if isinstance(fault, (NotSent, Unknown)):
            found = f"no complete answer within {call.limit_s:g} s ({len(head)} bytes came)"
        else:
            found = f"the connection was broken off: {because(fault)}"
        asks = "certificate required" in found.lower()
        advice = "see the log of the agency's service at this moment"
        if asks or isinstance(sock, ssl.SSLSocket):
            advice = f"see whether it asks for a client certificate (mTLS), and {advice}"
        raise failed(Stage.HTTP, expected, found, advice) from fault
    if not head:
        advice = "see the log of the agency's service; a TLS port that is asked in plain HTTP does this too"
        raise failed(Stage.HTTP, expected, "the connection was closed without an answer", advice)
    return bytes(head)


def status_of(head: bytes) -> Sight:
    """What an answer's status line says. Raises LookEndedError for what is no HTTP."""
    match = _STATUS.match(head)
    expected = "an HTTP answer to HEAD; any status below 500 but 404 will do"
    if match is None:
        shown = head[:40].decode("ascii", "replace")
        said = "".join(each if each.isprintable() else "?" for each in shown)
        advice = "see that this port is the agency's HTTP service"
        raise failed(Stage.HTTP, expected, f"no HTTP: {said!r}", advice)
    status, reason = int(match[1]), (match[2] or b"").decode("ascii", "replace")
    found = f"{status} {''.join(each for each in reason if each.isprintable())}".strip()
    if status >= 500:
        advice = "the agency's service has a fault of its own: see its log"
        return Sight(stage=Stage.HTTP, verdict=Verdict.WARN, expected=expected, found=found, advice=advice)
    if status == 404:
        found = f"{found}: nothing listens at this path"
        advice = "ask the agency for the whole path of its service, and set it: simojo agency endpoint"
        return Sight(stage=Stage.HTTP, verdict=Verdict.WARN, expected=expected, found=found, advice=advice)
    if 300 <= status < 400:
        advice = "set the endpoint to where it leads: the hub follows no redirects"
        return Sight(stage=Stage.HTTP, verdict=Verdict.WARN, expected=expected, found=found, advice=advice)
    return Sight(stage=Stage.HTTP, verdict=Verdict.OK, expected=expected, found=found)
