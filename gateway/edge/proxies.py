"""Who is at the other end: the client's address and TLS certificate, natively or as a trusted proxy tells them.

A proxy is believed when its own address is in SIMOJO_TRUSTED_PROXIES, and nobody else is. It tells

    the address       in the one header that SIMOJO_PROXY_ADDRESS_HEADER names: its last entry that is not a trusted
                      proxy itself. One header alone is read: a proxy that sets the one lets the client's other pass.
    the certificate   as Client-Cert and Client-Cert-Chain (RFC 9440): structured-field byte sequences, `:base64:`

From anybody else a Client-Cert header is refused (`client-cert-untrusted`): a spoof is seen, and a proxy that is
missing in the setting is found on the first day. Addresses that others claim are ignored, since browsers behind
foreign proxies send them too.
"""

from __future__ import annotations

import binascii
import re
import ssl
from base64 import b64decode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

from gateway.domain.errors import Malformed, Misconfigured
from gateway.trust.certificate_files import MAX_CERTIFICATE_BYTES

Address: TypeAlias = IPv4Address | IPv6Address
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

CLIENT_CERT = b"client-cert"
CLIENT_CERT_CHAIN = b"client-cert-chain"
MAX_CHAIN = 8

_BYTE_SEQUENCE = re.compile(r" *:([A-Za-z0-9+/]*={0,2}): *")
_FORWARDED_FOR = re.compile(r"(?i)(?:^|;)\s*for\s*=\s*(\"[^\"]*\"|[^;,\s]*)")


class AddressHeader(StrEnum):
    """In which header the proxy tells the client's address."""

    X_FORWARDED_FOR = "X-Forwarded-For"
    FORWARDED = "Forwarded"


@dataclass(frozen=True, kw_only=True)
class Proxies:
    """The trusted ones, and the header in which they tell the client's address."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    header: AddressHeader = AddressHeader.X_FORWARDED_FOR

    def trusts(self, address: str) -> bool:
        """Whether that peer is a proxy of ours."""
        ip = _address(address)
        return ip is not None and any(ip in network for network in self.networks)

    def client_address(self, peer: str, headers: Headers) -> str:
        """The client's address: the peer's own, or what trusted proxies say of it."""
        if not self.trusts(peer):
            return _shown(peer)
        address = peer
        wanted = self.header.value.lower().encode()
        said = b",".join(value for name, value in headers if name == wanted).decode("latin-1")
        for entry in reversed(said.split(",")):
            ip = _address(self._named(entry))
            if ip is None:
                break  # nothing that stands before an unreadable entry can be believed
            address = str(ip)
            if not self.trusts(address):
                break
        return _shown(address)

    def client_certificates(self, peer: str, headers: Headers) -> tuple[bytes, ...] | None:
        """The client's certificate and its chain as DER, as a trusted proxy shows them; None when it shows none.

        Raises Malformed: `client-cert-untrusted` when anybody else sends the headers, `client-cert-malformed`.
        """
        shown = [(name, value) for name, value in headers if name in {CLIENT_CERT, CLIENT_CERT_CHAIN}]
        if not shown:
            return None
        if not self.trusts(peer):
            raise Malformed(
                "Client-Cert is for the office's own proxies (RFC 9440), and your address is none of them: leave the "
                "header out and show your certificate in the TLS handshake; staff: see SIMOJO_TRUSTED_PROXIES",
                code="client-cert-untrusted",
            )
        leaves = [value for name, value in shown if name == CLIENT_CERT]
        if len(leaves) != 1:
            raise _malformed("stands once")
        chain = b",".join(value for name, value in shown if name == CLIENT_CERT_CHAIN)
        further = chain.split(b",") if chain.strip() else []
        if len(further) > MAX_CHAIN:
            raise _malformed(f"has at most {MAX_CHAIN} certificates in its chain")
        return tuple(_bytes(each) for each in (leaves[0], *further))

    def _named(self, entry: str) -> str:
        if self.header is AddressHeader.X_FORWARDED_FOR:
            return entry.strip()
        found = _FORWARDED_FOR.search(entry)
        return found[1].strip('"') if found else ""


def proxies_of(text: str, header: AddressHeader) -> Proxies:
    """Read SIMOJO_TRUSTED_PROXIES: addresses and networks, with commas. Raises Misconfigured `proxies-malformed`."""
    networks = []
    for word in text.replace(",", " ").split():
        try:
            networks.append(ip_network(word))
        except ValueError as fault:
            raise Misconfigured(
                f"SIMOJO_TRUSTED_PROXIES: {fault}; write addresses or networks such as 10.0.0.5, 10.1.0.0/24",
                code="proxies-malformed",
            ) from None
    return Proxies(networks=tuple(networks), header=header)


def tls_extension(chain: Sequence[bytes]) -> dict[str, Any]:
    """The `tls` member of an ASGI scope's extensions (ASGI TLS Extension 0.2); certificates are PEM there."""
    return {
        "server_cert": None,
        "client_cert_chain": [ssl.DER_cert_to_PEM_cert(each) for each in chain],
        "client_cert_name": None,
        "client_cert_error": None,
        "tls_version": None,
        "cipher_suite": None,
    }


def shown_certificate(scope: Any) -> bytes | None:
    """The client's certificate as DER, from the scope of a request; None when none was shown."""
    tls = (scope.get("extensions") or {}).get("tls") or {}
    chain = list(tls.get("client_cert_chain") or ())
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain else None


def _bytes(value: bytes) -> bytes:
    """A structured field's byte sequence (RFC 8941 section 3.3.5)."""
    match = _BYTE_SEQUENCE.fullmatch(value.decode("latin-1"))
    try:
        data = b64decode(match[1], validate=True) if match else b""
    except binascii.Error:
        data = b""
    if not 0 < len(data) <= MAX_CERTIFICATE_BYTES:
        raise _malformed("is a certificate's DER in base64 between colons, `:MII...:`")
    return data


def _malformed(rule: str) -> Malformed:
    return Malformed(f"Client-Cert {rule} (RFC 9440); correct the proxy", code="client-cert-malformed")


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    """An address, with or without a port; an IPv4 address in IPv6 clothes is what it is."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        ip = ip_address(bare)
    except ValueError:
        return None
    return getattr(ip, "ipv4_mapped", None) or ip


@lru_cache(maxsize=4096)
def _shown(address: str) -> str:
    ip = _address(address)
    return address if ip is None else str(ip)
