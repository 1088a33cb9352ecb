"""Numbers given out one after the other, in the commit that uses them."""

from __future__ import annotations

from gateway.store.plan import Change, Claim, Update
from gateway.store.reading import Reader
from gateway.store.tables import CounterRow


def next_number(reader: Reader, name: str) -> tuple[int, Change]:
    """The next number under that name, from 1, and the guarded change that takes it: nobody else gets the same."""
    last = reader.counter(name)
    if last is None:
        return 1, Claim(CounterRow, ("name",), {"name": name, "value": 1})
    return last + 1, Update(CounterRow, {"name": name}, {"value": last}, {"value": last + 1})
