"""Opening the store for one command, and closing it again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from gateway.app import Store, open_store
from gateway.domain.errors import Refused
from gateway.machine import now
from gateway.settings import load_settings

ACTOR = "staff/console"
"""Who acts when the command line does: whoever may read the keys on this machine. Deeds that stand for a person take
`By` in its place."""

By = Annotated[str, typer.Option(help="the id of the member of staff who does it")]


@contextmanager
def opened(*, accept_loss_by: str | None = None) -> Iterator[Store]:
    """The store by the settings of the environment; `accept_loss_by` as for `open_store`."""
    store = open_store(load_settings(), clock=now, accept_loss_by=accept_loss_by)
    try:
        yield store
    finally:
        store.close()


def actor_of(store: Store, by: str) -> str:
    """How deeds name this member of staff, as the console names them. Raises Refused `staff-unknown`."""
    if store.reader.staff(by) is None:
        raise Refused(f"no staff {by[:64]!r} is known: `simojo staff list` shows the ids", code="staff-unknown")
    return f"staff/{by}"
