"""Settling plans beside other processes that write too:

    1. lock     the rows that guards speak of, where they still have the expected values; in one order for everybody,
                so that two batches wait for each other and never in a circle
    2. claim    new rows under keys that must be free; who comes second gets none
    3. write    the rest, of those plans whose guards held
    4. tell     whoever listens that there is something to deliver

A transaction that waited for another one sees the row as that one left it (READ COMMITTED), so a guard that was
overtaken does not hold. What the database undoes all the same (a deadlock) is run again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Connection, and_, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects.postgresql import insert

from gateway.store.listening import CHANNEL
from gateway.store.plan import Change, Claim, Committed, Conflict, Delete, Insert, Outcome, Update, table_of
from gateway.store.unit_of_work.statements import claim_rows, lock_rows
from gateway.store.unit_of_work.writing import write

_DELIVERY = "delivery"

Key: TypeAlias = tuple[Any, ...]
Placed: TypeAlias = tuple[int, Change]
"""A change, and the number of the plan that it belongs to."""


def settle(connection: Connection, plans: Sequence[Sequence[Change]]) -> list[Outcome]:
    """Write the plans whose guards hold; gives the outcome of each."""
    broken: dict[int, Change] = {}
    placed = [(number, change) for number, changes in enumerate(plans) for change in changes]
    _lock(connection, placed, broken)  # 1
    made = _claim(connection, [each for each in placed if each[0] not in broken], broken)  # 2
    taken_back = [change for number, change in made if number in broken]
    for change in taken_back:
        _take_back(connection, change)
    kept = {id(change) for number, change in made if number not in broken}
    held = [change for number, change in placed if number not in broken and id(change) not in kept]
    write(connection, held, insert)  # 3
    if any(_is_to_deliver(change) for number, change in placed if number not in broken):
        connection.execute(select(func.pg_notify(CHANNEL, "")))  # 4
    return [Conflict(broken[number]) if number in broken else Committed() for number in range(len(plans))]


# --- 1 ------------------------------------------------------------------------------------------------------------


def _lock(connection: Connection, placed: Iterable[Placed], broken: dict[int, Change]) -> None:
    """Lock what guards speak of. Changes are locked for update; guards alone share their row with each other."""
    groups: dict[tuple[Any, ...], dict[Key, list[Placed]]] = {}
    for number, change in placed:
        if isinstance(change, Update) or (isinstance(change, Delete) and change.expected is not None):
            expected = {**change.key, **(change.expected or {})}
            alone = isinstance(change, Update) and not change.values
            shape = tuple((name, value is None) for name, value in expected.items())
            group = (table_of(change.model).name, alone, tuple(change.key), shape)
            asked = tuple(value for value in expected.values() if value is not None)
            groups.setdefault(group, {}).setdefault(asked, []).append((number, change))
    for (_, alone, key, shape), wanted in sorted(groups.items(), key=lambda each: each[0]):
        table = table_of(next(iter(wanted.values()))[0][1].model)
        for together in _each_key_once(wanted, len(key)):
            found = lock_rows(connection, table, key, shape, together, alone=alone)
            for asked in together:
                if asked[: len(key)] not in found:
                    broken.update((number, change) for number, change in wanted[asked] if number not in broken)


def _each_key_once(wanted: Iterable[Key], size: int) -> list[list[Key]]:
    """What is asked, so that the answers (keys) of one statement tell which of two expectations of a row held."""
    rounds: list[dict[Key, Key]] = []
    for asked in wanted:
        key = asked[:size]
        free = next((each for each in rounds if key not in each), None)
        if free is None:
            free = {}
            rounds.append(free)
        free[key] = asked
    return [list(each.values()) for each in rounds]


# --- 2 ------------------------------------------------------------------------------------------------------------


def _claim(connection: Connection, placed: Iterable[Placed], broken: dict[int, Change]) -> list[Placed]:
    """Insert what is claimed; gives what was inserted, also for plans of which another claim then failed."""
    groups: dict[tuple[Any, ...], list[Placed]] = {}
    for number, change in placed:
        if isinstance(change, Claim):
            shape = (table_of(change.model).name, change.key, tuple(change.values))
            groups.setdefault(shape, []).append((number, change))
    made: list[Placed] = []
    for (_, key, columns), same in sorted(groups.items(), key=lambda each: each[0]):
        table = table_of(same[0][1].model)
        claims = sorted(_claims(same), key=lambda each: tuple([str(each[1].values[name]) for name in key]))
        found = claim_rows(connection, table, key, columns, [claim.values for _, claim in claims])
        for number, claim in claims:
            if tuple(claim.values[name] for name in key) in found:
                made.append((number, claim))
            else:
                broken.setdefault(number, claim)
    return made


def _claims(placed: Iterable[Placed]) -> Iterator[tuple[int, Claim]]:
    for number, change in placed:
        if isinstance(change, Claim):
            yield number, change


def _take_back(connection: Connection, change: Change) -> None:
    """Undo the claim of a plan that was not to be: nobody has seen it."""
    if isinstance(change, Claim):
        table = table_of(change.model)
        mine = and_(*(table.c[name] == change.values[name] for name in change.key))
        connection.execute(sql_delete(table).where(mine))


# --- 4 ------------------------------------------------------------------------------------------------------------


def _is_to_deliver(change: Change) -> bool:
    if table_of(change.model).name != _DELIVERY:
        return False
    match change:
        case Insert():
            return True
        case Update(values=values):
            # one that ends lets the next of its queue go; one under way lets nobody
            return "state" in values and values["state"] != "sending"
        case _:
            return False
