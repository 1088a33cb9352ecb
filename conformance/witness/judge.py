"""What a witness co-signs, and what it refuses.

A checkpoint is judged in this order, and only one that passes all of it is remembered and co-signed:

    1. it is one of this ledger, signed by a key of it               else it is nothing to us
    2. it is not smaller than the last one                           else a rollback
    3. the proof shows that it continues the last one                else a rewrite, or a fork where the sizes are equal

What fails 2 or 3 carries the ledger's own signature: it is kept as evidence, and said loudly. The last checkpoint
stays what it was, so that the ledger is refused until it shows again what was seen.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from conformance.notes import Checkpoint, VerifierKey, WitnessKey, read_checkpoint, verify
from conformance.witness.memory import Memory
from conformance.witness.merkle import EMPTY, NotConsistent, check_consistency

ROLLBACK, REWRITE, FORK = "rollback", "rewrite", "fork"


class OtherLedger(ValueError):
    """The checkpoint is of a ledger that this witness was not given."""


class Behind(ValueError):
    """The caller believes that this witness has another checkpoint than it has: `size` is that of the last."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the last checkpoint here has {size} leaves")
        self.size = size


@dataclass(eq=False)
class Contradiction(Exception):
    """The ledger contradicts what it signed before: `kind` is rollback, rewrite or fork; `evidence` is the file."""

    kind: str
    text: str
    evidence: Path


class Witness:
    """Judges the checkpoints of one ledger. Safe to use from several threads: one is judged after the other.

    `ledger` are its verifier keys, all of one name: one, or several while its key is rolled over. A line of any counts.
    """

    def __init__(
        self,
        memory: Memory,
        key: WitnessKey,
        ledger: Sequence[VerifierKey],
        clock: Callable[[], datetime],
        say: Callable[[str], None],
    ) -> None:
        self._memory = memory
        self._key = key
        self._ledger = ledger
        self._clock = clock
        self._say = say
        self._lock = threading.Lock()
        self._last = memory.last()

    @property
    def size(self) -> int:
        """Leaves of the last checkpoint, 0 before the first."""
        return self._last.size if self._last else 0

    def cosign(self, note: str, old: int | None, proof: Sequence[bytes]) -> str:
        """Judge a checkpoint and give the line that co-signs it.

        `old` is the size that the proof begins with; None: whatever the last one has. Raises NotANote, NotSigned,
        OtherLedger, Behind, and Contradiction.
        """
        offered = read_checkpoint(note)
        # 1
        name = self._ledger[0].name
        if offered.origin != name:
            raise OtherLedger(f"{offered.origin[:100]!r} is not the ledger {name}")
        verify(note, *self._ledger)
        with self._lock:
            if old is not None and old != self.size:
                if offered.size < self.size:  # anybody may repeat an old one here: a word, and no evidence
                    self._say(
                        f"shown {offered.size} leaves, with {self.size} co-signed: the ledger was set back to an older "
                        "copy, or somebody repeats an old checkpoint"
                    )
                raise Behind(self.size)
            # 2, 3
            self._judge(offered, proof)
            if self._last is None or offered.size > self._last.size:
                self._memory.remember(offered)
                self._last = offered
            return self._key.cosign(offered, int(self._clock().timestamp()))

    def seen(self) -> str | None:
        """The last checkpoint with our line on it, of now: what a ledger that was refused has signed before."""
        with self._lock:
            last = self._last
        return None if last is None else last.note + self._key.cosign(last, int(self._clock().timestamp()))

    def _judge(self, offered: Checkpoint, proof: Sequence[bytes]) -> None:
        held = self._last
        if held is not None and offered.size < held.size:
            text = (
                f"the ledger shows {offered.size} leaves and has signed {held.size} before: its database was set back "
                "to an older copy, or somebody holds an old checkpoint in front of you"
            )
            raise self._contradiction(ROLLBACK, text, offered, proof)
        try:
            check_consistency(self.size, held.root if held else EMPTY, offered.size, offered.root, proof)
        except NotConsistent as fault:
            if held is not None and offered.size == held.size and offered.root != held.root:
                text = f"the ledger has signed two different trees of {held.size} leaves: this alone proves it"
                raise self._contradiction(FORK, text, offered, proof) from None
            text = f"the ledger of {offered.size} leaves does not continue that of {self.size}: {fault}"
            raise self._contradiction(REWRITE, text, offered, proof) from None

    def _contradiction(self, kind: str, text: str, offered: Checkpoint, proof: Sequence[bytes]) -> Contradiction:
        held = self._last.note if self._last else ""
        name = f"{kind}-{self.size}-{offered.size}-{hashlib.sha256(offered.body.encode()).hexdigest()[:12]}"
        said: dict[str, object] = {"kind": kind, "text": text, "at": self._clock().isoformat()}
        said |= {"held": held, "offered": offered.note, "proof": [each.hex() for each in proof]}
        path = self._memory.keep_evidence(name, said)
        self._say(f"REFUSED ({kind}): {text}. Evidence: {path}. Keep it, and call the office.")
        return Contradiction(kind, text, path)
