"""Whose a network address is. Whatever is counted for each address is counted for its owner."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv6Address, ip_address

NEIGHBOURHOOD = 64
"""Bits of an IPv6 address that name its owner: who has one has the rest of its /64."""


@lru_cache(maxsize=4096)
def owner_of(address: str) -> str:
    """Whom an address belongs to: itself, or the /64 of an IPv6 address; IPv4 written as IPv6 is IPv4 (RFC 4291)."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return str(ip)
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return f"{IPv6Address(int(ip) >> NEIGHBOURHOOD << NEIGHBOURHOOD)}/{NEIGHBOURHOOD}"
