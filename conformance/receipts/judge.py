"""The judgement of a receipt.

1. the form of the document, and the certificate in it
2. the verifier key: one that is trusted and signed the checkpoint, else the one inside; and the checkpoint that it
   signed for its own ledger
3. each leaf: canonical, and in the tree of the checkpoint; all different, and of one exchange
4. each salt belongs to a part that a leaf commits to
5. each part whose bytes are given is what a leaf commits to
6. the certificate is the one that the reader trusts, where one is given
7. lines of witnesses whose keys are given, and of as many as are needed
8. the timestamp, where there is one and an authority is given
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from cryptography import x509

from conformance.notes import Checkpoint, VerifierKey
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
from conformance.receipts.note import has_line, open_checkpoint, read_key
from conformance.receipts.timestamp import Stamp, judge_timestamp, stamped_note, time_of
from conformance.receipts.tree import check_inclusion
from conformance.receipts.witnessing import Witnessed, judge_witnesses, read_witness_key


@dataclass(frozen=True, kw_only=True)
class Trusted:
    """What the reader trusts, got by another way than the receipt.

    `keys` are the ledger's verifier keys, several after a roll-over; `certificate` is the hub's, SHA-256 in hex;
    `witnesses` are verifier keys, of which `need` are to have co-signed (None: all of them); `authorities` are
    certificates of timestamp authorities. What is empty is not judged, and the verdict says so.
    """

    keys: Sequence[str] = ()
    certificate: str | None = None
    witnesses: Sequence[str] = ()
    need: int | None = None
    authorities: Sequence[x509.Certificate] = field(default=())


NOTHING = Trusted()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a receipt proves; nothing else in it was verified.

    `leaves` are by index. `opened` are the parts whose bytes were given and fit, `closed` those that the salts could
    open, `sealed` those for which the receipt has no salt. `trusted` is False when the key came from the receipt.
    `verifier` is the key that judged, `named` the one that the receipt names: nothing vouches for that word of it.
    `has_timestamp` of which no time may be readable: then `stamp` is None.
    """

    exchange: str
    checkpoint: Checkpoint
    verifier: str
    named: str
    trusted: bool
    leaves: Mapping[int, Leaf]
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    sealed: tuple[str, ...]
    certificate: CarriedCertificate
    certificate_trusted: bool
    witnessed: Witnessed
    has_timestamp: bool
    stamp: Stamp | None


def judge(data: bytes, trusted: Trusted = NOTHING, parts: Mapping[str, bytes] | None = None) -> Verdict:
    """Judge the bytes of a receipt, and the exact bytes of `parts` where given.

    Raises Damaged for the first check that fails; the steps are those at the top.
    """
    # 1
    document = read_document(data)
    carried = read_certificate(document.certificate)
    # 2
    verifier = _judging(document, trusted.keys)
    key = read_key(verifier)
    checkpoint = open_checkpoint(document.checkpoint, key)
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
    if trusted.certificate is not None and trusted.certificate != carried.sha256:
        detail = f"the receipt carries the one with SHA-256 {carried.sha256}, which is not the one that was given"
        raise Damaged(CERTIFICATE_DIFFERS, "certificate", detail, given=True)
    # 7
    witnesses = [read_witness_key(each) for each in trusted.witnesses]
    need = len(witnesses) if trusted.need is None else trusted.need
    witnessed = judge_witnesses(document.checkpoint, key, witnesses, need)
    # 8
    stamp = _stamp(document, key, trusted.authorities) if document.timestamp else None
    return Verdict(
        exchange=exchange,
        checkpoint=checkpoint,
        verifier=verifier,
        named=document.verifier,
        trusted=bool(trusted.keys),
        leaves=leaves,
        opened=tuple(given),
        closed=tuple(sorted(document.salts.keys() - given.keys())),
        sealed=tuple(sorted(committed - document.salts.keys())),
        certificate=carried,
        certificate_trusted=trusted.certificate is not None,
        witnessed=witnessed,
        has_timestamp=bool(document.timestamp),
        stamp=stamp,
    )


def _judging(document: Document, keys: Sequence[str]) -> str:
    """The key to judge by: while a ledger rolls its key over, its checkpoints have a line of the old and of the new."""
    if not keys or document.verifier in keys:
        return document.verifier
    for each in keys:
        if has_line(document.checkpoint, read_key(each)):
            return each
    wanted = " or ".join(each[:120] for each in keys)
    detail = f"it is of the key {document.verifier[:120]!r}, not of {wanted!r}"
    raise Damaged(VERIFIER_KEY, "receipt", detail, given=True)


def _stamp(document: Document, key: VerifierKey, authorities: Sequence[x509.Certificate]) -> Stamp | None:
    if authorities:
        return judge_timestamp(document.timestamp, stamped_note(document.checkpoint, key.name), authorities)
    at = time_of(document.timestamp)
    return None if at is None else Stamp(at, is_judged=False)


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
