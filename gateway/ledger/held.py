"""What somebody has kept of the ledger as it once was: a checkpoint, or a receipt. It tells a rollback and a rewrite.

A ledger that was rolled back to an older copy, or written anew with the office's own key, agrees with itself: nothing
inside it tells. Whoever holds a checkpoint of an earlier day can tell, for the ledger of today must begin with the
tree that it signs. A receipt holds a checkpoint too, and leaves at their places besides.

Everything that is held comes in by `read_held`: files from agencies, and checkpoints that a witness has co-signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import NoteVerifier, open_note
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import decode_base64, number_of, parse_json, text_of
from gateway.ledger.merkle import HASH_SIZE, Frontier, leaf_hash, verify_inclusion


@dataclass(frozen=True, kw_only=True)
class Held:
    """The ledger had `size` leaves with this Merkle `root` once, and at these indexes these leaf hashes (32 bytes).

    `source` says in words where that is known from.
    """

    source: str
    size: int
    root: bytes
    leaves: Mapping[int, bytes] = field(default_factory=dict)


def read_held(document: bytes, source: str, verifiers: Sequence[NoteVerifier]) -> Held:
    """Read a checkpoint note or a receipt. `verifiers` are the trusted keys of the ledger.

    1. a document that is a JSON object is a receipt, and its checkpoint is the member `checkpoint`
    2. the checkpoint is signed by a trusted key, for the ledger of that key
    3. each leaf of a receipt is in the checkpoint's tree

    Raises LedgerBroken (checkpoint-*, receipt-malformed, inclusion-proof): then nothing is proven by this document,
    and nothing is said about the ledger.
    """
    try:
        text = document.decode()
        receipt = parse_json(text) if text.lstrip().startswith("{") else None
        # 1
        note = text if receipt is None else text_of(_object(receipt)["checkpoint"], "checkpoint")
        # 2
        checkpoint = open_note(note, verifiers)
        if checkpoint.origin not in {each.name for each in verifiers}:
            raise ValueError(f"it speaks for another ledger, {checkpoint.origin!r}")
        # 3
        leaves: dict[int, bytes] = {}
        for index, leaf, proof in _leaves(receipt) if receipt is not None else ():
            verify_inclusion(leaf, index, checkpoint.size, proof, checkpoint.root)
            leaves[index] = leaf
    except (ValueError, KeyError) as error:
        expected = "a checkpoint (a C2SP signed note) or a receipt of this ledger"
        raise broken(Damage.RECEIPT_MALFORMED, source, expected=expected, found=str(error)) from None
    return Held(source=source, size=checkpoint.size, root=checkpoint.root, leaves=leaves)


class HeldLedgers:
    """What people hold of the ledger as it was, against the ledger as it is. `fault` is the first that differs."""

    def __init__(self, held: Sequence[Held]) -> None:
        self.fault: LedgerBroken | None = None
        self._roots: dict[int, list[Held]] = {}
        self._leaves: dict[int, tuple[Held, bytes]] = {}
        self._longest: Held | None = max(held, key=lambda each: each.size, default=None)
        self._agreed = 0
        for each in held:
            self._roots.setdefault(each.size, []).append(each)
            self._leaves |= {index: (each, leaf) for index, leaf in each.leaves.items()}

    def compare(self, index: int, leaf: bytes, tree: Frontier) -> None:
        """Compare with what is held of this leaf, and of the tree that it completes."""
        if self.fault is not None:
            return
        if index in self._leaves and self._leaves[index][1] != leaf:
            held, other = self._leaves[index]
            self.fault = _rewritten(f"leaf {index}", held, f"leaf hash {other.hex()}", f"leaf hash {leaf.hex()}")
        elif tree.size in self._roots:
            root = tree.root()
            for held in self._roots[tree.size]:
                if held.root != root:
                    where = f"leaves {self._agreed} to {index}"
                    self.fault = _rewritten(where, held, f"root {held.root.hex()}", f"root {root.hex()}")
                    return
            self._agreed = tree.size

    def finish(self, size: int) -> None:
        """Raise LedgerBroken where the ledger ends before what is held of it."""
        if self.fault is not None:
            raise self.fault
        if self._longest is not None and self._longest.size > size:
            expected = f"at least the {self._longest.size} leaves that {self._longest.source} proves"
            raise broken(Damage.ROLLED_BACK, "end of the ledger", expected=expected, found=f"{size} leaves")


def _rewritten(where: str, held: Held, expected: str, found: str) -> LedgerBroken:
    expected = f"{expected}, as {held.source} proves for a ledger of {held.size} leaves"
    return broken(Damage.REWRITTEN, where, expected=expected, found=f"{found}, signed by the same office")


def _leaves(receipt: object) -> list[tuple[int, bytes, list[bytes]]]:
    found = []
    for each in _array(_object(receipt)["leaves"]):
        said = _object(each)
        proof = [decode_base64(text_of(step, "proof"), HASH_SIZE) for step in _array(said["proof"])]
        found.append((number_of(said["index"], "index"), leaf_hash(text_of(said["leaf"], "leaf").encode()), proof))
    return found


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("an object is needed")  # noqa: TRY004 - bad data, not a bad call
    return value


def _array(value: object) -> list[object]:
    if not isinstance(value, list):
        raise ValueError("an array is needed")  # noqa: TRY004 - bad data, not a bad call
    return value
