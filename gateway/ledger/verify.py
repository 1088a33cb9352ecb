"""An independent walk over a whole exported ledger, in constant memory, that names the first damage.

The export is JSON Lines in UTF-8. The first line is the header:

    {"format": "simojo-ledger-export", "version": 1,
     "origin": "simojo.example/ledger",           name of the ledger
     "verifiers": ["<name+key id+base64>", ...],  the note keys that signed its checkpoints
     "size": 70000,                               number of leaves that follow
     "parts": "complete"}                         or "partial": whether every commitment's part must be there

Then, in the order of the tree:

    {"i": 0, "leaf": "<canonical text>", "h": "<base64>"}   one per leaf; h is the leaf hash as the integrator
                                                            stored it, and may be left out
    {"part": {"exchange": "...", "name": "request",         directly after the leaf that commits to the part, and
              "digest": "<hex>", "salt": "<hex>"}}          before the next leaf or checkpoint: SHA-256 of the stored
                                                            bytes as the exporter computed it now, and the part's salt
    {"erased": {"scope": "case/...", "leaf": "<id>"}}       behind the leaf and its parts: those that are missing are
                                                            erased, as the leaf of kind `erased` with this id says of
                                                            the scope; it comes later
    {"checkpoint": "<C2SP note>"}                           directly after the leaf that completes its size, and that
                                                            leaf's parts

A stored leaf that is not UTF-8 is written with U+DC80 to U+DCFF for its odd bytes (and found damaged). The last
checkpoint covers all leaves. Lines hold no other member. How damage is told apart:

- index-gap, index-duplicated: leaves are numbered from 0 without a hole, and come in order.
- leaf-not-canonical: a leaf that this version of the ledger cannot have written.
- leaf-changed, leaf-hash-changed: the text and its stored hash disagree. Two trees are then carried on, one over the
  stored hashes and one over the hashes of the texts; the one that reaches the root of the next checkpoint was whole.
  Without a disagreement, a wrong root names the range of leaves since the last good checkpoint.
- part-differs, part-missing: held back until a checkpoint has proven the leaf that says so.
- parts that are missing and said to be erased: part-missing where no later leaf says so of that scope, or where the
  leaves that lost theirs are not those that it counts (`gateway.ledger.covered`). Which case an exchange was about its
  leaves do not tell, for they outlive the case; of a fact they do, and it is compared.
- history-rewritten, rolled-back: the ledger agrees with itself, and not with a checkpoint or receipt that is held.
- tree-size, checkpoint-*, verifier-key, export-malformed: as they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from gateway.ledger.checkpoint import NoteVerifier
from gateway.ledger.covered import Claims
from gateway.ledger.damage import Damage, broken
from gateway.ledger.encoding import members, number_of, parse_json, text_of
from gateway.ledger.held import Held
from gateway.ledger.lines import malformed_line, unread
from gateway.ledger.walk import Walk

FORMAT = "simojo-ledger-export"
VERSION = 1
COMPLETE = "complete"
PARTIAL = "partial"
PROGRESS_EVERY = 10_000

_HEADER = frozenset({"format", "version", "origin", "verifiers", "size", "parts"})


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A ledger found whole: every leaf under a signed checkpoint, every given part as committed.

    `trusted` is False when the checkpoints were judged by the keys of the header alone: then the export agrees with
    itself and nothing more. `parts_complete` tells whether every commitment was checked against bytes.
    """

    origin: str
    size: int
    root: bytes
    checkpoints: int
    parts_checked: int
    parts_complete: bool
    trusted: bool
    parts_erased: int = 0
    """Commitments whose parts are gone by an erasure that the ledger proves."""


@dataclass
class Standing:
    """How far a walk came: leaves taken, those of them under a good checkpoint, and how many the header promises."""

    size: int = 0
    proven: int = 0
    promised: int = 0


def verify_export(
    lines: Iterable[str],
    trusted_verifier: str | Sequence[str] | None,
    progress: Callable[[int], None] | None = None,
    *,
    deep: bool = True,
    parts: bool = True,
    held: Sequence[Held] = (),
    standing: Standing | None = None,
    claims: Claims | None = None,
) -> Verdict:
    """Verify an export line by line. Raises LedgerBroken for the first damage; the module names the kinds.

    `trusted_verifier` is the verifier key held by whoever checks (several after a roll-over of keys); None judges by
    the header's own. `progress` is called with the number of leaves done, every 10,000 leaves. Without `deep`, leaves
    are read as bytes only and not checked for their form; the tree is proven as well. Without `parts`, the lines of
    parts are passed over. `held` is what people have kept of this ledger as it once was. `standing` is told how far
    the walk came, also where it raises. `claims` takes what is claimed of `erased` leaves that have no place in the
    tree yet: who gives it has those leaves, and ends it.

    1. the header
    2. each line in turn: leaf, part or checkpoint
    3. at the end: as many leaves as promised, all under a checkpoint, and no fewer than are held
    """
    source = iter(lines)
    standing = standing or Standing()
    # 1
    header = _parse_header(next(source, ""))
    standing.promised = header.size
    trusted = (trusted_verifier,) if isinstance(trusted_verifier, str) else trusted_verifier
    walk = Walk(
        origin=header.origin,
        size=header.size,
        complete=header.complete,
        verifiers=_verifiers(header, trusted),
        deep=deep,
        parts=parts,
        held=held,
        claims=claims,
    )
    try:
        # 2
        for number, line in enumerate(source, start=2):
            if walk.take(number, line) and progress and walk.size % PROGRESS_EVERY == 0:
                progress(walk.size)
        # 3
        walk.finish()
    finally:
        standing.size, standing.proven = walk.size, walk.proven
    return Verdict(
        origin=header.origin,
        size=walk.size,
        root=walk.root(),
        checkpoints=walk.checkpoints,
        parts_checked=walk.parts_checked,
        parts_complete=header.complete and parts,
        trusted=trusted is not None,
        parts_erased=walk.parts_erased,
    )


def header_keys(line: str) -> tuple[str, tuple[str, ...], int]:
    """Read the ledger's name, its verifier keys and its size from the first line of an export. Raises LedgerBroken."""
    header = _parse_header(line)
    return header.origin, header.verifiers, header.size


@dataclass(frozen=True)
class _Header:
    origin: str
    verifiers: tuple[str, ...]
    size: int
    complete: bool


def _parse_header(line: str) -> _Header:
    try:
        said = members(parse_json(line), _HEADER)
        if said["format"] != FORMAT or number_of(said["version"], "version") != VERSION:
            raise ValueError(f"format {said['format']!r} version {said['version']!r}")
        parts = text_of(said["parts"], "parts")
        if parts not in {COMPLETE, PARTIAL} or not isinstance(said["verifiers"], list):
            raise ValueError(f"parts {parts!r}, verifiers {said['verifiers']!r}")
        verifiers = tuple(text_of(each, "verifiers") for each in said["verifiers"])
        size = number_of(said["size"], "size")
        return _Header(text_of(said["origin"], "origin"), verifiers, size, parts == COMPLETE)
    except ValueError as error:
        raise malformed_line(1, f"a {FORMAT} header of version {VERSION}", unread(1, line, error)) from None


def _verifiers(header: _Header, trusted: Sequence[str] | None) -> list[NoteVerifier]:
    """Pick the keys to judge by: those named as this ledger. A witness alone proves nothing."""
    known = [NoteVerifier.parse(each) for each in (header.verifiers if trusted is None else trusted)]
    own = [each for each in known if each.name == header.origin]
    if not own:
        expected, found = f"a key named {header.origin!r}", ", ".join(repr(each.name) for each in known) or "no key"
        raise broken(Damage.VERIFIER_KEY, "header", expected=expected, found=found)
    return own
