"""The walk of `verify`: one line after the other, in constant memory. The form of the lines is defined there.

A disagreement between a leaf's text and its stored hash, and a fault of a part, are held back until the next signed
checkpoint tells what was damaged. Whatever else is found meanwhile came later, so what was held back is reported. That
a ledger is not the one that somebody holds a checkpoint of is held back likewise: what no key has signed is damage of
a simpler kind.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from contextlib import suppress

from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import NoteVerifier, open_note
from gateway.ledger.covered import Claims
from gateway.ledger.damage import Damage, broken
from gateway.ledger.disagreement import Disagreement
from gateway.ledger.encoding import members, number_of, parse_json, text_of
from gateway.ledger.held import Held, HeldLedgers
from gateway.ledger.leaf import Leaf, LeafKind, commitment
from gateway.ledger.lines import base64_of, exact_bytes, hash_of, malformed_line, unread
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.ledger.plain import Committed, read_leaf, read_leaf_line, read_part_line

_LEAF = frozenset({"i", "leaf"})
_STORED_HASH = frozenset({"h"})
_CHECKPOINT = frozenset({"checkpoint"})
_PART = frozenset({"part"})
_ERASED = frozenset({"erased"})
_ERASED_MEMBERS = frozenset({"scope", "leaf"})
_IS_ERASED = b'"kind":"erased"'
_PART_MEMBERS = frozenset({"exchange", "name", "digest", "salt"})


class Walk:
    """The state between two lines. Its size does not depend on the number of leaves, but for `erased` ones to come."""

    def __init__(
        self,
        *,
        origin: str,
        size: int,
        complete: bool,
        verifiers: Sequence[NoteVerifier],
        deep: bool,
        parts: bool = True,
        held: Sequence[Held] = (),
        claims: Claims | None = None,
    ) -> None:
        self.checkpoints = 0
        self.parts_checked = 0
        self.parts_erased = 0
        self.proven = 0  # leaves under the last good checkpoint
        self._origin = origin
        self._promised = size
        self._complete = complete and parts
        self._parts = parts
        self._verifiers = verifiers
        self._deep = deep
        self._held = HeldLedgers(held)
        self._stored = Frontier()  # over the stored hashes; over the texts where no hash is stored
        self._derived: Frontier | None = None  # over the texts, from the first disagreement on
        self._disagreement: Disagreement | None = None
        self._part_fault: LedgerBroken | None = None
        self._data: bytes | None = None  # the leaf whose parts may follow
        self._said: Committed | None = None  # the same, once it had to be read
        self._opened: set[str] = set()
        self._excuse: tuple[str, str] | None = None  # scope of this leaf's missing parts, and the leaf that says so
        self._claims = claims or Claims()
        self._ends_claims = claims is None

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._stored.size

    def root(self) -> bytes:
        """Compute the root over the leaves so far."""
        return self._stored.root()

    def take(self, number: int, line: str) -> bool:
        """Take one line; True when it was a leaf. Raises LedgerBroken."""
        try:
            return self._take(number, line)
        except LedgerBroken as error:
            raise self._earliest(error) from None

    def finish(self) -> None:
        """Raise LedgerBroken where the export ends too early, or too late."""
        try:
            self._finish()
        except LedgerBroken as error:
            raise self._earliest(error) from None

    def _finish(self) -> None:
        self._close_leaf()
        where = "end of the export"
        if self.size != self._promised:
            expected = f"{self._promised} leaves, as the header says"
            raise broken(Damage.TREE_SIZE, where, expected=expected, found=f"{self.size} leaves")
        if self._ends_claims:
            self._claims.finish()
        if self.proven != self.size:
            expected, found = f"a checkpoint over {self.size} leaves", f"the last one is over {self.proven}"
            raise broken(Damage.CHECKPOINT_MISSING, where, expected=expected, found=found)
        self._held.finish(self.size)

    def _earliest(self, error: LedgerBroken) -> LedgerBroken:
        """Put first what was noticed before and held back for a checkpoint."""
        if self._disagreement:
            return self._disagreement.undecided()
        return self._part_fault or error

    def take_stored(self, index: int, data: bytes, stored: bytes) -> None:
        """Take one leaf as a store has it: its bytes, and the hash beside them. Raises LedgerBroken."""
        try:
            self._take_leaf(index, data, binascii.b2a_base64(stored, newline=False))
        except LedgerBroken as error:
            raise self._earliest(error) from None

    def take_checkpoint(self, note: str) -> None:
        """Take the checkpoint over the leaves so far. Raises LedgerBroken."""
        try:
            self._take_checkpoint(note)
        except LedgerBroken as error:
            raise self._earliest(error) from None

    def _take(self, number: int, line: str) -> bool:
        if leaf := read_leaf_line(line):
            index, data, stored = leaf
            self._take_leaf(index, data, stored)
            return True
        if part := read_part_line(line):
            self._take_part(number, *part)
            return False
        return self._take_any(number, line)

    def _take_any(self, number: int, line: str) -> bool:
        """Take a line in whichever spelling JSON allows."""
        try:
            record = parse_json(line)
            if isinstance(record, dict) and "leaf" in record:
                members(record, _LEAF, _STORED_HASH)
                stored = base64_of(record["h"]) if "h" in record else None
                self._take_leaf(number_of(record["i"], "i"), exact_bytes(text_of(record["leaf"], "leaf")), stored)
                return True
            if isinstance(record, dict) and "part" in record:
                part = members(members(record, _PART)["part"], _PART_MEMBERS)
                exchange, name = text_of(part["exchange"], "exchange"), text_of(part["name"], "name")
                digest = bytes.fromhex(text_of(part["digest"], "digest"))
                self._take_part(number, exchange, name, digest, bytes.fromhex(text_of(part["salt"], "salt")))
            elif isinstance(record, dict) and "erased" in record:
                said = members(members(record, _ERASED)["erased"], _ERASED_MEMBERS)
                self._take_excuse(number, text_of(said["scope"], "scope"), text_of(said["leaf"], "leaf"))
            else:
                self._take_checkpoint(text_of(members(record, _CHECKPOINT)["checkpoint"], "checkpoint"))
        except ValueError as error:
            raise malformed_line(number, "a leaf, part or checkpoint", unread(number, line, error)) from None
        return False

    # --- leaves ---------------------------------------------------------------------------------------------------

    def _take_leaf(self, index: int, data: bytes, encoded: bytes | None) -> None:
        self._close_leaf()
        if index != self._stored.size:
            damage = Damage.INDEX_GAP if index > self.size else Damage.INDEX_DUPLICATED
            raise broken(damage, f"leaf {self.size}", expected=f"index {self.size}", found=f"index {index}")
        derived = leaf_hash(data)
        # one spelling of base64 for each hash: compared as it is written, and read only where it differs
        agrees = encoded is None or encoded == binascii.b2a_base64(derived, newline=False)
        self._append(index, derived, derived if agrees else hash_of(encoded))
        self._held.compare(index, derived, self._stored)
        if not self._disagreement:
            self._data = data
            if _IS_ERASED in data:
                self._judge_erased(index, data)
            if self._deep:
                self._read_leaf(data)

    def _append(self, index: int, derived: bytes, stored: bytes) -> None:
        if stored != derived and not self._disagreement:
            self._disagreement = Disagreement(index, stored, derived)
            self._derived = self._stored.copy()
        self._stored.append(stored)
        if self._derived:
            self._derived.append(derived)

    def _read_leaf(self, data: bytes) -> Committed:
        if self._said is None:
            self._said = read_leaf(data)
        if self._said is None:
            leaf = Leaf.parse(data, f"leaf {self.size - 1}")
            self._said = Committed(leaf.exchange, leaf.commitments)
        return self._said

    def _close_leaf(self) -> None:
        """No more parts come for this leaf. A missing one is a fault where the header promised them all."""
        if self._data is not None and self._complete:
            leaf = self._read_leaf(self._data)
            if len(leaf.commitments) != len(self._opened):
                missing = sorted(leaf.commitments.keys() - self._opened)
                if missing and self._excuse is not None:
                    self._excuse_missing(leaf, self._data, missing[0], *self._excuse)
                    self.parts_erased += len(missing)
                    missing = []
                for name in missing:
                    self._hold(Damage.PART_MISSING, leaf.exchange, name, "the part that this leaf commits to", "none")
        self._data = self._said = self._excuse = None
        if self._opened:
            self._opened.clear()

    # --- parts ----------------------------------------------------------------------------------------------------

    def _take_part(self, number: int, exchange: str, name: str, digest: bytes, salt: bytes) -> None:
        if not self._parts:
            return
        try:
            computed = commitment(salt, digest).hex()
        except ValueError as error:
            raise malformed_line(number, "a part with a digest and a salt", str(error)) from None
        if self._disagreement:
            return
        if self._data is None:
            raise malformed_line(number, "a part directly after its leaf", "a part with no leaf before it")
        leaf = self._read_leaf(self._data)
        claimed = leaf.commitments.get(name) if exchange == leaf.exchange and name not in self._opened else None
        if claimed is None:
            self._hold(Damage.PART_MISSING, exchange, name, "a commitment to it that is still open", "none")
        elif claimed != computed:
            self._hold(Damage.PART_DIFFERS, exchange, name, f"commitment {claimed}", f"{computed} of the stored bytes")
        self._opened.add(name)
        self.parts_checked += 1

    # --- what is erased -------------------------------------------------------------------------------------------

    def _take_excuse(self, number: int, scope: str, by: str) -> None:
        """The parts that do not follow are erased, as a later leaf of this ledger says of their scope."""
        if not self._parts or self._disagreement:
            return
        if self._data is None:
            raise malformed_line(number, "an erasure directly after its leaf and parts", "one with no leaf before it")
        self._excuse = scope, by

    def _excuse_missing(self, leaf: Committed, data: bytes, name: str, scope: str, by: str) -> None:
        """Count what the leaf that comes has to have counted: a leaf outlives erasure, so it names no case itself."""
        where = f"part {name!r} of exchange {leaf.exchange!r}, leaf {self.size - 1}"
        if name.startswith("fact-") and scope != f"case/{leaf.exchange}":
            self._hold(Damage.PART_MISSING, leaf.exchange, name, f"case/{leaf.exchange} to be erased", scope)
        elif fault := self._claims.add(scope, by, leaf_hash(data), where):
            self._part_fault = self._part_fault or fault

    def _judge_erased(self, index: int, data: bytes) -> None:
        with suppress(LedgerBroken):  # what is no leaf says nothing; whether it is damage is judged elsewhere
            leaf = Leaf.parse(data)
            if leaf.kind is LeafKind.ERASED and (fault := self._claims.judge(leaf, f"leaf {index}")):
                self._part_fault = self._part_fault or fault

    def _hold(self, damage: Damage, exchange: str, name: str, expected: str, found: str) -> None:
        """Keep the first fault of a part until the leaf that it is judged by is proven."""
        if self._part_fault is None:
            where = f"part {name!r} of exchange {exchange!r}, leaf {self.size - 1}"
            self._part_fault = broken(damage, where, expected=expected, found=found)

    # --- checkpoints ----------------------------------------------------------------------------------------------

    def _take_checkpoint(self, note: str) -> None:
        self._close_leaf()
        checkpoint = open_note(note, self._verifiers)
        where = f"checkpoint after {self.size} leaves"
        if checkpoint.origin != self._origin:
            expected, found = f"ledger {self._origin!r}", f"ledger {checkpoint.origin!r}"
            raise broken(Damage.ORIGIN, where, expected=expected, found=found)
        if checkpoint.size != self.size:
            raise broken(Damage.TREE_SIZE, where, expected=f"size {self.size}", found=f"size {checkpoint.size}")
        self._judge_root(checkpoint.root)
        if fault := self._part_fault or self._held.fault:
            raise fault
        self.proven = self.size
        self.checkpoints += 1

    def _judge_root(self, signed: bytes) -> None:
        root = self.root()
        if self._disagreement and self._derived:
            fault = self._disagreement.judge(root, self._derived.root(), signed)
        elif root == signed:
            return
        else:
            where = f"leaves {self.proven} to {self.size - 1}"
            fault = broken(Damage.LEAF_CHANGED, where, expected=f"root {signed.hex()}", found=f"root {root.hex()}")
        # Decided: nothing is held back any more, so that the caller's first-come rule lets this through.
        self._disagreement = self._part_fault = None
        raise fault
