"""What a damage affects, told from the lines of the ledger itself: which exchanges, cases, agreements and times.

A second walk over the lines reads only the leaves that the damage touches and their two neighbours. It believes
nothing: what a damaged leaf says is shown as what it says now.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.domain.errors import LedgerBroken
from gateway.ledger.damage import Damage
from gateway.ledger.encoding import parse_json
from gateway.ledger.leaf import LeafKind

SHOWN = 8
"""Exchanges, cases and agreements that are named of each; more are not kept."""

_RANGE = re.compile(r"\bleaves ([0-9]+) to ([0-9]+)")
_LEAF = re.compile(r"\bleaf ([0-9]+)$")

_COMPARE = "Compare this copy with another one that was taken before, and with the receipts that agencies hold."
_RESTORE = "Do not restart the hub on it. Restore the last backup that verifies into a new place and compare both."
_CUT = "Leaves were cut off or added at the end."
_OLDER = "An older copy stands in the place of the ledger."

ADVICE: dict[str, str] = {
    Damage.LEAF_CHANGED: f"The text of the leaf was changed after it was signed. {_COMPARE}",
    Damage.LEAF_HASH_CHANGED: "The text is as signed; the hash beside it is damaged. Take it from a backup that "
    "verifies; a disk that damages one value damages others.",
    Damage.LEAF_NOT_CANONICAL: f"No version of this hub writes such a leaf: it was put in by hand. {_COMPARE}",
    Damage.INDEX_GAP: f"A leaf is gone. {_RESTORE}",
    Damage.INDEX_DUPLICATED: f"A leaf was put in, or comes twice. {_COMPARE}",
    Damage.TREE_SIZE: f"{_CUT} {_RESTORE}",
    Damage.TREE_NODE: "The leaves are as signed; a tile beside them is damaged, and proofs made from it fail. Restore "
    "the tiles from a backup that verifies.",
    Damage.CHECKPOINT_MALFORMED: f"A checkpoint is damaged. {_COMPARE}",
    Damage.CHECKPOINT_SIGNATURE: "A checkpoint is damaged, or was signed by a key that is not trusted here. Give every "
    f"key of the ledger, also those before a roll-over. If it stays: {_COMPARE}",
    Damage.CHECKPOINT_MISSING: f"A checkpoint is gone; the leaves since the one before are not proven. {_COMPARE}",
    Damage.PART_DIFFERS: "What was exchanged is no longer stored as it was; the leaf still proves what it was. Ask the "
    "agency for its own bytes and its receipt: they settle which is right.",
    Damage.PART_MISSING: "Stored bytes are gone, or were put in; the leaf still proves what was there. Ask the agency "
    "for its own bytes and its receipt, or restore a backup that verifies.",
    Damage.ROLLED_BACK: f"{_OLDER} {_RESTORE}",
    Damage.REWRITTEN: "Two histories were signed with the same key: take it as stolen, stop the hub, and roll the key "
    "over. What is held of the earlier history is the evidence: keep it, and ask every agency for its receipts.",
}
"""What to do now, by kind of damage."""

OF_EXPORTS: dict[str, tuple[str, str]] = {
    Damage.ROLLED_BACK: (
        "ledger was set back, or this export was made before what is held",
        f"Look when it was made. Before what is held: take a newer export. After it: {_OLDER} {_RESTORE}",
    ),
    Damage.TREE_SIZE: (
        "ledger is damaged, or the file is not whole",
        f"The file may be cut off: fetch it again, or export again. If it stays: {_CUT} {_RESTORE}",
    ),
    Damage.EXPORT_MALFORMED: (
        "the file is not a whole export",
        "It was cut off or changed on its way: fetch it again, or export again, and compare the sizes of both files.",
    ),
}
"""The same of a file, where the harmless reason is the likely one: what it may mean, and what to do."""

_DAMAGED = "ledger is damaged"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A damage and what it affects.

    `first` and `last` are the indexes of the leaves that it touches, `size` is the number of leaves that there should
    be. `proven` leaves from the first are under a good checkpoint. `since` and `until` are times as the leaves and
    their neighbours say them (UTC, RFC 3339), empty where none could be read. `is_export`: found in a file, and not in
    the office's own store.
    """

    damage: LedgerBroken
    first: int
    last: int
    size: int
    proven: int
    exchanges: tuple[str, ...]
    cases: tuple[str, ...]
    agreements: tuple[str, ...]
    since: str
    until: str
    is_export: bool = False

    @property
    def headline(self) -> str:
        """What it means, in a few words."""
        return OF_EXPORTS.get(self.damage.code, (_DAMAGED, ""))[0] if self.is_export else _DAMAGED

    @property
    def in_doubt(self) -> int:
        """Leaves that were not proven: those behind the last good checkpoint before the damage."""
        return max(self.size - self.proven, 0)

    @property
    def advice(self) -> str:
        """What to do now."""
        if self.is_export and self.damage.code in OF_EXPORTS:
            return OF_EXPORTS[self.damage.code][1]
        return ADVICE.get(self.damage.code, _COMPARE)


def explain(lines: Iterable[str], damage: LedgerBroken, *, proven: int, size: int, is_export: bool = False) -> Finding:
    """Tell what a damage affects. `lines` are those of the export in which it was found, from the first.

    `proven`, `size` and `is_export` are as `Finding` has them. Lines that cannot be read are passed over.
    """
    first, last = _range(damage, proven, size)
    exchanges: dict[str, None] = {}
    cases: dict[str, None] = {}
    agreements: dict[str, None] = {}
    since = until = ""
    for index, leaf in _leaves(lines, first - 1, last + 1):
        if at := _text(leaf, "at"):
            since, until = min(since or at, at), max(until, at)
        if first <= index <= last:
            of_case = leaf.get("kind") == LeafKind.CASE_STEP.value
            _name(cases if of_case else exchanges, _text(leaf, "exchange"))
            _name(agreements, _text(leaf, "agreement"))
    return Finding(
        damage=damage,
        first=first,
        last=last,
        size=size,
        proven=proven,
        exchanges=tuple(exchanges),
        cases=tuple(cases),
        agreements=tuple(agreements),
        since=since,
        until=until,
        is_export=is_export,
    )


def _range(damage: LedgerBroken, proven: int, size: int) -> tuple[int, int]:
    """The leaves that a damage names; those behind the last good checkpoint where it names none."""
    where = damage.violations[0].path if damage.violations else ""
    if found := _RANGE.search(where):
        return int(found[1]), int(found[2])
    if found := _LEAF.search(where):
        return int(found[1]), int(found[1])
    return min(proven, max(size - 1, 0)), max(size - 1, 0)


def _leaves(lines: Iterable[str], first: int, last: int) -> Iterable[tuple[int, dict[str, object]]]:
    """The leaves at these places that can be read; one that is gone leaves its neighbours."""
    for line in lines:
        head = line[:32].partition(",")[0].removeprefix('{"i":').strip()
        if not head.isdigit():
            continue
        if int(head) > last:
            return
        if int(head) >= first and (leaf := _read(line)) is not None:
            yield int(head), leaf


def _read(line: str) -> dict[str, object] | None:
    try:
        record = parse_json(line)
        leaf = parse_json(str(record["leaf"])) if isinstance(record, dict) else None
    except (ValueError, KeyError):
        return None
    return leaf if isinstance(leaf, dict) else None


def _name(named: dict[str, None], name: str) -> None:
    if name and len(named) <= SHOWN:
        named[name] = None


def _text(leaf: dict[str, object], name: str) -> str:
    value = leaf.get(name)
    return value[:128] if isinstance(value, str) and value.isprintable() else ""
