"""The names that libxml2 keeps: bounded, whoever sends them.

libxml2 stores each name of an element, attribute or prefix once, in a dictionary. lxml makes one dictionary for each
thread and keeps it as long as the thread lives, so every name that anybody ever sent would stay: a document of fresh
names costs its own size for good, before its sender has proven anything. So a thread that reads what others send ends
when it has read enough, and another follows it (`gateway.edge.crew`, `gateway.exchange.couriers`). Documents hold the
dictionary that they were made with, and lxml moves elements from one to the other.
"""

from __future__ import annotations

import threading
from typing import Final

MAX_KEPT_BYTES: Final = 2**20
"""Bytes of documents after which a thread has read enough: some hundred messages."""


class _Read(threading.local):
    """How much this thread has read since it began."""

    count = 0


_read = _Read()


def note_reading(more: int) -> None:
    """Call before a document of `more` bytes is parsed."""
    _read.count += more


def has_read_enough() -> bool:
    """Whether this thread is to end once it has done what it is at, so that the names that it read are let go of."""
    return _read.count > MAX_KEPT_BYTES
