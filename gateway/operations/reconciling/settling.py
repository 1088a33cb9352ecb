"""Differences that a person has looked into: settled with a reason, which is a leaf, and until then told by health."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Malformed, Refused, Unauthorised
from gateway.ledger.leaf import LeafKind
from gateway.operations.reconciling.comparing import DIFFERENCES
from gateway.operations.reconciling.results import known, lines_of
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import ReconciliationRow, ReconciliationSettledRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

MIN_REASON, MAX_REASON = 3, 300


class Settling:
    """Settles differences. The record stays as it is: what is settled is that both sides know why theirs differ."""

    def __init__(
        self, reader: Reader, unit_of_work: UnitOfWork, leaves: Leaves, vault: Vault, clock: Callable[[], datetime]
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._clock = clock

    def settle(self, reconciliation: str, number: int, reason: str, actor: str) -> None:
        """Mark the difference in the line with this number as settled.

        Raises Refused `reconciliation-unknown`, `no-difference`, `settled-already`, `result-gone`; Unauthorised
        `own-list` for whoever brought the list in; Malformed `reason-wrong`.
        """
        reason = reason.strip()
        if not MIN_REASON <= len(reason) <= MAX_REASON:
            raise Malformed(
                f"a difference is settled with a reason of {MIN_REASON} to {MAX_REASON} characters",
                code="reason-wrong",
            )
        prepared_again(lambda: self._settle(reconciliation, number, reason, actor))

    def _settle(self, reconciliation: str, number: int, reason: str, actor: str) -> None:
        row = known(self._reader, reconciliation)
        if row.source == "staff" and row.actor == actor:
            raise Unauthorised(
                "whoever brought a list in does not settle its differences: another officer does", code="own-list"
            )
        line = next(lines_of(self._reader, row, after=number - 1, at=self._clock()), None) if number > 0 else None
        if line is None or line["number"] != number or line["state"] not in DIFFERENCES:
            raise Refused(f"line {number} of this reconciliation is no difference", code="no-difference")
        if "settled" in line:
            raise Refused(f"line {number} is settled: {line['settled']['reason']}", code="settled-already")
        at = self._clock()
        leaf = self._leaves.make(
            LeafKind.RECONCILIATION,
            at=at,
            actor=actor,
            exchange=str(line.get("exchange", "")),
            extra={"deed": "settled", "reconciliation": row.id, "number": number},
        )
        values = {"reconciliation": row.id, "number": number, "reason": reason, "actor": actor, "at": at}
        kept = sealed(self._vault, ReconciliationSettledRow, values, values, at=row.made_at)
        commit(
            self._unit_of_work,
            kept.plan
            + Plan.of(
                Claim(ReconciliationSettledRow, ("reconciliation", "number"), kept.values),
                Update(
                    ReconciliationRow,
                    {"id": row.id},
                    {"unsettled": row.unsettled},
                    {"unsettled": row.unsettled - 1},
                ),
                leaf.row,
            ),
        )


def difference_warnings(reader: Reader) -> tuple[str, ...]:
    """A sentence for each reconciliation with differences that nobody has settled."""
    return tuple(
        f"reconciliation {row.id} with {row.agency} has {row.unsettled} differences that nobody has settled: see "
        f"/console/reconciliations/{row.id}"
        for row in reader.unsettled_reconciliations()
    )
