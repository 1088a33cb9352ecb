"""Another master key: everything that the one before has wrapped is wrapped anew, in steps that may end anywhere.

1. know     every process at work has both keys, and the store's keys are all here
2. switch   the first key of the ring wraps from now on: one commit with its KEY leaf, guarded by who was at work; no
            plan that was made under the earlier key is written any more
3. wrap     ROWS rows in each commit, guarded by what was read; whoever finds them wrapped anew passes them by
4. gone     where nothing is left under an earlier key: its state, with a KEY leaf; it may be left out from then on

Killed between any two of them, the same command goes on. A row that does not open is damage: it is counted, and the
key that its head names stays needed, since a backup may mend the row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Engine
from sqlmodel import SQLModel

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Misconfigured, Tampered
from gateway.ledger.leaf import LeafKind
from gateway.operations.key_holders import all_hold
from gateway.operations.master_keys import make_sure
from gateway.store.conflicts import commit, prepared_again
from gateway.store.derived import context_of
from gateway.store.plan import Change, Claim, Plan, Update, table_of
from gateway.store.reading import Reader
from gateway.store.reads.keys import WRAPPED
from gateway.store.tables import CredentialRow, DataKeyRow, DerivedKeyRow, MasterKeyRow
from gateway.store.tables.keys import GONE, OPENS, WRAPS
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.wrapping import credential_context, data_key_context, held_context
from gateway.trust.key_ring import KeyRing
from gateway.trust.secrets import NONCE_SIZE

ROWS = 200
"""Rows of one commit: each takes microseconds, and who stands on one of them prepares again."""

Progress = Callable[[int, int], None]
"""`progress(done, total)` in rows; the total may grow by what comes meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How the master keys of a store stand: the one that wraps, and how many rows each has wrapped (None: not said).

    `needed` are the ids without which a process does not start, `here` those of this process, the newest first.
    """

    wraps: str
    rows: dict[str | None, int]
    needed: tuple[str, ...]
    here: tuple[str, ...]

    @property
    def is_rotated(self) -> bool:
        """Whether the newest key wraps, and nothing is under another one."""
        return self.wraps == self.here[0] == self.needed[0] and len(self.needed) == 1


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What a rotation did: `rows` were wrapped anew, `damaged` did not open, the keys of `gone` may be left out."""

    key: str
    rows: int
    damaged: int
    gone: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """Rotates the master keys of a store. `random` gives that many unpredictable bytes."""

    reader: Reader
    unit_of_work: UnitOfWork
    engine: Engine
    ring: KeyRing
    leaves: Leaves
    random: Callable[[int], bytes]

    def standing(self) -> Standing:
        """How the keys stand; counts every row that a master key has wrapped."""
        rows = self.reader.master_keys()
        wraps = next(row.id for row in rows if row.state == WRAPS)
        needed = tuple(row.id for row in rows if row.state == OPENS)
        counts = self.reader.wrapped_counts()
        return Standing(wraps=wraps, rows=counts, needed=(wraps, *needed), here=self.ring.ids)

    def run(self, actor: str, at: datetime, progress: Progress = lambda _done, _total: None) -> Rotated:
        """Make the newest key wrap everything. Does nothing where it does.

        Raises Misconfigured `master-key-missing`, Refused `key-not-everywhere`.
        """
        make_sure(self.reader, self.ring)
        key = self.ring.newest
        prepared_again(lambda: self._switch(key, actor, at))  # 1, 2
        rows, damaged = self._wrap_all(key, progress)  # 3
        gone = () if damaged else prepared_again(lambda: self._end(key, actor, at))  # 4
        return Rotated(key=key, rows=rows, damaged=damaged, gone=gone)

    # --- 1 and 2 --------------------------------------------------------------------------------------------------

    def _switch(self, key: str, actor: str, at: datetime) -> None:
        rows = {row.id: row for row in self.reader.master_keys()}
        before = next(row for row in rows.values() if row.state == WRAPS)
        if before.id == key:
            return
        stands = all_hold(self.reader, self.engine, (before.id, key))
        earlier = rows.get(key)
        own: Change = Claim(MasterKeyRow, ("id",), {"id": key, "state": WRAPS, "since": at})
        if earlier is not None:
            own = Update(MasterKeyRow, {"id": key}, {"state": earlier.state}, {"state": WRAPS, "since": at})
        ends = Update(MasterKeyRow, {"id": before.id}, {"state": WRAPS}, {"state": OPENS})
        said = {"step": "master-key-wraps", "master-key": key, "before": before.id}
        leaf = self.leaves.make(LeafKind.KEY, at=at, actor=actor, extra=said)
        commit(self.unit_of_work, Plan.of(stands, ends, own, leaf.row))

    # --- 3 --------------------------------------------------------------------------------------------------------

    def _wrap_all(self, key: str, progress: Progress) -> tuple[int, int]:
        counts = self.reader.wrapped_counts()
        total = sum(count for by, count in counts.items() if by != key)
        progress(0, total)
        done = damaged = 0
        for model in WRAPPED:
            for wrapped, shut in self._wrap_table(model, key):
                done, damaged = done + wrapped, damaged + shut
                progress(done + damaged, max(total, done + damaged))
        return done, damaged

    def _wrap_table(self, model: type[SQLModel], key: str) -> Iterator[tuple[int, int]]:
        """Wrap a table's rows anew; tells of each portion how many were, and how many did not open."""
        behind: tuple[Any, ...] | None = None
        while True:
            # read anew until it commits: what changed or went meanwhile is not there any more
            portion = prepared_again(partial(self._wrap_some, model, key, behind))
            if portion is None:
                return
            wrapped, damaged, behind = portion
            yield wrapped, damaged

    def _wrap_some(
        self, model: type[SQLModel], key: str, behind: tuple[Any, ...] | None
    ) -> tuple[int, int, tuple[Any, ...]] | None:
        """Wrap the next rows: how many were, how many do not open, the last one's key. None: there are no more."""
        rows = self.reader.wrapped_otherwise(model, key, behind, ROWS)
        changes: list[Change] = []
        column = WRAPPED[model]
        for row in rows:
            context, wrapped = _context(row), getattr(row, column)
            try:
                anew = self.ring.seal(self.ring.open(wrapped, context), context, self.random(NONCE_SIZE), key)
            except Tampered:
                continue
            place = {each.name: getattr(row, each.name) for each in table_of(model).primary_key.columns}
            changes.append(Update(model, place, {column: wrapped}, {column: anew}))
        if changes:
            commit(self.unit_of_work, Plan(tuple(changes)))
        return (len(changes), len(rows) - len(changes), _key_of(rows[-1])) if rows else None

    # --- 4 --------------------------------------------------------------------------------------------------------

    def _end(self, key: str, actor: str, at: datetime) -> tuple[str, ...]:
        earlier = [row.id for row in self.reader.master_keys() if row.state == OPENS]
        if not earlier:
            return ()
        if left := {by: count for by, count in self.reader.wrapped_counts().items() if by != key}:
            raise Misconfigured(
                f"{sum(left.values())} rows were wrapped with another master key while this ran: a hub of an earlier"
                " version is at work, or the store was restored; end that, then rotate again",
                code="rotation-unfinished",
            )
        changes: list[Change] = [Update(MasterKeyRow, {"id": key}, {"state": WRAPS}, {})]
        for each in earlier:
            said = {"step": "master-key-gone", "master-key": each, "by": key}
            changes.append(Update(MasterKeyRow, {"id": each}, {"state": OPENS}, {"state": GONE, "since": at}))
            changes.append(self.leaves.make(LeafKind.KEY, at=at, actor=actor, extra=said).row)
        commit(self.unit_of_work, Plan(tuple(changes)))
        return tuple(earlier)


def _key_of(row: SQLModel) -> tuple[Any, ...]:
    return tuple(getattr(row, column.name) for column in table_of(type(row)).primary_key.columns)


def _context(row: Any) -> str:
    match row:
        case DerivedKeyRow():
            return context_of(row.purpose)
        case DataKeyRow():
            return data_key_context(row.scope)
        case CredentialRow():
            return credential_context(row.agency, row.name)
        case _:
            return held_context(row.challenge)
