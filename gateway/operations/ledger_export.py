"""The whole ledger out of the store, as lines, and its verification.

`export_lines` writes what `gateway.ledger.verify` reads: on another machine, years later, with none of this code.
`verify_store` does that walk over the store itself, and then what lines cannot tell: tiles, waiting leaves, and stored
bytes that no leaf speaks of. Both read in batches; memory does not grow with the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.casework.names import BATCH_REPORT, fact_part
from gateway.domain.catalogue import SAMPLE, Catalogue
from gateway.domain.errors import HubBusy, LedgerBroken, Tampered
from gateway.ledger.checkpoint import NoteVerifier
from gateway.ledger.covered import Claims
from gateway.ledger.damage import Damage, broken
from gateway.ledger.export import checkpoint_line, erased_line, header_line, leaf_line, part_line
from gateway.ledger.held import Held
from gateway.ledger.leaf import Leaf, LeafKind, commitment
from gateway.ledger.verify import Standing, Verdict, verify_export
from gateway.operations.ledger_batches import check_batches
from gateway.operations.ledger_cases import check_agreements, check_cases, check_documents, check_opened
from gateway.operations.ledger_evidence import Evidence, read_leaf
from gateway.operations.ledger_tiles import check_tiles
from gateway.operations.ledger_walk import verify_leaves
from gateway.store.reading import Reader
from gateway.store.reads.base import UNREADABLE
from gateway.store.sealing import Shut
from gateway.store.tables import LeafRow
from gateway.store.vault import Vault

BATCH = 500

WALKS = 3
"""Times that a store is verified in which something is erased meanwhile."""


@dataclass(frozen=True, kw_only=True)
class StoreVerdict:
    """A stored ledger found whole: the walk's verdict, the tiles compared, and the waiting leaves that are sound."""

    ledger: Verdict
    tiles: int
    pending: int


def export_lines(
    reader: Reader, vault: Vault, verifiers: Sequence[NoteVerifier], *, parts: bool = True
) -> Iterator[str]:
    """Write the ledger as it is now, with the digests of its stored parts; `verifiers` are its keys, newest first.

    A digest and its salt open a commitment: whoever has both can try guesses of a short message against it, also after
    an erasure. Without `parts` there are leaves and checkpoints alone, and nothing to try.

    Damage is written as it is found, for the walk to name; LedgerBroken where a line cannot be written at all because
    an exchange or a data key is gone.
    """
    size = reader.extent().head
    yield header_line(origin=verifiers[0].name, verifiers=verifiers, size=size, complete=parts)
    at = 0
    while rows := [row for row in reader.leaves(at, BATCH) if _index(row) < size]:
        yield from _leaves(reader, vault, rows, parts=parts)
        at = _index(rows[-1]) + 1


def leaf_lines(reader: Reader) -> Iterator[str]:
    """Write the placed leaves alone, as they are stored: what is told about a damage is read from them."""
    at = 0
    while rows := reader.leaf_bytes(at, BATCH):
        yield from (leaf_line(index, canonical, stored) for index, canonical, stored in rows)
        at = rows[-1][0] + 1


def verify_store(
    reader: Reader,
    vault: Vault,
    verifiers: NoteVerifier | Sequence[NoteVerifier],
    progress: Callable[[int], None] | None = None,
    catalogue: Catalogue = SAMPLE,
    *,
    held: Sequence[Held] = (),
    standing: Standing | None = None,
    parts: bool = True,
) -> StoreVerdict:
    """Verify all that is stored of the ledger. Raises LedgerBroken for the first damage, naming the leaf or exchange.

    `progress` is told the number of leaves done, every 10,000; `catalogue` is the one that cases were opened with.
    `held` is what people have kept of the ledger as it once was: checkpoints, receipts, and what witnesses co-signed.
    `standing` is told how far the walk came. Without `parts` the leaves alone are proven (steps 1 to 4), at speed.
    The hub may go on writing meanwhile.

    1. tree head, last checkpoint and last leaf agree
    2. the walk: every leaf, every part that it commits to, every checkpoint
    3. no checkpoint between the first and the last is gone
    4. every tile holds the hashes of these leaves
    5. the leaves that wait for their place are what was promised, and so are their parts
    6. no stored bytes that no leaf commits to: such a leaf was deleted before it was placed, or they were put in
    7. each case is what its facts lead to; documents, agreements and files of records are those of their hashes

    A value that cannot be read at all is damage too.
    """
    try:
        keys = (verifiers,) if isinstance(verifiers, NoteVerifier) else tuple(verifiers)
        watched = _Watched(progress, held, standing)
        if not parts:
            return _verify_tree(reader, keys, watched)
        return _verify_still(reader, vault, keys, watched, catalogue)
    except HubBusy as unread:
        if unread.code != UNREADABLE:
            raise
        raise broken(Damage.PART_DIFFERS, "store", expected="readable values", found=unread.text) from unread
    except Tampered as shut:
        if shut.code != "sealed-damaged":
            raise
        raise broken(Damage.PART_DIFFERS, "store", expected="bodies as they were sealed", found=shut.text) from shut
    except Shut as shut:
        raise broken(Damage.PART_MISSING, "store", expected="the key of every body", found=shut.text) from shut


@dataclass(frozen=True)
class _Watched:
    """What goes along with a walk: who is told how far it is, and what it is compared with."""

    progress: Callable[[int], None] | None
    held: Sequence[Held]
    standing: Standing | None


def _verify_tree(reader: Reader, keys: Sequence[NoteVerifier], watched: _Watched) -> StoreVerdict:
    size = _agreed_size(reader, keys, watched)
    verdict, tiles = verify_leaves(
        reader, keys, watched.progress, size=size, held=watched.held, standing=watched.standing
    )
    _check_chain(reader, size)
    return StoreVerdict(ledger=verdict, tiles=tiles, pending=reader.pending_count())


def _verify_still(
    reader: Reader, vault: Vault, keys: Sequence[NoteVerifier], watched: _Watched, catalogue: Catalogue
) -> StoreVerdict:
    """Verify again where something was erased meanwhile: what was read before and after does not add up then."""
    for _ in range(WALKS):
        count = reader.erased_count()
        try:
            return _verify(reader, vault, keys, watched, catalogue)
        except LedgerBroken:
            if reader.erased_count() == count:
                raise
    raise HubBusy(
        "data are being erased while the ledger is verified: verify when that has ended (`simojo retention status`,"
        " `simojo erasure list`), or the leaves alone, with --no-bytes",
        code="erasing",
    )


def _verify(
    reader: Reader, vault: Vault, keys: Sequence[NoteVerifier], watched: _Watched, catalogue: Catalogue
) -> StoreVerdict:
    # 1
    size = _agreed_size(reader, keys, watched)
    # 2
    claims = Claims()  # the leaves that say so may wait
    verdict = verify_export(
        export_lines(reader, vault, keys),
        [key.encode() for key in keys],
        watched.progress,
        held=watched.held,
        standing=watched.standing,
        claims=claims,
    )
    # 3
    _check_chain(reader, size)
    # 4
    tiles = check_tiles(reader, size)
    # 5
    pending = _check_pending(reader, vault, size, claims)
    # 6
    reported = []
    for batch in reader.part_names():
        _check_spoken_for(reader, batch)
        reported += [exchange for exchange, name in batch if name == BATCH_REPORT]
    for facts in reader.fact_keys():
        _check_spoken_for(reader, [(case, fact_part(seq)) for case, seq in facts])
        check_opened(reader, {case for case, _ in facts})
    # 7
    check_cases(reader, catalogue)
    check_documents(reader)
    check_agreements(reader)
    check_batches(reader, reported)
    return StoreVerdict(ledger=verdict, tiles=tiles, pending=pending)


def _leaves(reader: Reader, vault: Vault, rows: Sequence[LeafRow], *, parts: bool) -> Iterator[str]:
    first, last = _index(rows[0]), _index(rows[-1])
    notes = {each.size: each.note for each in reader.checkpoints(first, last + 1, last + 1 - first)}
    evidence = Evidence(reader, vault, rows) if parts else None
    for row in rows:
        yield leaf_line(_index(row), row.canonical, row.hash)
        if evidence is not None:
            yield from _parts(evidence, row)
        if note := notes.get(_index(row) + 1):
            yield checkpoint_line(note)


def _parts(evidence: Evidence, row: LeafRow) -> Iterator[str]:
    leaf, found = evidence.leaf(row), 0
    for part in evidence.parts(row):
        yield part_line(exchange=row.exchange or "", name=part.name, digest=part.digest, salt=part.salt)
        found += 1
    if leaf is not None and found < len(leaf.commitments) and (gone := evidence.erasure(row)) is not None:
        yield erased_line(scope=gone.scope, leaf=gone.id)


def _index(row: LeafRow) -> int:
    """The place of a placed leaf."""
    return -1 if row.tree_index is None else row.tree_index


def _agreed_size(reader: Reader, keys: Sequence[NoteVerifier], watched: _Watched) -> int:
    extent = reader.extent()
    if not extent.head == extent.checkpoint == extent.placed:
        expected = f"{extent.head} leaves, as the tree head says"
        found = f"a last checkpoint over {extent.checkpoint}, and {extent.placed} places given"
        # what is told beside it is how far the leaves can be proven all the same
        with suppress(LedgerBroken):
            verify_leaves(reader, keys, size=extent.head, standing=watched.standing)
        raise broken(Damage.TREE_SIZE, "stored tree", expected=expected, found=found)
    return extent.head


def _check_chain(reader: Reader, size: int) -> None:
    last = 0
    while batch := reader.checkpoints(last, size):
        for each in batch:
            if each.previous != last:
                where = f"checkpoint over {each.size} leaves"
                expected = f"the one over {each.previous} leaves before it"
                raise broken(Damage.CHECKPOINT_MISSING, where, expected=expected, found=f"one over {last}")
            last = each.size


def _check_pending(reader: Reader, vault: Vault, size: int, claims: Claims) -> int:
    """Look at the leaves that were no part of the walk: those that wait, and those that were placed meanwhile."""
    seen: set[str] = set()
    told: list[Leaf] = []

    def check(rows: Sequence[LeafRow]) -> None:
        evidence = Evidence(reader, vault, rows)
        told.extend(leaf for row in rows if (leaf := _check_waiting(row, evidence, claims)) is not None)

    after = 0
    while rows := reader.pending_leaves(BATCH, after):
        check(rows)
        seen |= {row.id for row in rows}
        after = rows[-1].serial or 0
    at = size
    while rows := reader.leaves(at, BATCH):
        check([row for row in rows if row.id not in seen])
        at = _index(rows[-1]) + 1
    for leaf in told:  # what was claimed of them is known in whole only now
        if fault := claims.judge(leaf, f"leaf {leaf.id!r}, not yet in the tree"):
            raise fault
    claims.finish()
    return len(seen)


def _check_waiting(row: LeafRow, evidence: Evidence, claims: Claims) -> Leaf | None:
    """Raise LedgerBroken for a leaf that is damaged; gives one that tells of an erasure."""
    leaf = evidence.leaf(row)
    where = f"leaf {row.id!r} of exchange {row.exchange!r}, not yet in the tree"
    if leaf is None:
        expected = f"the text of a leaf with hash {row.hash.hex()}"
        raise broken(Damage.LEAF_CHANGED, where, expected=expected, found="another text")
    stored = {part.name: commitment(part.salt, part.digest).hex() for part in evidence.parts(row)}
    gone = evidence.erasure(row) if len(stored) < len(leaf.commitments) else None
    if gone is not None and (fault := claims.add(gone.scope, gone.id, row.hash, where)):
        raise fault
    for name, claimed in sorted(leaf.commitments.items()):
        if name not in stored and gone is not None:
            continue
        if name not in stored:
            raise broken(Damage.PART_MISSING, where, expected=f"part {name!r}, which it commits to", found="none")
        if stored[name] != claimed:
            expected, found = f"commitment {claimed} of part {name!r}", f"{stored[name]} of the stored bytes"
            raise broken(Damage.PART_DIFFERS, where, expected=expected, found=found)
    return leaf if leaf.kind is LeafKind.ERASED else None


def _check_spoken_for(reader: Reader, parts: Sequence[tuple[str, str]]) -> None:
    rows = reader.leaves_of_exchanges({exchange for exchange, _ in parts})
    leaves = (leaf for row in rows if (leaf := read_leaf(row)) is not None)
    spoken = {(leaf.exchange, name) for leaf in leaves for name in leaf.commitments}
    for exchange, name in parts:
        if (exchange, name) not in spoken:
            where = f"part {name!r} of exchange {exchange!r}"
            raise broken(Damage.PART_MISSING, where, expected="a leaf that commits to it", found="none")
