"""Restricted reads (Pasal 10): whoever looks at unmasked data says why, and that stands in the ledger first.

The leaf names what was looked at and commits to who, when and why; the reason itself, which a person typed, is a row
beside it that auditors read (`simojo audit reads`, `GET /admin/v1/reads`). Recorded, then shown: where the record
cannot be kept, nothing is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from gateway.casework.leaves import Leaves
from gateway.domain.errors import LedgerBroken, Malformed
from gateway.ledger.leaf import Leaf, LeafKind, commitment
from gateway.operations.erased import erased_scope
from gateway.store.conflicts import commit
from gateway.store.plan import Insert, Plan
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.sealing import ERASED
from gateway.store.tables import RestrictedReadRow
from gateway.store.unit_of_work import Writing
from gateway.store.vault import Vault, scope_of

MESSAGES = "messages"
"""What was said in one exchange, as a person reads it."""
BUNDLE = "bundle"
"""An evidence bundle with the exact bytes."""
RESULT = "result"
"""What became of each record of a file, as its agency reads it."""

SHORTEST, LONGEST = 10, 300
"""Characters of a reason: a word is none."""

_SALT = 32


@dataclass(frozen=True, kw_only=True)
class RestrictedReads:
    """Records them. `random` gives that many unpredictable bytes."""

    reader: Reader
    unit_of_work: Writing
    leaves: Leaves
    vault: Vault
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    random: Callable[[int], bytes]

    def record(self, *, actor: str, what: str, subject: str, reason: str) -> RestrictedReadRow:
        """Keep that `actor` is about to see `subject` unmasked. Raises Malformed `reason-missing`."""
        said = " ".join(reason.split())
        if not SHORTEST <= len(said) <= LONGEST:
            raise Malformed(
                f"Alasan membuka data pribadi wajib diisi, {SHORTEST} sampai {LONGEST} huruf (a reason is needed)",
                code="reason-missing",
                clause="Pasal 10",
            )
        row = RestrictedReadRow(
            id=self.new_id(),
            at=self.clock(),
            actor=actor,
            what=what,
            subject=subject,
            reason=said,
            salt=self.random(_SALT),
            leaf="",
        )
        extra: dict[str, str | int] = {"step": "unmasked", "what": what, "subject": subject, "record": _record(row)}
        leaf = self.leaves.make(LeafKind.READ, at=row.at, actor=actor, extra=extra).row
        row.leaf = str(leaf.values["id"])
        values = row.model_dump()
        kept = sealed(self.vault, RestrictedReadRow, values, values, at=row.at)
        commit(self.unit_of_work, kept.plan + Plan.of(Insert(RestrictedReadRow, kept.values), leaf))
        return row

    def stands(self, row: RestrictedReadRow) -> bool:
        """Whether a row is still what its leaf commits to; without a reason any more, what its leaf names."""
        leaf = self.reader.leaf(row.leaf)
        if leaf is None:
            return False
        try:
            said = Leaf.parse(leaf.canonical)
        except LedgerBroken:
            return False
        if said.kind is LeafKind.READ and row.reason == ERASED:
            is_gone = self._is_erased(row.subject) or self.vault.stored_key(scope_of(None, row.at)) is None
            return is_gone and (said.extra.get("what"), said.extra.get("subject")) == (row.what, row.subject)
        return said.kind is LeafKind.READ and said.extra.get("record") == _record(row)

    def _is_erased(self, subject: str) -> bool:
        kind, _, name = subject.partition("/")
        exchange = self.reader.exchange(name) if kind == "exchange" else None
        case_id = name if kind == "case" else None if exchange is None else exchange.case_id
        return case_id is not None and erased_scope(self.reader, f"case/{case_id}") is not None


def _record(row: RestrictedReadRow) -> str:
    """The commitment to all that is kept of a read but the names of its rows."""
    at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
    told = json.dumps([row.id, at, row.actor, row.what, row.subject, row.reason], ensure_ascii=False)
    return commitment(row.salt, sha256(told.encode()).digest()).hex()
