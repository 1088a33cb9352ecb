"""Which processes are at work, and whether each has the master keys that are needed.

A process says so once it can be seen by others (its lead's session on PostgreSQL, the lock's file on SQLite), and then
looks at what the store needs. A rotation reads `HOLDERS` first, then who can be seen, then what they said, and begins
only while `HOLDERS` stands: whoever comes in between is either seen, or sees that the new key wraps and ends.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Engine

from gateway.domain.errors import Refused
from gateway.operations.master_keys import make_sure
from gateway.store.conflicts import commit, prepared_again
from gateway.store.leadership import seen
from gateway.store.plan import Add, Change, Claim, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import CounterRow, KeyHolderRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.trust.key_ring import KeyRing

HOLDERS = "key-holders"
"""The name of the counter that moves whenever a process says which keys it has."""


def announce(reader: Reader, unit_of_work: UnitOfWork, engine: Engine, ring: KeyRing, name: str, at: datetime) -> None:
    """Say which master keys this process has, forget those of processes that have ended, and make sure of the keys.

    Raises Misconfigured as `make_sure` does.
    """

    def prepare() -> None:
        rows = reader.key_holders()
        running = {name} if (others := seen(engine)) is None else {name, *others}
        values = {"name": name, "keys": " ".join(ring.ids), "started_at": at}
        gone = [Delete(KeyHolderRow, {"name": row.name}) for row in rows if row.name not in running]
        earlier = next((row for row in rows if row.name == name), None)
        own: Change = Claim(KeyHolderRow, ("name",), values)
        if earlier is not None:
            own = Update(KeyHolderRow, {"name": name}, {"keys": earlier.keys}, values)
        commit(unit_of_work, Plan((*gone, own, _moved(reader.counter(HOLDERS)))))

    prepared_again(prepare)
    make_sure(reader, ring)


def all_hold(reader: Reader, engine: Engine, needed: Collection[str]) -> Change:
    """The guard that every process at work has these master keys. Raises Refused `key-not-everywhere`."""
    counted = reader.counter(HOLDERS)
    running = seen(engine)
    said = {row.name: row.keys.split() for row in reader.key_holders()}
    at_work = said.keys() if running is None else running
    without = sorted(each for each in at_work if not set(needed) <= set(said.get(each, ())))
    if without or (running is None and not said):
        raise Refused(
            f"{'; '.join(without) or 'the hub'} is at work and does not have the master key {' and '.join(needed)}: put"
            " both keys into SIMOJO_MASTER_KEY_FILE everywhere, the newest first, start these processes anew, then"
            " rotate",
            code="key-not-everywhere",
        )
    return _stands(counted)


def _moved(counted: int | None) -> Change:
    return _first() if counted is None else Add(CounterRow, {"name": HOLDERS}, "value")


def _stands(counted: int | None) -> Change:
    return _first() if counted is None else Update(CounterRow, {"name": HOLDERS}, {"value": counted}, {})


def _first() -> Change:
    return Claim(CounterRow, ("name",), {"name": HOLDERS, "value": 1})
