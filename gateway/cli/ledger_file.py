"""`simojo ledger verify FILE`: an export judged on any machine. No settings, no database, none of the office's code.

What is imported here is held by import-linter: nothing of the store, of what writes the ledger, or of the hub.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from gateway.cli.ledger_report import DAMAGED, OTHER_KEY, UNTRUSTED, bar, damage_text, other_key_text
from gateway.domain.errors import LedgerBroken
from gateway.ledger.checkpoint import NoteVerifier
from gateway.ledger.damage import Damage
from gateway.ledger.finding import explain
from gateway.ledger.held import Held, read_held
from gateway.ledger.lines import MAX_LINE
from gateway.ledger.signers import key_name, other_signers
from gateway.ledger.verify import Standing, Verdict, header_keys, verify_export

_OF_KEYS = frozenset({Damage.VERIFIER_KEY, Damage.CHECKPOINT_SIGNATURE})


def verify_file(file: Path, keys: Sequence[str], held: Sequence[Path], *, parts: bool) -> int:
    """Judge an export and say what was found; gives the exit code.

    0 whole, judged by `keys`; 1 damaged; 3 whole by the keys in the export alone; 4 the same, where keys were given and
    others have signed. Raises LedgerBroken where nothing can be judged: no header, no key, or something held that
    proves nothing; OSError.
    """
    # not told apart by line ends of other systems, and bytes that are no UTF-8 are kept for the walk to name
    with file.open(encoding="utf-8", errors="surrogateescape", newline="\n") as source:
        origin, own, size = header_keys(source.readline(MAX_LINE))
        given = [NoteVerifier.parse(each) for each in keys]
        try:
            known = held_of(held, given or [NoteVerifier.parse(each) for each in own])
        except LedgerBroken:
            if not keys or set(keys) & set(own):
                raise
            # a wrong key cannot judge what is held either
            return _by_its_own_keys(source, given, own, size, parts=parts)
        source.seek(0)
        standing = Standing()
        try:
            with bar(size) as progress:
                verdict = verify_export(
                    _lines(source), keys or None, progress, parts=parts, held=known, standing=standing
                )
        except LedgerBroken as damage:
            if keys and damage.code in _OF_KEYS:
                return _by_its_own_keys(source, given, own, size, parts=parts)
            return _damaged(source, damage, standing)
    print(f"ledger is whole: {verdict.size} entries of {origin}, {verdict.checkpoints} checkpoints")
    print(f"root {verdict.root.hex()}")
    print(_parts_text(verdict, parts=parts))
    for each in known:
        print(f"goes on from {each.source}: {each.size} leaves")
    if not verdict.trusted:
        print("judged by the keys in the export itself, so it agrees with itself and nothing more: give --key")
        return UNTRUSTED
    return 0


def _by_its_own_keys(
    source: IO[str], given: Sequence[NoteVerifier], own: Sequence[str], size: int, *, parts: bool
) -> int:
    """Tell an export that other keys signed from a damaged one: is it whole by what it brings itself?"""
    source.seek(0)
    standing = Standing()
    keys = [*(each.encode() for each in given), *own]
    try:
        with bar(size) as progress:
            verdict = verify_export(_lines(source), keys, progress, parts=parts, standing=standing)
    except LedgerBroken as damage:
        return _damaged(source, damage, standing)
    source.seek(0)
    signed = other_signers(_lines(source), given) or tuple(key_name(NoteVerifier.parse(each)) for each in own)
    print(other_key_text(signed, [key_name(each) for each in given], verdict.size))
    return OTHER_KEY


def _damaged(source: IO[str], damage: LedgerBroken, standing: Standing) -> int:
    source.seek(0)
    finding = explain(_lines(source), damage, proven=standing.proven, size=standing.promised, is_export=True)
    print(damage_text(damage, finding))
    return DAMAGED


def held_of(files: Sequence[Path], verifiers: Sequence[NoteVerifier]) -> list[Held]:
    """Read what is held. Raises LedgerBroken where it proves nothing, OSError."""
    return [read_held(each.read_bytes(), each.name, verifiers) for each in files]


def _parts_text(verdict: Verdict, *, parts: bool) -> str:
    if not parts:
        return "stored messages were not looked at (--no-bytes)"
    if not verdict.parts_complete and not verdict.parts_checked:
        return (
            "stored messages were not looked at: the export has leaves and checkpoints alone (--no-parts). That nothing"
            " was added, left out or changed in the ledger is proven; that messages are still as committed is not"
        )
    all_of_them = "" if verdict.parts_complete else "; the export does not have them all"
    erased = f"; {verdict.parts_erased} more are erased, as the ledger says" if verdict.parts_erased else ""
    return f"{verdict.parts_checked} stored messages and facts are as committed, by their digests{erased}{all_of_them}"


def _lines(source: IO[str]) -> Iterator[str]:
    """The lines, in constant memory: one beyond all bounds comes in pieces, of which none is a line of an export."""
    while line := source.readline(MAX_LINE):
        yield line
