"""The integrator: gives committed leaves their place in the tree, and signs what the tree then is.

Any number of integrators may run. All that one of them writes is a single plan that stands on the tree head as it was
read, so of two that start from the same tree one commits and the other has done nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import Checkpoint, NoteKey, NoteVerifier, open_note, sign
from gateway.ledger.damage import Damage, broken
from gateway.ledger.tree import Extension, TileId, TileReader, extend, leaf_hash, tree_root
from gateway.store.plan import Change, Claim, Conflict, Plan, Update
from gateway.store.reading import HEAD, Reader, WaitingLeaf
from gateway.store.tables import CheckpointRow, LeafRow, TileRow, TreeHeadRow
from gateway.store.unit_of_work import UnitOfWork

BATCH = 4096


class Integrator:
    """Extends the ledger named by `note_key`. `earlier` are the ledger's former keys, after a roll-over.

    While `previous` is given each checkpoint has its line too, behind that of `note_key`.
    """

    def __init__(
        self,
        reader: Reader,
        unit_of_work: UnitOfWork,
        note_key: NoteKey,
        clock: Callable[[], datetime],
        earlier: Sequence[NoteVerifier] = (),
        previous: NoteKey | None = None,
    ) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._note_key = note_key
        self._previous = previous
        self._verifiers = (note_key.verifier, *([previous.verifier] if previous else []), *earlier)
        self._clock = clock

    def run_once(self, limit: int = BATCH) -> int:
        """Place at most `limit` leaves that wait; gives how many it placed: 0 when none wait or another was first.

        1. the tree as it is: its head, and its root as the last checkpoint signed it
        2. the leaves that wait, in the order of their commits, each with the hash that was promised for it
        3. the tree grown by them, signed
        4. one plan: places, tiles, head, checkpoint

        Raises LedgerBroken, and places nothing, when the stored tree or a waiting leaf is not what it was: signing on
        top of damage would make it part of the evidence. HubBusy when the store cannot write now.
        """
        # 1
        size = self._reader.tree_size()
        tiles = StoredTiles(self._reader)
        # 2
        pending = self._reader.waiting_leaves(limit)
        if not pending:
            return 0
        if not self._is_as_signed(size, tiles):
            return 0
        hashes = [_promised(leaf) for leaf in pending]
        # 3
        grown = extend(size, tiles, hashes)
        signed = Checkpoint(self._note_key.name, grown.size, grown.root)
        note = sign(signed, self._note_key)
        if self._previous is not None:
            note += self._previous.signature_line(signed.body())
        # 4
        checkpoint = {"size": grown.size, "previous": size, "note": note, "at": self._clock()}
        plan = Plan(
            (
                _head(size, grown.size),
                *_places(pending, size),
                *_tiles(grown, tiles.seen),
                Claim(CheckpointRow, ("size",), checkpoint),
            )
        )
        outcome = self._unit_of_work.commit(plan)
        if isinstance(outcome, Conflict):
            self._explain(outcome, size)
            return 0
        return len(pending)

    def _explain(self, conflict: Conflict, size: int) -> None:
        """Another integrator has moved the head; if not, the store holds what it cannot: a tile beyond the tree."""
        if self._reader.tree_size() == size:
            found = f"a row in its place: {conflict.change.model.__name__}"
            raise broken(Damage.TREE_NODE, f"tree of {size} leaves", expected="no tile or leaf beyond it", found=found)

    def _is_as_signed(self, size: int, tiles: TileReader) -> bool:
        """Whether the stored tree is the one last signed; False when another integrator has moved it meanwhile."""
        last = self._reader.last_checkpoint()
        try:
            self._check_tree(size, tiles, last)
        except LedgerBroken:
            if self._reader.tree_size() != size:
                return False
            raise
        return True

    def _check_tree(self, size: int, tiles: TileReader, last: CheckpointRow | None) -> None:
        covered = last.size if last else 0
        if covered != size:
            raise broken(
                Damage.TREE_SIZE, "tree head", expected=f"size {covered}, as last signed", found=f"size {size}"
            )
        if last is None:
            return
        signed = open_note(last.note, self._verifiers)
        root = tree_root(size, tiles)
        if (signed.size, signed.root) != (size, root):
            expected = f"size {signed.size} and root {signed.root.hex()}, as last signed"
            raise broken(
                Damage.TREE_NODE, "stored tiles", expected=expected, found=f"size {size} and root {root.hex()}"
            )


class StoredTiles:
    """Reads tiles of the store for `gateway.ledger.tree`; `seen` is what it has read. A missing tile is empty."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.seen: dict[TileId, bytes] = {}

    def __call__(self, tile: TileId) -> bytes:
        """Give a tile's hashes."""
        if tile not in self.seen:
            self.seen[tile] = self._reader.tile(tile.level, tile.index) or b""
        return self.seen[tile]


def _promised(leaf: WaitingLeaf) -> bytes:
    """Give the hash that the sealed answer has told the agency, if the stored leaf still has it."""
    derived = leaf_hash(leaf.canonical)
    if derived != leaf.hash:
        where = f"leaf {leaf.id!r} of exchange {leaf.exchange!r}, not yet in the tree"
        expected, found = f"a text with leaf hash {leaf.hash.hex()}", f"a text with leaf hash {derived.hex()}"
        raise broken(Damage.LEAF_CHANGED, where, expected=expected, found=found)
    return derived


def _head(size: int, grown: int) -> Change:
    if size == 0:
        return Claim(TreeHeadRow, ("id",), {"id": HEAD, "size": grown})
    return Update(TreeHeadRow, {"id": HEAD}, {"size": size}, {"size": grown})


def _places(pending: Sequence[WaitingLeaf], first: int) -> Iterator[Change]:
    for index, leaf in enumerate(pending, first):
        yield Update(LeafRow, {"serial": leaf.serial}, {"tree_index": None}, {"tree_index": index})


def _tiles(grown: Extension, earlier: Mapping[TileId, bytes]) -> Iterator[Change]:
    for tile, hashes in grown.tiles.items():
        key = {"level": tile.level, "number": tile.index}
        if before := earlier.get(tile):
            yield Update(TileRow, key, {"hashes": before}, {"hashes": hashes})
        else:
            yield Claim(TileRow, ("level", "number"), {**key, "hashes": hashes})
