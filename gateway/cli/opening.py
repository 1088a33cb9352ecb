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
def opened(*, accept_loss_by: str | None = None) -> Iterator[Store]:
    """The store by the settings of the environment; `accept_loss_by` as for `open_store`."""
    store = open_store(load_settings(), clock=now, accept_loss_by=accept_loss_by)
    try:
        yield store
    finally:
        store.close()
