"""Erasures that stand still are told to staff: nobody else notices, for the person is found by nobody any more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from gateway.domain.calendar import JAKARTA
from gateway.operations.erasing.destroying import DESTROYED
from gateway.store.reading import Reader
from gateway.store.tables import ErasureRow

LATE = timedelta(days=1)
"""An erasure takes minutes; one that is not done after this stands still, or waits for somebody."""


def erasure_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """A sentence for each erasure that has stood where it is for more than a day: where, and what to do."""
    return tuple(sentence for row in reader.erasures_under_way() for sentence in _sentences(row, now))


def _sentences(row: ErasureRow, now: datetime) -> Iterator[str]:
    since = row.destroyed_at or row.decided_at or row.proposed_at
    if now - since <= LATE:
        return
    when = f"{since.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB"
    if row.state != DESTROYED:
        yield (
            f"erasure {row.id} is approved since {when} and its keys are not destroyed: see that a hub runs and what it"
            f" logs of it; simojo erasure show {row.id} names what stands in its way"
        )
    elif row.swept_at is None:
        yield (
            f"the keys of erasure {row.id} are destroyed since {when} and what they sealed is not blanked: see that a"
            " hub runs and what it logs of it, and start it again"
        )
    else:
        yield (
            f"erasure {row.id} is blanked, and since {when} the storage still has its old blocks: run"
            " simojo erasure compact at a quiet hour, since nobody can write meanwhile"
        )
