"""What the machine is asked for: time, and ids from chance. Only `gateway.app` and the command line import this.

Everything below them is given these as arguments, so that a test can hold the clock.
"""

from __future__ import annotations

import os
import secrets
import time
import uuid
from datetime import UTC, datetime

from gateway.domain.calendar import local_date

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): unique, and in the order of time, which keeps indexes narrow."""
    stamp = time.time_ns() // 1_000_000
    bits = (stamp << 80) | (int.from_bytes(os.urandom(10)) & ((1 << 80) - 1))
    bits = (bits & ~(0xF << 76)) | (0x7 << 76)
    bits = (bits & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=bits))


def new_case_id(at: datetime) -> str:
    """A case id that people read and type: the year and eight letters or digits without I, L, O, U."""
    return f"K-{local_date(at).year}-{''.join(secrets.choice(CROCKFORD) for _ in range(8))}"
