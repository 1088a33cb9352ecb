"""Damages to the ledger's own rows: leaves, tiles, checkpoints."""

from __future__ import annotations

from random import Random

from gateway.ledger.damage import Damage
from gateway.ledger.merkle import leaf_hash
from tests.drill.grounds import DrillOffice
from tests.drill.kinds import Kind, Named, flip, named


def _size(office: DrillOffice) -> int:
    return office.reader.tree_size()


def flip_leaf(office: DrillOffice, chance: Random) -> Named:
    """A byte of a leaf's text."""
    index = chance.randrange(_size(office))
    flip(office, chance, "leaf", "canonical", f"tree_index = {index}")
    return named(f"leaf {index}:", Damage.LEAF_CHANGED, index=index)


def flip_hash(office: DrillOffice, chance: Random) -> Named:
    """A byte of a leaf's stored hash."""
    index = chance.randrange(_size(office))
    flip(office, chance, "leaf", "hash", f"tree_index = {index}")
    return named(f"leaf {index}:", Damage.LEAF_HASH_CHANGED, index=index)


def flip_waiting(office: DrillOffice, chance: Random) -> Named:
    """A byte of a leaf that waits for its place, or of its hash."""
    serial = chance.choice([row.serial for row in office.reader.pending_leaves()])
    flip(office, chance, "leaf", chance.choice(["canonical", "hash"]), f"serial = {serial}")
    return named("not yet in the tree", Damage.LEAF_CHANGED)


def flip_tile(office: DrillOffice, chance: Random) -> Named:
    """A byte of a tile."""
    flip(office, chance, "tile", "hashes", "level = 0 AND number = 0")
    return named("tile 0/0", Damage.TREE_NODE)


def flip_checkpoint(office: DrillOffice, chance: Random) -> Named:
    """A character of a signed checkpoint."""
    size = chance.choice(office.reader.checkpoints()).size
    flip(office, chance, "checkpoint", "note", f"size = {size}")
    return named("checkpoint", Damage.CHECKPOINT_SIGNATURE, Damage.CHECKPOINT_MALFORMED)


def delete_leaf(office: DrillOffice, chance: Random) -> Named:
    """A leaf's row."""
    size = _size(office)
    index = chance.randrange(size)
    office.damage("DELETE FROM leaf WHERE tree_index = :at", at=index)
    if index == size - 1:
        return named("stored tree", Damage.TREE_SIZE, index=index)
    return named(f"leaf {index}:", Damage.INDEX_GAP, index=index)


def delete_checkpoint(office: DrillOffice, chance: Random) -> Named:
    """A signed checkpoint."""
    size = chance.choice(office.reader.checkpoints()).size
    office.damage("DELETE FROM checkpoint WHERE size = :size", size=size)
    if size == _size(office):
        return named("stored tree", Damage.TREE_SIZE)
    return named("checkpoint over", Damage.CHECKPOINT_MISSING)


def delete_tile(office: DrillOffice, chance: Random) -> Named:
    """A tile."""
    office.damage("DELETE FROM tile WHERE level = 0 AND number = 0")
    return named("tile 0/0", Damage.TREE_NODE)


def insert_leaf(office: DrillOffice, chance: Random) -> Named:
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
    return named("stored tree", Damage.TREE_SIZE, index=min(index, _size(office) - 1))


def swap_leaves(office: DrillOffice, chance: Random) -> Named:
    """The places of two leaves."""
    one, other = chance.sample(range(_size(office)), 2)
    for where, to in ((one, 10_000), (other, one), (10_000, other)):
        office.damage("UPDATE leaf SET tree_index = :to WHERE tree_index = :at", to=to, at=where)
    return named("leaves", Damage.LEAF_CHANGED, index=min(one, other))


KINDS = (
    Kind("flip: leaf", flip_leaf),
    Kind("flip: leaf hash", flip_hash),
    Kind("flip: waiting leaf", flip_waiting),
    Kind("flip: tile", flip_tile),
    Kind("flip: checkpoint", flip_checkpoint),
    Kind("delete: leaf", delete_leaf),
    Kind("delete: checkpoint", delete_checkpoint),
    Kind("delete: tile", delete_tile),
    Kind("insert: leaf", insert_leaf),
    Kind("swap: leaves", swap_leaves),
)
