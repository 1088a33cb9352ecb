"""The judgement of a receipt.

1. the form of the document, and the certificate in it
2. the verifier key: the one that is trusted, else the one inside; and the checkpoint that it signed for its own ledger
3. each leaf: canonical, and in the tree of the checkpoint; all different, and of one exchange
4. each salt belongs to a part that a leaf commits to
5. each part whose bytes are given is what a leaf commits to
6. the certificate is the one that the reader trusts, where one is given
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from conformance.notes import Checkpoint
from conformance.receipts.certificate import CarriedCertificate, read_certificate
from conformance.receipts.damage import (
    CERTIFICATE_DIFFERS,
    MALFORMED,
    PART_DIFFERS,
    PART_MISSING,
    VERIFIER_KEY,
    Damaged,
)
from conformance.receipts.forms import Document, read_document
from conformance.receipts.leaf import Leaf, opens, read_leaf
from conformance.receipts.note import open_checkpoint, read_key
from conformance.receipts.tree import check_inclusion


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a receipt proves; nothing else in it was verified.

    `leaves` are by index. `opened` are the parts whose bytes were given and fit, `closed` those that the salts could
    open, `sealed` those for which the receipt has no salt. `trusted` is False when the key came from the receipt.
    """

    exchange: str
    checkpoint: Checkpoint
    verifier: str
    trusted: bool
    leaves: Mapping[int, Leaf]
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    sealed: tuple[str, ...]
    certificate: CarriedCertificate
    certificate_trusted: bool


def judge(
    data: bytes, *, key: str | None = None, parts: Mapping[str, bytes] | None = None, certificate: str | None = None
) -> Verdict:
    """Judge the bytes of a receipt. `key` and `certificate` (SHA-256 in hex) are what the reader trusts.

    Raises Damaged for the first check that fails; the steps are those at the top.
    """
    # 1
    document = read_document(data)
    carried = read_certificate(document.certificate)
    # 2
    if key is not None and key != document.verifier:
        detail = f"it is of the key {document.verifier[:120]!r}, not of {key[:120]!r}"
        raise Damaged(VERIFIER_KEY, "receipt", detail, given=True)
    checkpoint = open_checkpoint(document.checkpoint, read_key(document.verifier))
    # 3
    leaves = _leaves(document, checkpoint)
    exchange = next(iter(leaves.values())).exchange
    # 4
    committed = {part for leaf in leaves.values() for part in leaf.commitments}
    if unknown := sorted(document.salts.keys() - committed):
        raise Damaged(PART_MISSING, f"part {unknown[0][:80]!r}", "a salt for a part that no leaf commits to")
    # 5
    given = parts or {}
    for part, content in given.items():
        _check_part(document, leaves, part, content)
    # 6
    if certificate is not None and certificate != carried.sha256:
        detail = f"the receipt carries the one with SHA-256 {carried.sha256}, which is not the one that was given"
        raise Damaged(CERTIFICATE_DIFFERS, "certificate", detail, given=True)
    return Verdict(
        exchange=exchange,
        checkpoint=checkpoint,
        verifier=document.verifier,
        trusted=key is not None,
        leaves=leaves,
        opened=tuple(given),
        closed=tuple(sorted(document.salts.keys() - given.keys())),
        sealed=tuple(sorted(committed - document.salts.keys())),
        certificate=carried,
        certificate_trusted=certificate is not None,
    )


def _leaves(document: Document, checkpoint: Checkpoint) -> dict[int, Leaf]:
    leaves: dict[int, Leaf] = {}
    for each in document.leaves:
        leaves[each.index] = read_leaf(each.data, each.index)
        check_inclusion(each.data, each.index, checkpoint.size, each.proof, checkpoint.root)
    if len(leaves) != len(document.leaves) or len({leaf.exchange for leaf in leaves.values()}) != 1:
        raise Damaged(MALFORMED, "receipt", "its leaves are not different leaves of one exchange")
    return leaves


def _check_part(document: Document, leaves: Mapping[int, Leaf], part: str, content: bytes) -> None:
    salt = document.salts.get(part)
    if salt is None:
        known = ", ".join(sorted(document.salts)) or "none"
        raise Damaged(PART_MISSING, f"part {part[:80]!r}", f"the receipt opens only: {known}", given=True)
    claimed = [leaf.commitments[part] for leaf in leaves.values() if part in leaf.commitments]
    if not any(opens(each, salt, sha256(content).digest()) for each in claimed):
        detail = f"these {len(content)} bytes are not those that the hub recorded"
        raise Damaged(PART_DIFFERS, f"part {part!r}", detail, given=True)
