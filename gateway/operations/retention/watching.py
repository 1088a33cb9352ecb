"""Runs that do not come to their end are told to staff: bodies are kept for longer than was agreed meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import takewhile

from gateway.domain.calendar import JAKARTA
from gateway.store.reading import Reader

LATE = timedelta(hours=48)
"""What one night has not done the next one does; what two have not needs a person."""


def retention_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """A sentence where no run came to its end since one that began more than LATE ago: since when, and what to do."""
    unended = list(takewhile(lambda run: run.ended_at is None, reader.retention_runs()))
    if not unended or now - unended[-1].began_at <= LATE:
        return ()
    since = unended[-1].began_at.astimezone(JAKARTA)
    removed = sum(run.removed for run in unended)
    sentence = (
        f"no retention run came to its end since the one of {since:%Y-%m-%d %H:%M} WIB ({removed} exchanges done since"
        " then): run simojo retention run, which goes on where it stands, and see what the hub logs of it"
    )
    return (sentence,)
