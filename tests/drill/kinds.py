"""What a kind of damage is: how it is done, and how it has to be named; and what all of them need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import TypeAlias

from gateway.ledger.damage import Damage
from tests.drill.grounds import DrillOffice


@dataclass(frozen=True)
class Named:
    """What has to be told of a damage: one of these codes, this word in the text, and one of these leaves, if any."""

    codes: frozenset[str]
    word: str
    leaves: range


class Holder(StrEnum):
    """Who holds something of the store of today: somebody a checkpoint, an agency a receipt, or a witness saw it."""

    CHECKPOINT = "a checkpoint"
    EARLY_RECEIPT = "a receipt of the third day"
    LATE_RECEIPT = "a receipt of the last day"
    WITNESS = "a witness"


Damaging: TypeAlias = Callable[[DrillOffice, Random], Named]
"""Damages an office over a copy of today's store, by chance, and gives what has to be told of it."""


@dataclass(frozen=True)
class Kind:
    """A kind of damage. One whose store agrees with itself `is_silent`: it is found by what somebody holds alone.

    `of_an_older_day`: it begins with an older copy.
    """

    name: str
    damage: Damaging
    is_silent: bool = False
    of_an_older_day: bool = False


def named(word: str, *codes: Damage, index: int | None = None, until: int | None = None) -> Named:
    """What has to be told: of the leaf with this index, or of one from it on and before `until`."""
    leaves = range(0) if index is None else range(index, until or index + 1)
    return Named(frozenset(each.value for each in codes), word, leaves)


def flip(office: DrillOffice, chance: Random, table: str, column: str, where: str) -> None:
    """Flip one bit of one byte by chance; a text stays ASCII."""
    value = office.value(f"SELECT {column} FROM {table} WHERE {where}")  # noqa: S608 - names of the drill
    if isinstance(value, str):
        places = [at for at, each in enumerate(value) if each.isalnum()]
        at = chance.choice(places)
        changed: bytes | str = value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]
    else:
        data = bytearray(value)
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        changed = bytes(data)
    put(office, table, column, where, changed)


def put(office: DrillOffice, table: str, column: str, where: str, value: bytes | str) -> None:
    """Put another value into one row."""
    office.damage(f"UPDATE {table} SET {column} = :after WHERE {where}", after=value)  # noqa: S608 - names of the drill


def swap(office: DrillOffice, table: str, column: str, *wheres: str) -> None:
    """Swap the values of two rows."""
    values = [office.value(f"SELECT {column} FROM {table} WHERE {where}") for where in wheres]  # noqa: S608 - names of the drill
    for where, value in zip(wheres, reversed(values), strict=True):
        put(office, table, column, where, value)
