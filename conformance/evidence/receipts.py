"""Receipts of a bundle, judged by `conformance.receipts`, and held against the exact bytes that lie beside them."""

from __future__ import annotations

from collections.abc import Mapping

from conformance.evidence.faults import EvidenceBroken, OtherKey
from conformance.receipts.damage import VERIFIER_KEY, Damaged
from conformance.receipts.forms import read_document
from conformance.receipts.judge import Trusted, Verdict, judge
from conformance.receipts.leaf import opens
from conformance.receipts.words import DAMAGE


def verify_receipt(
    document: bytes, exchange: str, digests: Mapping[str, bytes], where: str, trusted: Trusted
) -> Verdict:
    """Judge a receipt; `digests` are SHA-256 of the exact bytes at hand, by part. Raises EvidenceBroken, OtherKey."""
    try:
        verdict, salts = judge(document, trusted), read_document(document).salts
    except Damaged as fault:
        if fault.code == VERIFIER_KEY and fault.given:
            raise OtherKey(where, fault.detail) from None
        raise EvidenceBroken(f"{where}: {DAMAGE['id'][fault.code]}", f"{where}: {fault}") from None
    if verdict.exchange != exchange:
        raise EvidenceBroken(f"{where}: milik pertukaran lain", f"{where} is of the exchange {verdict.exchange}")
    for name, digest in digests.items():
        made = [leaf.commitments[name] for leaf in verdict.leaves.values() if name in leaf.commitments]
        if name not in salts or not any(opens(each, salts[name], digest) for each in made):
            raise EvidenceBroken(
                f"{name}, {where}: bukan bita yang dicatat", f"{name}, {where} is not what the ledger committed to"
            )
    return verdict
