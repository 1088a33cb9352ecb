"""Keys and certificates of the hub and of agencies, made once for each process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from conformance.signing.keys import Identity, self_signed
from gateway.trust.dev_ca import DevelopmentCa, IssuedLeaf, LeafKind

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
"""When every test begins: a Monday, ten in the morning in Mojokerto."""


@cache
def hub_leaf(folder: Path, kind: LeafKind = LeafKind.EC) -> IssuedLeaf:
    """The hub's key by a development authority kept in `folder`."""
    return DevelopmentCa.make(folder, production=False, at=AT - timedelta(days=1)).issue("dpmptsp", at=AT, kind=kind)


@cache
def agency_identity(name: str, kind: str = "ec") -> Identity:
    """An agency's key and certificate; the same for the same arguments."""
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if kind == "ec"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    return Identity(key, self_signed(key, name, serial=1, at=AT))
