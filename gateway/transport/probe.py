"""One look at an agency's endpoint, from its name to its clock, without a business message and within one deadline.

1. DNS    the name resolves
2. TCP    an address takes the connection
3. TLS    a handshake; if it fails, a second one that trusts anybody shows the certificate that came
4. HTTP   an answer to HEAD, whatever its status
5. clock  the answer's Date beside ours

A URL that cannot be looked at, and the hub's own address, end the look before a connection is made.

A step that fails ends the look, and says what was expected, what came and what to do. Nothing is kept, and nothing of
the answer is used but its status line and its Date.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import httpx2
from cryptography import x509

from gateway.transport.connection import Call, resolve
from gateway.transport.errors import NotSent, Unknown
from gateway.transport.errors import Stage as CallStage
from gateway.transport.probe_http import asked, status_of
from gateway.transport.sight import LookEndedError, Sight, Stage, Verdict, because, failed
from gateway.trust.freshness import SKEW_S, zone_mistake

LIMIT_S = 10.0
NEAR_END_DAYS = 30
_DATE = re.compile(rb"^date:\s*([^\r\n]{1,60})\r?$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Prober:
    """Looks at endpoints. `monotonic` gives seconds, `now` our time; `ca_file` replaces the system's authorities.

    `certificate_file` and `key_file` are shown to agencies that ask for a client certificate (mTLS). `own` are the
    hosts (or addresses) and ports where the hub itself is reached: an agency does not listen there.
    """

    monotonic: Callable[[], float]
    now: Callable[[], datetime]
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    own: frozenset[tuple[str, int]] = frozenset()
    limit_s: float = LIMIT_S

    def look(self, url: str) -> tuple[Sight, ...]:
        """Look at an endpoint; ends after `limit_s` seconds. Raises nothing of what the other side does."""
        begun = self.monotonic()
        call = Call(clock=self.monotonic, limit_s=self.limit_s, ends_at=begun + self.limit_s, connect_s=self.limit_s)
        return tuple(self._steps(url, call))

    def _steps(self, address: str, call: Call) -> Iterator[Sight]:
        try:
            url, host, port = _read(address)
            # 1. and 2.
            begun = self.monotonic()
            addresses = _resolved(host, port, call)
            took_ms = (self.monotonic() - begun) * 1000
            named = ", ".join(dict.fromkeys(str(address[0]) for _, address in addresses))
            yield Sight(stage=Stage.DNS, verdict=Verdict.OK, expected="", found=f"{named} in {took_ms:.0f} ms")
            self._refuse_own({host, *(str(each[0]) for _, each in addresses)}, port)
            sock = self._connected(host, port, call)
            yield Sight(stage=Stage.TCP, verdict=Verdict.OK, expected="", found=f"{_peer(sock)} takes connections")
            # 3.
            if url.scheme == "https":
                sock, sight = self._secured(sock, host, port, call)
                yield sight
            # 4. and 5.
            with sock:
                head = asked(sock, url, call)
            yield status_of(head)
            yield self._clock(head)
        except LookEndedError as end:
            yield end.sight

    def _refuse_own(self, names: set[str], port: int) -> None:
        if any((name, port) in self.own for name in names):
            raise failed(
                Stage.HTTP,
                "the agency's service",
                f"this is the hub's own address (port {port})",
                "set the endpoint to where the agency listens: simojo agency endpoint",
            )

    def _connected(self, host: str, port: int, call: Call) -> socket.socket:
        call.stage = CallStage.TCP
        refusals: list[str] = []
        for family, address in _resolved(host, port, call):
            call.stage = CallStage.TCP
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(call.left())
                sock.connect(address)
            except (OSError, NotSent) as fault:
                sock.close()
                refusals.append(f"{address[0]!s} port {port}: {because(fault)}")
            else:
                return sock
        raise failed(
            Stage.TCP,
            "a connection",
            "; ".join(refusals),
            "see that the agency's service runs and that a firewall lets the hub through to that port",
        )

    # --- 3. TLS ---------------------------------------------------------------------------------------------------

    def _secured(self, sock: socket.socket, host: str, port: int, call: Call) -> tuple[socket.socket, Sight]:
        expected = f"TLS 1.2 or 1.3 with a certificate for {host} of a trusted authority"
        try:
            secure = _wrapped(sock, self._context(), host, call)
        except ssl.SSLCertVerificationError as fault:
            raise self._untrusted(host, port, call, expected, fault.verify_message or str(fault)) from fault
        except ssl.SSLError as fault:
            raise failed(Stage.TLS, expected, *_handshake(fault)) from fault
        except (OSError, NotSent) as fault:
            advice = "see that this port speaks TLS, and that nothing between closes the connection"
            raise failed(Stage.TLS, expected, f"no handshake: {because(fault)}", advice) from fault
        cipher = secure.cipher()
        found = f"{secure.version()}, {cipher[0] if cipher else 'no cipher'}"
        certificate = _certificate(secure)
        if certificate is None:
            return secure, Sight(stage=Stage.TLS, verdict=Verdict.OK, expected=expected, found=found)
        days = (certificate.not_valid_after_utc - self.now()).days
        verdict, advice = Verdict.OK, ""
        if days <= NEAR_END_DAYS:
            verdict, advice = Verdict.WARN, f"the agency renews its TLS certificate within {days} days"
        told = f"{found}; {self._described(certificate)}; chain and name are right"
        return secure, Sight(stage=Stage.TLS, verdict=verdict, expected=expected, found=told, advice=advice)

    def _untrusted(self, host: str, port: int, call: Call, expected: str, reason: str) -> LookEndedError:
        """Shake hands once more without trust, to say which certificate it was that was not trusted."""
        shown = "its certificate could not be had"
        with suppress(LookEndedError, OSError, NotSent):
            blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            blind.check_hostname = False
            blind.verify_mode = ssl.CERT_NONE  # to look at, and for nothing else
            with _wrapped(self._connected(host, port, call), blind, host, call) as secure:
                certificate = _certificate(secure)
                if certificate is not None:
                    shown = self._described(certificate)
        advice = {
            "certificate has expired": "the agency renews its TLS certificate",
            "certificate is not yet valid": "the agency sets its clock, or uses the certificate from that time on",
        }.get(reason, "")
        if not advice and ("mismatch" in reason or "not valid for" in reason):
            advice = f"the agency's certificate names {host} (subjectAltName), or staff set the endpoint to its name"
        if not advice:
            advice = "the agency sends the whole chain, or its authority is put into the hub's CA file"
        return failed(Stage.TLS, expected, f"{reason}; {shown}", advice)

    def _context(self) -> ssl.SSLContext:
        if self.ca_file is None:
            context = httpx2.create_ssl_context(trust_env=False)
        else:
            context = ssl.create_default_context(cafile=self.ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate_file is not None:
            context.load_cert_chain(self.certificate_file, self.key_file)
        return context

    def _described(self, certificate: x509.Certificate) -> str:
        end = certificate.not_valid_after_utc
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            named = ", ".join(str(each.value) for each in list(names)[:6])
        except (x509.ExtensionNotFound, ValueError):
            named = "nothing"
        return (
            f"certificate of {certificate.subject.rfc4514_string()[:100]} for {named}, issued by "
            f"{certificate.issuer.rfc4514_string()[:100]}, valid {certificate.not_valid_before_utc:%Y-%m-%d} to "
            f"{end:%Y-%m-%d} ({(end - self.now()).days} days left)"
        )

    # --- 5. clock -------------------------------------------------------------------------------------------------

    def _clock(self, head: bytes) -> Sight:
        expected = f"a Date within {SKEW_S} s of ours"
        match = _DATE.search(head)
        theirs: datetime | None = None
        with suppress(ValueError, TypeError, OverflowError):
            theirs = parsedate_to_datetime(match[1].decode("ascii", "replace")) if match else None
        if theirs is None:
            found = "no Date in the answer, so its clock cannot be seen"
            return Sight(stage=Stage.CLOCK, verdict=Verdict.WARN, expected=expected, found=found)
        theirs = theirs.replace(tzinfo=UTC) if theirs.tzinfo is None else theirs
        off_s = round((theirs - self.now()).total_seconds())
        found = f"{off_s:+d} s beside the hub's clock"
        if abs(off_s) <= SKEW_S:
            return Sight(stage=Stage.CLOCK, verdict=Verdict.OK, expected=expected, found=found)
        zone = zone_mistake(off_s)
        why_so = f": {zone}" if zone else ""
        advice = "the agency sets its clock by NTP and its time zone rightly: signed times would be refused"
        return Sight(
            stage=Stage.CLOCK, verdict=Verdict.FAIL, expected=expected, found=f"{found}{why_so}", advice=advice
        )


def reached_at(url: str) -> tuple[str, int]:
    """Give host and port of an http(s) URL. Raises ValueError for what has none, or a port that cannot be."""
    parts = urlsplit(url)
    port = parts.port
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0:
        raise ValueError("no http(s) URL with a host, and with a port from 1 to 65535 if any")
    return parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _read(url: str) -> tuple[SplitResult, str, int]:
    try:
        return urlsplit(url), *reached_at(url)
    except ValueError as fault:
        advice = "correct the endpoint: simojo agency endpoint"
        expected = "an http(s) URL with a host, and with a port from 1 to 65535 if any"
        raise failed(Stage.DNS, expected, f"{url[:200]!r}: {fault}", advice) from fault


def _resolved(host: str, port: int, call: Call) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    call.stage = CallStage.DNS
    call.connect_by = call.ends_at
    try:
        return resolve(host, port, call)  # type: ignore[return-value]  # the third form of address is no IP socket's
    except (NotSent, Unknown) as fault:
        advice = "correct the endpoint (simojo agency endpoint), or see that the hub's machine can ask its DNS server"
        raise failed(Stage.DNS, f"addresses of {host}", fault.text, advice) from fault


def _wrapped(sock: socket.socket, context: ssl.SSLContext, host: str, call: Call) -> ssl.SSLSocket:
    call.stage = CallStage.TLS
    try:
        sock.settimeout(call.left())
        return context.wrap_socket(sock, server_hostname=host)
    except BaseException:
        sock.close()
        raise


def _handshake(fault: ssl.SSLError) -> tuple[str, str]:
    reason = (fault.reason or "").upper()
    said = str(fault.reason or fault)
    if reason in {"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"}:
        return (
            f"what came is no TLS ({said}): plain HTTP, or another service, answers on this port",
            "set the endpoint to the port that speaks TLS, or the agency switches TLS on",
        )
    if "CERTIFICATE_REQUIRED" in reason or "BAD_CERTIFICATE" in reason or "HANDSHAKE_FAILURE" in reason:
        return f"the agency refused the handshake ({said})", "see whether it asks for a client certificate (mTLS)"
    if "UNSUPPORTED_PROTOCOL" in reason or "PROTOCOL_VERSION" in reason or "NO_PROTOCOLS" in reason:
        return f"no TLS version in common ({said})", "the agency switches TLS 1.2 or 1.3 on; older ones are broken"
    return f"the handshake failed ({said})", "see the log of the agency's TLS server at this moment"


def _certificate(secure: ssl.SSLSocket) -> x509.Certificate | None:
    der = secure.getpeercert(binary_form=True)
    try:
        return x509.load_der_x509_certificate(der) if der else None
    except ValueError:
        return None


def _peer(sock: socket.socket) -> str:
    address, port = sock.getpeername()[:2]
    with suppress(ValueError):
        return f"[{address}]:{port}" if ip_address(address).version == 6 else f"{address}:{port}"
    return f"{address}:{port}"
