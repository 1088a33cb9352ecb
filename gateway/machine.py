"""What the machine is asked for: time, ids from chance, memory. Only `gateway.app` and the command line import this.

Everything below them is given these as arguments, so that a test can hold the clock.
"""

from __future__ import annotations

import ctypes
import gc
import os
import secrets
import sys
import time
from datetime import UTC, datetime

from gateway.domain.calendar import local_date

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VERSION_7 = 0x7 << 76 | 0x2 << 62
_M_ARENA_MAX, _ARENAS = -8, 2
_M_MMAP_THRESHOLD, _OF_THE_SYSTEM = -3, 256 * 1024
_FREE = (1 << 128) - 1 & ~(0xF << 76 | 0x3 << 62)


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def new_id() -> str:
    """A UUID of version 7 (RFC 9562): unique, and in the order of time, which keeps indexes narrow."""
    bits = (time.time_ns() // 1_000_000 << 80) | int.from_bytes(os.urandom(10))
    text = f"{bits & _FREE | _VERSION_7:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_case_id(at: datetime) -> str:
    """A case id that people read and type: the year and eight letters or digits without I, L, O, U."""
    return f"K-{local_date(at).year}-{''.join(secrets.choice(CROCKFORD) for _ in range(8))}"


def keep_memory_together() -> None:
    """Let threads share their memory, and let go at once of what is large.

    The C library gives each thread an arena of its own, whose free parts others cannot use: there are to be two. And a
    block of a quarter MiB or more is always the system's and goes back to it when it is free. By itself the library
    takes such blocks out of its arenas after the first was freed; pieces of a file, of a MiB each, then leave holes
    between what stays. Messages of usual size are below that, and as fast as before.

    mallopt(3) of glibc, before any thread is started; other C libraries have no arenas to bound.
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)) is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
        mallopt(_M_MMAP_THRESHOLD, _OF_THE_SYSTEM)


def give_memory_back() -> None:
    """Give back to the system what lies free between what is in use: a paper that was printed leaves megabytes of it.

    First what only the collector finds, since a signed PDF is a circle of objects, and the collector comes by itself
    when so many objects are new that hours may pass. Together some ten milliseconds; malloc_trim(3) is of glibc.
    """
    gc.collect()
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
