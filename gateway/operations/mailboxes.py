"""Mailboxes that their agencies do not empty: what staff are told of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.domain.calendar import JAKARTA
from gateway.store.reading import Reader

NOT_EMPTIED = timedelta(days=1)
"""A mailbox in which something is older than that is worth a word: an agency's system comes every few minutes."""


def mailbox_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """Mailboxes in which something is for longer than NOT_EMPTIED, a sentence each: what, since when, what to do."""
    found = []
    for load in reader.mailbox_loads():
        if now - load.oldest_at <= NOT_EMPTIED:
            continue
        since = load.oldest_at.astimezone(JAKARTA)
        last = "none of it was ever collected"
        if load.last_at is not None:
            last = (
                f"{load.collected} of them are collected and not acknowledged, the last at "
                f"{load.last_at.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB"
            )
        found.append(
            f"{load.agency} has {load.lying + load.collected} items in its mailbox, the oldest since "
            f"{since:%Y-%m-%d %H:%M} WIB; {last}: see that its system comes for them (simojo agency check "
            f"{load.agency})"
        )
    return tuple(found)
