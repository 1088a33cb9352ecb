"""The stored leaves alone, proven at speed: every hash derived anew from the stored bytes, no message looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gateway.ledger.checkpoint import NoteVerifier
from gateway.ledger.held import Held
from gateway.ledger.verify import PROGRESS_EVERY, Standing, Verdict
from gateway.ledger.walk import Walk
from gateway.operations.ledger_tiles import check_tiles
from gateway.store.reading import Reader

BATCH = 5_000


def verify_leaves(
    reader: Reader,
    verifiers: Sequence[NoteVerifier],
    progress: Callable[[int], None] | None = None,
    *,
    size: int,
    held: Sequence[Held] = (),
    standing: Standing | None = None,
) -> tuple[Verdict, int]:
    """Prove the first `size` stored leaves and compare all tiles; gives the verdict and the number of tiles.

    Nothing is said of the bytes that leaves commit to. Raises LedgerBroken as `verify_export` does.
    """
    standing = standing or Standing()
    standing.promised = size
    walk = Walk(
        origin=verifiers[0].name, size=size, complete=False, verifiers=verifiers, deep=True, parts=False, held=held
    )
    try:
        at = 0
        while at < size and (rows := reader.leaf_bytes(at, min(BATCH, size - at))):
            last = rows[-1][0]
            notes = {each.size: each.note for each in reader.checkpoints(at, last + 1, last + 1 - at)}
            for index, canonical, stored in rows:
                walk.take_stored(index, canonical, stored)
                if index + 1 in notes:
                    walk.take_checkpoint(notes[index + 1])
            at = last + 1
            if progress and at % PROGRESS_EVERY < BATCH:
                progress(at)
        walk.finish()
    finally:
        standing.size, standing.proven = walk.size, walk.proven
    verdict = Verdict(
        origin=verifiers[0].name,
        size=walk.size,
        root=walk.root(),
        checkpoints=walk.checkpoints,
        parts_checked=0,
        parts_complete=False,
        trusted=True,
    )
    return verdict, check_tiles(reader, size)
