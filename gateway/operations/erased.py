"""The `erased` leaf: what tells an erasure from damage. Whoever ends keys or bodies commits one with it.

    {"cause": "request", "scope": "case/<case id>", ...}                a case whose key is destroyed
    {"cause": "request", "scope": "file/<exchange id>"}                 a file of records whose bytes are other or gone
    {"cause": "retention", "scope": "agreement/<agreement id>", "until": ..., ...}   bodies of some exchanges go
    {"cause": "retention", "scope": "day/<YYYY-MM-DD>", ...}            the key of that day is destroyed

`...` are `leaves` and `digest`: exactly which leaves lost what they commit to (`gateway.ledger.covered`). `until` is
UTC with six digits of a second and a Z: no exchange of an agreement that began later is among them.

Each leaf is covered once. An exchange whose bodies went by an agreement names the leaf that says so (`gone_by`);
every other is covered by the last leaf of its case or its day. One that says less than is gone (a message came in the
moment of the erasure) is followed by one that says all, and then excuses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from gateway.casework.leaves import Leaves
from gateway.domain.errors import LedgerBroken
from gateway.ledger.covered import Covered
from gateway.ledger.leaf import Leaf, LeafKind
from gateway.ledger.merkle import leaf_hash
from gateway.store.plan import Insert, Plan
from gateway.store.reading import Reader
from gateway.store.reads.erasures import ErasedLeaf
from gateway.store.tables import ErasedRow, ExchangeRow, LeafRow
from gateway.store.vault import scope_of

PAGE = 200
"""Exchanges of a day that are looked at together."""


class Cause(StrEnum):
    """Why bodies are gone."""

    REQUEST = "request"
    """A person's data were erased by order (UU 27/2022)."""
    RETENTION = "retention"
    """The agreed time of keeping is over."""


class Told(NamedTuple):
    """An `erased` leaf to be committed: its id, and the changes that put it into the ledger."""

    leaf: str
    plan: Plan


def erased_leaf(
    leaves: Leaves,
    cause: Cause,
    scope: str,
    at: datetime,
    *,
    covered: Covered | None = None,
    actor: str = "",
    until: datetime | None = None,
) -> Told:
    """Put an `erased` leaf into the ledger; `actor` is who approved it, "" where nobody had to."""
    extra: dict[str, str | int] = {"cause": cause.value, "scope": scope}
    if covered is not None:
        extra |= covered.told()
    if until is not None:
        extra["until"] = until.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    kind, _, name = scope.partition("/")
    case_id = name if kind == "case" else None
    row = leaves.make(LeafKind.ERASED, at=at, actor=actor, case_id=case_id, extra=extra).row
    leaf = str(row.values["id"])
    return Told(leaf, Plan.of(row, Insert(ErasedRow, {"leaf": leaf, "scope": scope})))


# --- what a leaf covers -----------------------------------------------------------------------------------------------


def covered_of_case(reader: Reader, case_id: str) -> Covered:
    """The leaves that lose what they commit to with the key of a case; of its facts too."""
    return _covered(_of_scope(reader, reader.leaves_of_case(case_id)))


def covered_of_day(reader: Reader, begins: datetime) -> Covered:
    """The same with the key of the day that begins then (UTC), in pages."""
    covered = Covered()
    behind: tuple[datetime, str] | None = None
    while rows := reader.exchanges_between(begins, begins + timedelta(days=1), behind, PAGE):
        behind = rows[-1].at, rows[-1].id
        leaves = reader.leaves_of_exchanges([row.id for row in rows if row.gone_by is None])
        _covered((leaf for leaf in leaves if leaf.case_id is None), covered)
    return covered


def covered_of_exchanges(reader: Reader, exchanges: Iterable[str]) -> Covered:
    """The same with the bodies of these exchanges, of which none is covered yet."""
    return _covered(reader.leaves_of_exchanges(list(exchanges)))


def _of_scope(reader: Reader, leaves: list[LeafRow]) -> Iterator[LeafRow]:
    exchanges = reader.exchanges_by_id({row.exchange for row in leaves if row.exchange})
    for row in leaves:
        exchange = exchanges.get(row.exchange or "")
        if exchange is None or exchange.gone_by is None:
            yield row


def _covered(rows: Iterable[LeafRow], into: Covered | None = None) -> Covered:
    """Add those that commit to something. One that is no leaf is damage, and is named by whoever verifies."""
    covered = into or Covered()
    for row in rows:
        with suppress(LedgerBroken):
            if Leaf.parse(row.canonical).commitments:
                covered.add(leaf_hash(row.canonical))
    return covered


# --- which leaf says so -----------------------------------------------------------------------------------------------


def erased_scope(reader: Reader, scope: str) -> ErasedLeaf | None:
    """The last leaf that is said to tell of a scope; None where there is none. Whether it does, verification judges."""
    found = reader.erased(scope)
    return found[-1] if found else None


def is_told(reader: Reader, scope: str) -> bool:
    """Whether a leaf tells that a scope was erased, by its own text."""
    return any(says(each).get("scope") == scope for each in reader.erased(scope))


def erased_exchange(reader: Reader, row: ExchangeRow) -> ErasedLeaf | None:
    """The leaf that says that the bodies of an exchange are gone: by its agreement, or those of its case or day."""
    if row.gone_by is not None:
        return reader.erased_by(row.gone_by)
    return erased_scope(reader, scope_of(row.case_id, row.at))


def says(found: ErasedLeaf) -> dict[str, str | int]:
    """What an `erased` leaf says; nothing where it is another one."""
    try:
        leaf = Leaf.parse(found.canonical)
    except LedgerBroken:
        return {}
    return dict(leaf.extra) if leaf.kind is LeafKind.ERASED else {}
