"""Opening the store for one command, and closing it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.app import Store, open_store
from gateway.machine import now
from gateway.settings import load_settings

ACTOR = "staff/console"
"""Who acts when the command line does: whoever may read the keys on this machine."""


@contextmanager
def opened() -> Iterator[Store]:
    """The store by the settings of the environment."""
    store = open_store(load_settings(), clock=now)
    try:
        yield store
    finally:
        store.close()
