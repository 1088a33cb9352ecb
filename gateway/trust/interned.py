"""The names that libxml2 keeps: bounded, whoever sends them.

libxml2 stores each name of an element, attribute or prefix once, in a dictionary. lxml makes one dictionary for each
thread and keeps it as long as the thread lives, so every name that anybody ever sent would stay: a document of fresh
names costs its own size for good, before its sender has proven anything. Here a thread begins a new dictionary after
every so many bytes. Documents hold the dictionary that they were made with, and lxml moves elements from one to the
other, as it does between threads.
"""

from __future__ import annotations

import ctypes
import threading
from typing import Any, Final

MAX_KEPT_BYTES: Final = 2**20
"""Bytes of documents after which the names in them are let go of: some hundred messages."""

_CONTEXT: Final = "_ParserDictionaryContext"
"""Where lxml keeps a thread's dictionary, among what belongs to the thread's state."""

_state_of_thread: Any = ctypes.pythonapi.PyThreadState_GetDict
_state_of_thread.argtypes = []
_state_of_thread.restype = ctypes.c_void_p  # borrowed: as py_object it would be let go of once too often


class _Read(threading.local):
    """How much this thread has read since it began its dictionary."""

    count = 0


_read = _Read()


def bound_names(more: int) -> None:
    """Call before a document of `more` bytes is parsed: begins a new dictionary where this thread has read enough."""
    if _read.count > MAX_KEPT_BYTES:
        ctypes.cast(_state_of_thread(), ctypes.py_object).value.pop(_CONTEXT, None)
        _read.count = 0
    _read.count += more
