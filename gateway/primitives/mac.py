"""HMAC with SHA-256 (RFC 2104) for short data.

The standard library's one-shot `hmac.digest` lets go of the interpreter for a microsecond of work, and with other
threads at work it takes a turn of theirs to get it back: a dozen times for each exchange. `cryptography` keeps it.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

_SHA256 = SHA256()


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    """The 32 bytes. Gives the same as `hmac.digest(key, data, "sha256")`."""
    mac = HMAC(key, _SHA256)
    mac.update(data)
    return mac.finalize()
