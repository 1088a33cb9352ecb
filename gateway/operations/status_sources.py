"""Asking authorities about certificates: local lists first, then OCSP, then the lists that the certificate names.

Answers are signed, so plain HTTP will do; they are read within TIME_S and to a size, and no redirect is followed. The
addresses are those in certificates that chain to a configured authority: nobody else can have the hub call them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from cryptography import x509

from gateway.domain.errors import AgencyUnavailable, GatewayError, Misconfigured, Refused
from gateway.transport.http import HttpReply, OutboundCall
from gateway.trust.ocsp import ocsp_question, read_ocsp, responder_addresses
from gateway.trust.revocation import Word
from gateway.trust.revocation_lists import list_addresses, load_list, read_list

TIME_S: Final = 10.0
"""For one question, from the look-up of the name to the last byte."""

MAX_LIST_BYTES: Final = 20 * 2**20
MAX_OCSP_BYTES: Final = 64 * 1024
NONCE_SIZE: Final = 16


class Client(Protocol):
    """What is needed of `gateway.transport.http.HttpClient`."""

    def send(self, call: OutboundCall) -> HttpReply:
        """Send and give the whole reply."""
        ...


class StatusSources:
    """Asks. One for each round: a list that several certificates name is fetched once.

    `nonce` gives random bytes; one question takes `time_s` seconds at most.
    """

    def __init__(
        self, client: Client, lists: Sequence[bytes], nonce: Callable[[int], bytes], *, time_s: float = TIME_S
    ) -> None:
        self._client = client
        self._time_s = time_s
        self._lists = lists
        self._nonce = nonce
        self._fetched: dict[str, x509.CertificateRevocationList | GatewayError] = {}
        self._away: dict[str, AgencyUnavailable] = {}

    def ask(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Word:
        """Give the first word that counts.

        Raises Refused `certificate-status-unknown` that says what each source answered.
        """
        faults: list[str] = []
        ways: list[tuple[str, Callable[[], Word]]] = [
            *(("local list", lambda data=data: self._local(data, certificate, issuer, at)) for data in self._lists),
            *(
                (url, lambda url=url: self._ocsp(url, certificate, issuer, at))
                for url in responder_addresses(certificate)
            ),
            *((url, lambda url=url: self._list(url, certificate, issuer, at)) for url in list_addresses(certificate)),
        ]
        for source, way in ways:
            try:
                return way()
            except (Refused, AgencyUnavailable, Misconfigured) as fault:
                faults.append(f"{source}: {fault.text}")
        raise Refused(
            "; ".join(faults) or "the certificate names no place to ask (no OCSP, no list), and no local list is its",
            code="certificate-status-unknown",
        )

    def _local(self, data: bytes, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Word:
        return read_list(load_list(data), certificate, issuer, at, "local list")

    def _ocsp(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Word:
        nonce = self._nonce(NONCE_SIZE)
        body = ocsp_question(certificate, issuer, nonce)
        headers = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
        return read_ocsp(self._fetch("POST", url, headers, body, MAX_OCSP_BYTES), certificate, issuer, nonce, at, url)

    def _list(self, url: str, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Word:
        if url not in self._fetched:
            try:
                self._fetched[url] = load_list(self._fetch("GET", url, {}, b"", MAX_LIST_BYTES))
            except GatewayError as fault:
                self._fetched[url] = fault
        found = self._fetched[url]
        if isinstance(found, GatewayError):
            raise found
        return read_list(found, certificate, issuer, at, url)

    def _fetch(self, method: str, url: str, headers: dict[str, str], body: bytes, max_bytes: int) -> bytes:
        if url in self._away:  # one that keeps us waiting does so once in a round
            raise self._away[url]
        call = OutboundCall(
            method=method, url=url, headers=headers, body=body, timeout_s=self._time_s, max_reply_bytes=max_bytes
        )
        try:
            reply = self._client.send(call)
        except AgencyUnavailable as fault:
            self._away[url] = fault
            raise
        if reply.status != 200:
            raise Refused(f"it answers with HTTP status {reply.status}", code="revocation-answer-wrong")
        return reply.body
