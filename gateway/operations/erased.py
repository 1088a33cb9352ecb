"""The `erased` leaf: what tells an erasure from damage. Whoever ends keys or bodies commits one with it, or before.

    {"cause": "request", "scope": "case/<case id>"}                            one for each case whose key is destroyed
    {"cause": "retention", "scope": "agreement/<agreement id>", "until": ...}  before the first body goes
    {"cause": "retention", "scope": "day/<YYYY-MM-DD>"}                        the key of that day is destroyed

`until` is UTC with six digits of a second and a Z: exchanges under that agreement that began before it are meant.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from gateway.casework.leaves import Leaves
from gateway.ledger.leaf import LeafKind
from gateway.store.plan import Insert, Plan
from gateway.store.reading import Reader
from gateway.store.reads.erasures import ErasedLeaf
from gateway.store.tables import ErasedRow
from gateway.store.vault import scope_of


class Cause(StrEnum):
    """Why bodies are gone."""

    REQUEST = "request"
    """A person's data were erased by order (UU 27/2022)."""
    RETENTION = "retention"
    """The agreed time of keeping is over."""


def erased_leaf(
    leaves: Leaves, cause: Cause, scope: str, at: datetime, *, actor: str = "", until: datetime | None = None
) -> Plan:
    """The changes that put an `erased` leaf into the ledger; `actor` is who approved it, "" where nobody had to."""
    extra: dict[str, str | int] = {"cause": cause.value, "scope": scope}
    if until is not None:
        extra["until"] = until.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    kind, _, name = scope.partition("/")
    case_id = name if kind == "case" else None
    row = leaves.make(LeafKind.ERASED, at=at, actor=actor, case_id=case_id, extra=extra).row
    return Plan.of(row, Insert(ErasedRow, {"leaf": row.values["id"], "scope": scope, "until": until}))


def erased_scope(reader: Reader, scope: str) -> ErasedLeaf | None:
    """The first leaf that says that a scope was erased, None where none does."""
    found = reader.erased(scope)
    return found[0] if found else None


def erased_exchange(reader: Reader, *, case_id: str | None, at: datetime, agreement: str | None) -> ErasedLeaf | None:
    """The leaf that says that the bodies of an exchange are gone: those of its case or day, or of its agreement.

    `at` is when it began, `agreement` is `<id>/<version>` or only the id.
    """
    own = erased_scope(reader, scope_of(case_id, at))
    if own is not None or not agreement:
        return own
    ended = reader.erased(f"agreement/{agreement.partition('/')[0]}")
    return next((each for each in ended if each.until is not None and at < each.until), None)
