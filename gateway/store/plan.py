"""What a pipeline wants written: a plan, committed whole or not at all.

A plan is a tuple of changes. Some of them are also guards, because they hold only if the world is still as the
pipeline read it:

    Insert   a new row that cannot collide (hub-made id)
    Claim    a new row under a key that must be free: a message id, an opening key, a first counter value
    Update   new values for a row that must still have the `expected` ones: a case version, a fence, a counter
    Delete   a row by its key; its absence is no conflict, unless `expected` values are named: then it is a guard too
    Add      a number added to a column, the row made when missing (tallies)

All guards of a plan are checked before any of it is written, so they speak of the rows as they were before the plan.

`commit(plan)` answers `Committed`, or `Conflict` with a guard that did not hold; then nothing was written,
and the pipeline reads again and prepares anew. A message seen meanwhile shows itself as a Conflict whose repeated
preparation finds the first answer.

A plan that changes the registry (`REGISTRY`) also advances its generation, the counter `GENERATION`: nobody has to
remember to. Who stands on the generation (`unmoved`) may have read the registry long before.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Table
from sqlmodel import SQLModel

from gateway.store.tables import (
    AgencyRow,
    AgreementRow,
    CertificateRow,
    CertificateStatusRow,
    CounterRow,
    DataKeyRow,
    EndpointRow,
)

Row: TypeAlias = Mapping[str, Any]

GENERATION = "registry-generation"
"""The name of the counter that moves whenever the registry does. It has no row before the first change."""

REGISTRY: frozenset[type[SQLModel]] = frozenset(
    {AgencyRow, EndpointRow, CertificateRow, CertificateStatusRow, AgreementRow}
)
"""The tables that say who may exchange what: the hub keeps in memory what it read there."""

_WATCHED = REGISTRY | {DataKeyRow}


def table_of(model: type[SQLModel]) -> Table:
    """The table that a SQLModel class declares."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel sets it on every class with table=True
    return table


@dataclass(frozen=True)
class Insert:
    """A new row."""

    model: type[SQLModel]
    values: Row


@dataclass(frozen=True)
class Claim:
    """A new row whose `key` columns must not be taken. Twice in one plan, word for word, it counts once."""

    model: type[SQLModel]
    key: tuple[str, ...]
    values: Row


@dataclass(frozen=True)
class Update:
    """New `values` for the row at `key`, which must still have the `expected` ones; without `values` a guard alone."""

    model: type[SQLModel]
    key: Row
    expected: Row
    values: Row


@dataclass(frozen=True)
class Delete:
    """No row at `key` (all rows that match it) any more. With `expected`, one must still be there with these values."""

    model: type[SQLModel]
    key: Row
    expected: Row | None = None


@dataclass(frozen=True)
class Add:
    """`amount` added to `column` of the row at `key`."""

    model: type[SQLModel]
    key: Row
    column: str
    amount: int = 1


Change: TypeAlias = Insert | Claim | Update | Delete | Add


@dataclass(frozen=True)
class Plan:
    """Changes that belong together. Plans add up: `plan + other`."""

    changes: tuple[Change, ...] = field(default=())

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.changes + other.changes)

    @classmethod
    def of(cls, *changes: Change) -> Plan:
        """A plan of these changes."""
        return cls(changes)

    @classmethod
    def merge(cls, plans: Iterable[Plan]) -> Plan:
        """All changes of all plans, in order."""
        return cls(tuple(change for plan in plans for change in plan.changes))


@dataclass(frozen=True)
class Committed:
    """Durable: the answer may leave."""


@dataclass(frozen=True)
class Conflict:
    """Nothing was written: `change` no longer held."""

    change: Change


Outcome: TypeAlias = Committed | Conflict


def unmoved(generation: int | None) -> Change:
    """The guard that the registry is as it was read at that generation; None where it had none yet."""
    if generation is None:
        return Claim(CounterRow, ("name",), {"name": GENERATION, "value": 1})
    return Update(CounterRow, {"name": GENERATION}, {"value": generation}, {})


@dataclass(frozen=True)
class Standing:
    """The rows that a plan stands on, each in one of three ways.

    `changes` are its own alone. `looks` it shares with others that only look, `adds` with others that only add: in
    which order numbers are added shows nowhere.
    """

    changes: frozenset[Hashable]
    looks: frozenset[Hashable]
    adds: frozenset[Hashable]


def examined(plan: Plan) -> tuple[tuple[Change, ...], Standing]:
    """The changes of a plan, each Claim once, and the rows that its guards and tallies stand on.

    Plans that stand on the same row cannot share a transaction, unless both only look at it or both only add to it.
    ValueError for two claims of one key with different values.
    """
    claimed: dict[Hashable, Row] = {}
    own: set[Hashable] = set()
    looks: set[Hashable] = set()
    adds: set[Hashable] = set()
    kept: list[Change] = []
    for change in _counted(plan):
        if not isinstance(change, Insert):
            key = _touched(change)
            if isinstance(change, Claim):
                if key in claimed:
                    if claimed[key] != change.values:
                        raise ValueError(f"a plan claims {key} twice, with different values")
                    continue
                claimed[key] = change.values
            (adds if isinstance(change, Add) else looks if _only_looks(change) else own).add(key)
        kept.append(change)
    own |= looks & adds
    return tuple(kept), Standing(frozenset(own), frozenset(looks - own), frozenset(adds - own))


_ADVANCED = Add(CounterRow, {"name": GENERATION}, "value")


def _counted(plan: Plan) -> tuple[Change, ...]:
    """The changes of a plan, and the step of the generation where they move the registry."""
    return (*plan.changes, _ADVANCED) if any(_moves_registry(change) for change in plan.changes) else plan.changes


def _moves_registry(change: Change) -> bool:
    if change.model not in _WATCHED or _only_looks(change):
        return False  # of another table, or a guard alone
    # a new data key takes nothing away from the keys that are held; one that is replaced or goes does
    return change.model is not DataKeyRow or isinstance(change, Update | Delete)


def _only_looks(change: Change) -> bool:
    return isinstance(change, Update) and not change.values


def _touched(change: Claim | Update | Add | Delete) -> Hashable:
    if isinstance(change, Claim):
        return (change.model.__name__, tuple(sorted([(column, change.values[column]) for column in change.key])))
    return (change.model.__name__, tuple(sorted(change.key.items())))
