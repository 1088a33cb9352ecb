"""Records of a batch as plans: what they do, what is said of them, and how far the batch is, whole or not at all.

The row of the batch guards each plan: by the claim (`fence`), by its state, and by the number of the last record. So
a record takes effect once, whoever prepares it how often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.exchange.batch.documents import RESULTS
from gateway.exchange.batch.moves import changed
from gateway.exchange.batch.pieces import piece
from gateway.exchange.batch.records import Judged
from gateway.exchange.batch.results import Outcome, rows_text
from gateway.primitives.json_writer import JsonWriter
from gateway.store.batches import LEASE
from gateway.store.plan import Delete, Insert, Plan, Update, unmoved
from gateway.store.sealed_rows import sealed
from gateway.store.tables import BatchHeldRow, BatchRow
from gateway.store.vault import Vault

WAITS = (
    timedelta(seconds=10),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=3),
    timedelta(days=1),
)
"""How long a record that could not be mapped waits for its next try; the last one again and again."""

GIVEN_UP = 0
"""In place of the number of tries: staff gave the record up."""

_writer = JsonWriter()


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What a plan stands on: the batch as it was read, the registry's generation, and the moment."""

    batch: BatchRow
    vault: Vault
    generation: int | None
    at: datetime
    columns: Sequence[str] = ()

    def guarded(self, **values: object) -> Plan:
        """New values for the row of the batch, while it is as it was read."""
        row = self.batch
        expected = {"fence": row.fence, "state": row.state, "read": row.read, "result_size": row.result_size}
        return changed(self.vault, row, expected, values)


def read_plan(stand: Stand, judged: Sequence[Judged]) -> Plan:
    """The plan of records that were read one after the other."""
    last, held = judged[-1].record, sum(each.outcome is None for each in judged)
    moved: dict[str, object] = {"read": last.number, "position": last.ends_at, "cause": None}
    moved["held"] = stand.batch.held + held
    aside = Plan.merge(_put_aside(stand, each) for each in judged if each.outcome is None)
    return _plan(stand, judged, moved, aside)


def held_plan(stand: Stand, tried: Sequence[tuple[BatchHeldRow, Judged]]) -> Plan:
    """The plan of records that had been put aside and were tried again."""
    done = sum(judged.outcome is not None for _, judged in tried)
    changes = Plan.merge(_after_try(stand, row, judged) for row, judged in tried)
    return _plan(stand, [judged for _, judged in tried], {"held": stand.batch.held - done}, changes)


def _plan(stand: Stand, judged: Sequence[Judged], moved: dict[str, object], more: Plan) -> Plan:
    batch = stand.batch
    said = [each.row for each in judged if each.row is not None]
    first = batch.result_size == 0
    text = rows_text(batch.format, said, stand.columns, first=first) if said else b""
    counts = Counter(each.outcome for each in judged)
    counted = {each.value: getattr(batch, each.value) + counts[each] for each in Outcome if counts[each]}
    moved |= {"result_size": batch.result_size + len(text), "lease_until": stand.at + LEASE}
    own = Plan.of(unmoved(stand.generation)) + stand.guarded(**moved, **counted) + more
    if text:
        own += piece(stand.vault, batch, RESULTS, batch.result_size, text)
    return own + Plan.merge(each.plan for each in judged)


def _put_aside(stand: Stand, judged: Judged) -> Plan:
    values = {
        "batch": stand.batch.id,
        "number": judged.record.number,
        "body": _writer.write(dict(judged.record.payload)),
        "tries": 1,
        "due_at": stand.at + WAITS[0],
        "cause": judged.cause,
    }
    kept = sealed(stand.vault, BatchHeldRow, values, values, case_id=judged.about, at=stand.batch.made_at)
    return kept.plan + Plan.of(Insert(BatchHeldRow, kept.values))


def _after_try(stand: Stand, row: BatchHeldRow, judged: Judged) -> Plan:
    key = {"batch": row.batch, "number": row.number}
    if judged.outcome is not None:
        return Plan.of(Delete(BatchHeldRow, key, {"tries": row.tries}))
    values = {"tries": row.tries + 1, "due_at": stand.at + WAITS[min(row.tries, len(WAITS) - 1)], "cause": judged.cause}
    told = sealed(stand.vault, BatchHeldRow, key, values, case_id=judged.about, at=stand.batch.made_at)
    return told.plan + Plan.of(Update(BatchHeldRow, key, {"tries": row.tries}, told.values))
