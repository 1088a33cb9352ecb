"""`simojo adapter try` where the agency speaks first: its next message is waited for, and what becomes of a file."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, TypeVar

from gateway.contract.adapter import Batch, Inbound
from gateway.exchange.batch.documents import ENDED, BatchState
from gateway.machine import now
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow, ExchangeRow

T = TypeVar("T")

PAUSE_S: Final = 0.2
LOOKED_AT: Final = 50
"""So many of the agency's newest exchanges are looked at each time."""


def listen(reader: Reader, agency: str, declared: Inbound, wait_s: float) -> bool:
    """Tell what the agency says next in an interaction, and what came of it; whether it was accepted, and done."""
    since, looks = now(), iter(range(int(wait_s / PAUSE_S)))
    print(f"waiting for {agency} to begin {declared.name}; simulated, it does so as README.md in its folder says")
    came = _waited(lambda: _next(reader, agency, declared.name, since), looks)
    if came is None:
        print(f"nothing came within {wait_s:.0f} s: is `simojo serve` running, and the agency?")
        return False
    print(f"exchange {came.id} was {came.verdict}{f': {came.code}' if came.code else ''}")
    print(f"what was exchanged is kept; `simojo ledger receipt {came.id} FILE` proves it")
    if came.code or not isinstance(declared, Batch):
        return came.code is None
    ended = _waited(lambda: _ended(reader, came.id), looks)
    if ended is None:
        print(f"the file is not done with within {wait_s:.0f} s: simojo batch show {came.id}")
        return False
    print(
        f"the file is {ended.state}: {ended.accepted} records accepted, {ended.declined} declined, {ended.invalid} "
        f"invalid, {ended.failed} failed"
    )
    return ended.state == BatchState.COMPLETED


def _waited(look: Callable[[], T | None], looks: Iterator[int]) -> T | None:
    """What is found first; None when there are no looks left."""
    pause = threading.Event()
    for _ in looks:
        found = look()
        if found is not None:
            return found
        pause.wait(PAUSE_S)
    return None


def _next(reader: Reader, agency: str, interaction: str, since: datetime) -> ExchangeRow | None:
    """The first exchange of that interaction that the agency has begun since."""
    rows = reader.exchanges(LOOKED_AT, agency=agency)
    came = [each for each in rows if (each.direction, each.interaction) == ("in", interaction) and each.at >= since]
    return came[-1] if came else None


def _ended(reader: Reader, batch: str) -> BatchRow | None:
    row = reader.batch(batch)
    return row if row is not None and row.state in ENDED else None
