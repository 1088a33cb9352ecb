"""The kinds of damage: how each is done to a store, and the codes and the words by which it has to be named.

Each takes an office over a copy of today's store and a source of chance, and gives what has to be told. The last three
leave a store that agrees with itself: they are found by what somebody holds. What a witness has co-signed is held
likewise: it comes in where `Holds` is made, by `gateway.ledger.held.read_held`, as the others do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import TypeAlias

from gateway.ledger.damage import Damage
from gateway.ledger.merkle import leaf_hash
from tests.drill import rewriting
from tests.operations.ledgers import Office

PARTS = ("request", "answer-body", "answer", "answer-headers")


@dataclass(frozen=True)
class Named:
    """What has to be told of a damage: one of these codes, this word in the text, and leaves of which this is one."""

    codes: frozenset[str]
    word: str
    index: int | None


@dataclass(frozen=True)
class Holds:
    """What somebody holds when the store is verified: nothing, the last checkpoint, or a receipt of this exchange."""

    receipt_of: str | None = None


Damaging: TypeAlias = Callable[[Office, Random], Named]


@dataclass(frozen=True)
class Kind:
    """A kind of damage. `holds` are those of whom one, by chance, holds something; none: nobody has to."""

    name: str
    damage: Damaging
    holds: tuple[Holds, ...] = ()


def _named(word: str, *codes: Damage, index: int | None = None) -> Named:
    return Named(frozenset(each.value for each in codes), word, index)


def _size(office: Office) -> int:
    return office.reader.tree_size()


def _flip(office: Office, chance: Random, table: str, column: str, where: str) -> None:
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
    office.damage(f"UPDATE {table} SET {column} = :after WHERE {where}", after=changed)  # noqa: S608 - names of the drill


def _part(office: Office, chance: Random) -> tuple[str, str]:
    exchange = chance.choice(sorted(office.reader.exchanges_by_id(_exchanges(office))))
    part = chance.choice(PARTS)
    return exchange, f"exchange = '{exchange}' AND name = '{part}'"


def _exchanges(office: Office) -> set[str]:
    return {row.id for row in office.reader.exchanges(200)}


def flip_leaf(office: Office, chance: Random) -> Named:
    """A byte of a leaf's text."""
    index = chance.randrange(_size(office))
    _flip(office, chance, "leaf", "canonical", f"tree_index = {index}")
    return _named(f"leaf {index}:", Damage.LEAF_CHANGED, index=index)


def flip_hash(office: Office, chance: Random) -> Named:
    """A byte of a leaf's stored hash."""
    index = chance.randrange(_size(office))
    _flip(office, chance, "leaf", "hash", f"tree_index = {index}")
    return _named(f"leaf {index}:", Damage.LEAF_HASH_CHANGED, index=index)


def flip_waiting(office: Office, chance: Random) -> Named:
    """A byte of a leaf that waits for its place, or of its hash."""
    serial = chance.choice([row.serial for row in office.reader.pending_leaves()])
    _flip(office, chance, "leaf", chance.choice(["canonical", "hash"]), f"serial = {serial}")
    return _named("not yet in the tree", Damage.LEAF_CHANGED)


def flip_tile(office: Office, chance: Random) -> Named:
    """A byte of a tile."""
    _flip(office, chance, "tile", "hashes", "level = 0 AND number = 0")
    return _named("tile 0/0", Damage.TREE_NODE)


def flip_checkpoint(office: Office, chance: Random) -> Named:
    """A character of a signed checkpoint."""
    size = chance.choice(office.reader.checkpoints()).size
    _flip(office, chance, "checkpoint", "note", f"size = {size}")
    return _named("checkpoint", Damage.CHECKPOINT_SIGNATURE, Damage.CHECKPOINT_MALFORMED)


def flip_part(office: Office, chance: Random) -> Named:
    """A byte of a stored message."""
    exchange, where = _part(office, chance)
    _flip(office, chance, "exchange_part", "body", where)
    return _named(f"'{exchange}'", Damage.PART_DIFFERS)


def flip_fact(office: Office, chance: Random) -> Named:
    """A character of a fact of a case."""
    seq = chance.choice(office.reader.case_events("case-1")).seq
    _flip(office, chance, "case_event", "body", f"case_id = 'case-1' AND seq = {seq}")
    return _named("'case-1'", Damage.PART_DIFFERS)


def delete_leaf(office: Office, chance: Random) -> Named:
    """A leaf's row."""
    size = _size(office)
    index = chance.randrange(size)
    office.damage("DELETE FROM leaf WHERE tree_index = :at", at=index)
    if index == size - 1:
        return _named("stored tree", Damage.TREE_SIZE, index=index)
    return _named(f"leaf {index}:", Damage.INDEX_GAP, index=index)


def delete_part(office: Office, chance: Random) -> Named:
    """A stored message."""
    exchange, where = _part(office, chance)
    office.damage(f"DELETE FROM exchange_part WHERE {where}")  # noqa: S608 - names of the drill
    return _named(f"'{exchange}'", Damage.PART_MISSING)


def delete_checkpoint(office: Office, chance: Random) -> Named:
    """A signed checkpoint."""
    size = chance.choice(office.reader.checkpoints()).size
    office.damage("DELETE FROM checkpoint WHERE size = :size", size=size)
    if size == _size(office):
        return _named("stored tree", Damage.TREE_SIZE)
    return _named("checkpoint over", Damage.CHECKPOINT_MISSING)


def delete_tile(office: Office, chance: Random) -> Named:
    """A tile."""
    office.damage("DELETE FROM tile WHERE level = 0 AND number = 0")
    return _named("tile 0/0", Damage.TREE_NODE)


def insert_leaf(office: Office, chance: Random) -> Named:
    """A leaf that nobody committed: a copy of another one under a new id, pushed in between the others."""
    size = _size(office)
    index = chance.randrange(1, size + 1)
    text = bytes(office.value(f"SELECT canonical FROM leaf WHERE tree_index = {index - 1}"))  # noqa: S608 - a number
    before = office.value(f"SELECT id FROM leaf WHERE tree_index = {index - 1}")  # noqa: S608 - a number
    forged = text.replace(before.encode(), b"id-forged")
    for at in range(size - 1, index - 1, -1):
        office.damage("UPDATE leaf SET tree_index = :to WHERE tree_index = :at", to=at + 1, at=at)
    columns = "exchange, case_id"
    office.damage(
        f"INSERT INTO leaf (id, {columns}, canonical, hash, tree_index) "  # noqa: S608 - names of the drill
        f"SELECT 'id-forged', {columns}, :text, :hash, {index} FROM leaf WHERE tree_index = {index - 1}",
        text=forged,
        hash=leaf_hash(forged),
    )
    if chance.random() < 0.5:  # and the head counts it
        office.damage("UPDATE tree_head SET size = size + 1")
    return _named("stored tree", Damage.TREE_SIZE, index=min(index, _size(office) - 1))


def insert_part(office: Office, chance: Random) -> Named:
    """A message that no leaf speaks of."""
    exchange = chance.choice(sorted(_exchanges(office)))
    office.damage(
        "INSERT INTO exchange_part (exchange, name, body) VALUES (:exchange, 'sent-9', :body)",
        exchange=exchange,
        body=chance.randbytes(40),
    )
    return _named(f"'{exchange}'", Damage.PART_MISSING)


def swap_leaves(office: Office, chance: Random) -> Named:
    """The places of two leaves."""
    one, other = chance.sample(range(_size(office)), 2)
    for where, to in ((one, 10_000), (other, one), (10_000, other)):
        office.damage("UPDATE leaf SET tree_index = :to WHERE tree_index = :at", to=to, at=where)
    return _named("leaves", Damage.LEAF_CHANGED, index=min(one, other))


def swap_parts(office: Office, chance: Random) -> Named:
    """The bytes of two messages."""
    one, other = chance.sample(sorted(_exchanges(office)), 2)
    part = chance.choice(PARTS)
    wheres = [f"exchange = '{each}' AND name = '{part}'" for each in (one, other)]
    bodies = [office.value(f"SELECT body FROM exchange_part WHERE {where}") for where in wheres]  # noqa: S608 - names of the drill
    for where, body in zip(wheres, reversed(bodies), strict=True):
        office.damage(f"UPDATE exchange_part SET body = :body WHERE {where}", body=body)  # noqa: S608 - names of the drill
    return _named("part ", Damage.PART_DIFFERS)


def roll_back(office: Office, chance: Random) -> Named:
    """Nothing more: the office at hand is an older copy."""
    return _named("end of the ledger", Damage.ROLLED_BACK)


def rewrite(office: Office, chance: Random) -> Named:
    """A leaf, and everything signed over it, with the real key."""
    index = chance.randrange(_size(office) // 2)
    rewriting.change_leaf(office, index)
    return _named("proves for a ledger", Damage.REWRITTEN, index=index)


def rewrite_without(office: Office, chance: Random) -> Named:
    """The same without a leaf that was there: what commits to nothing leaves no hole."""
    plain = [
        index
        for index in range(14)
        if b'"commitments":{}' in bytes(office.value(f"SELECT canonical FROM leaf WHERE tree_index = {index}"))  # noqa: S608 - a number
    ]
    rewriting.drop_leaf(office, chance.choice(plain))
    return _named("proves", Damage.REWRITTEN, Damage.ROLLED_BACK)


HELD = (Holds(), Holds(receipt_of="ex-2-1-a"), Holds(receipt_of="ex-4-0-b"))
KINDS = (
    Kind("flip: leaf", flip_leaf),
    Kind("flip: leaf hash", flip_hash),
    Kind("flip: waiting leaf", flip_waiting),
    Kind("flip: tile", flip_tile),
    Kind("flip: checkpoint", flip_checkpoint),
    Kind("flip: message", flip_part),
    Kind("flip: fact of a case", flip_fact),
    Kind("delete: leaf", delete_leaf),
    Kind("delete: message", delete_part),
    Kind("delete: checkpoint", delete_checkpoint),
    Kind("delete: tile", delete_tile),
    Kind("insert: leaf", insert_leaf),
    Kind("insert: message", insert_part),
    Kind("swap: leaves", swap_leaves),
    Kind("swap: messages", swap_parts),
    Kind("roll back to an older copy", roll_back, HELD),
    Kind("rewrite with the real key", rewrite, HELD),
    Kind("rewrite without a leaf", rewrite_without, HELD),
)
