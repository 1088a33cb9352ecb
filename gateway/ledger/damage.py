"""What can be wrong with a ledger, by name, and the one way to say so.

Each name is the `code` of the `LedgerBroken` that reports it, so that a program can tell a changed leaf from a
missing one without reading the sentence.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.domain.errors import LedgerBroken, Violation


class Damage(StrEnum):
    """The kinds of damage. Published: a name is never reused with another meaning."""

    LEAF_CHANGED = "leaf-changed"
    """The text of a leaf is not the one that the signed tree holds."""
    LEAF_HASH_CHANGED = "leaf-hash-changed"
    """The text of a leaf is right; the leaf hash stored beside it is not."""
    LEAF_NOT_CANONICAL = "leaf-not-canonical"
    """A leaf is not the RFC 8785 form of a known kind of leaf."""
    INDEX_GAP = "index-gap"
    INDEX_DUPLICATED = "index-duplicated"
    TREE_SIZE = "tree-size"
    """A checkpoint or the header counts other leaves than there are."""
    TREE_NODE = "tree-node"
    """A stored tile is shorter than the tree needs, or not made of whole hashes."""
    INCLUSION_PROOF = "inclusion-proof"
    CONSISTENCY_PROOF = "consistency-proof"
    CHECKPOINT_MALFORMED = "checkpoint-malformed"
    CHECKPOINT_SIGNATURE = "checkpoint-signature"
    CHECKPOINT_MISSING = "checkpoint-missing"
    ORIGIN = "checkpoint-origin"
    """The checkpoint speaks for another ledger."""
    VERIFIER_KEY = "verifier-key"
    """A verifier key is unreadable, or is not the trusted one."""
    PART_DIFFERS = "part-differs"
    """The bytes of a part are not those that the leaf commits to."""
    PART_MISSING = "part-missing"
    """A commitment without its part, or a part without its commitment."""
    ROLLED_BACK = "rolled-back"
    """The ledger is shorter than a checkpoint or receipt that somebody holds: an older copy was put in its place."""
    REWRITTEN = "history-rewritten"
    """The ledger is signed and agrees with itself, and another one was signed before: somebody holds it."""
    RECEIPT_MALFORMED = "receipt-malformed"
    EXPORT_MALFORMED = "export-malformed"


def broken(damage: Damage, where: str, *, expected: str, found: str) -> LedgerBroken:
    """Make the error for one kind of damage: `where` names the leaf, line, tile or part; both sides are told."""
    return LedgerBroken(
        f"{where}: {damage}: expected {expected}, found {found}. Keep this copy as it is and compare it with another.",
        code=damage.value,
        clause="Pasal 22(4)",
        violations=(Violation(path=where, rule=damage.value, text=f"expected {expected}, found {found}"),),
    )
