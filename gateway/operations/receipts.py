"""The receipt of an exchange as its agency gets it: proofs of all its leaves, and the salts of its own parts."""

from __future__ import annotations

from gateway.ledger.leaf import Leaf, part_salt
from gateway.operations.proofs import Proofs
from gateway.store.reading import Reader
from gateway.store.tables import ExchangeRow
from gateway.store.vault import Vault, scope_of


class Receipts:
    """Makes receipts. `certificate` is the hub's, in PEM: it judges the sealed answers."""

    def __init__(self, reader: Reader, vault: Vault, proofs: Proofs, certificate: str) -> None:
        self._reader = reader
        self._vault = vault
        self._proofs = proofs
        self._certificate = certificate

    def make(self, row: ExchangeRow) -> bytes:
        """Give the receipt of an exchange; every part of one was said by its agency or to it.

        Raises Retriable `not-yet-in-ledger`, LedgerBroken, Tampered for a data key that does not open.
        """
        key = self._vault.stored_key(scope_of(row.case_id, row.at))
        leaves = self._reader.leaves_of_exchange(row.id)
        parts = {name for leaf in leaves for name in Leaf.parse(leaf.canonical).commitments}
        # without its data key, which an erasure destroys, an exchange keeps its leaves and opens none of its parts
        salts = {name: part_salt(key, row.id, name) for name in sorted(parts)} if key is not None else {}
        return self._proofs.receipt(row.id, salts, self._certificate)
