"""A real witness beside the office (`conformance.witness`): it has co-signed every checkpoint up to today."""

from __future__ import annotations

from pathlib import Path

from conformance.notes import read_key
from conformance.witness.judge import Contradiction, Witness
from conformance.witness.memory import CHECKPOINT_FILE, EVIDENCE, Memory
from gateway.ledger.tree import consistency_proof
from gateway.operations.integrator import StoredTiles
from tests.drill.grounds import DrillOffice
from tests.operations.ledgers import KEY

NAME = "saksi.dpupr.example"


class Watching:
    """The witness in its folder. It fetches checkpoints, as one does that the hub cannot call."""

    def __init__(self, folder: Path, office: DrillOffice) -> None:
        self.checkpoint = folder / CHECKPOINT_FILE
        self._evidence = folder / EVIDENCE
        self._memory = Memory(folder)
        key = self._memory.key(NAME, lambda size: bytes(range(size)))
        ledger = read_key(KEY.verifier.encode())
        self._witness = Witness(self._memory, key, (ledger,), lambda: office.now, lambda _said: None)
        for each in office.reader.checkpoints():
            self._visit(office, each.size, each.note)

    def refuses(self, office: DrillOffice) -> str:
        """Show it the store as it is now; gives as what it refuses it, or nothing where it co-signs."""
        newest = office.reader.last_checkpoint()
        assert newest is not None
        try:
            self._visit(office, newest.size, newest.note)
        except Contradiction as found:
            kept = list(self._evidence.iterdir())
            return found.kind if kept == [found.evidence] else "nothing that it keeps the evidence of"
        finally:
            self._memory.close()
        return ""

    def _visit(self, office: DrillOffice, size: int, note: str) -> None:
        seen = self._witness.size
        proof = consistency_proof(seen, size, StoredTiles(office.reader)) if 0 < seen < size else []
        self._witness.cosign(note, None, proof)
