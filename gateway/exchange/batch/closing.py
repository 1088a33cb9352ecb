"""The end of a batch: the account of every record, in the ledger, and ready to be signed whenever it is asked for.

The report is a part of the exchange that announced the batch, and a leaf of the kind `answered` commits to it: it is
the answer to the file. It names the digest of the result, so that the leaf holds every record's outcome.
"""

from __future__ import annotations

from datetime import datetime

from gateway.casework.desk import Casework
from gateway.casework.names import BATCH_REPORT
from gateway.domain.errors import LedgerBroken
from gateway.exchange.batch.documents import BatchState
from gateway.exchange.batch.results import report
from gateway.exchange.records import part
from gateway.ledger.leaf import LeafKind
from gateway.store.plan import Plan, Update
from gateway.store.tables import BatchRow
from gateway.validation.library import SchemaLibrary


def final_plan(row: BatchRow, result_sha256: str, casework: Casework, library: SchemaLibrary, at: datetime) -> Plan:
    """The plan that ends a batch whose records are all accounted for. Raises LedgerBroken without its exchange."""
    state = row.ends_as or BatchState.COMPLETED.value
    exchange = casework.reader.exchange(row.id)
    if exchange is None:
        raise LedgerBroken(f"the exchange {row.id} that announced batch {row.name} is gone", code="exchange-missing")
    values: dict[str, object] = {
        "state": state,
        "result_sha256": result_sha256,
        "ended_at": at,
        "lease_until": None,
    }
    body = report(BatchRow(**{**row.model_dump(), **values}), library)
    key = casework.vault.exchange_key(None, exchange.at)
    leaf = casework.leaves.make(
        LeafKind.ANSWERED,
        at=at,
        actor=f"agency/{row.agency}",
        exchange=row.id,
        agreement=f"{row.agreement}/{row.agreement_version}",
        key=key.key,
        parts={BATCH_REPORT: body},
        extra={
            "batch": state,
            "records": row.records,
            "accepted": row.accepted,
            "declined": row.declined,
            "invalid": row.invalid,
            "failed": row.failed,
        },
    )
    expected = {"fence": row.fence, "state": row.state, "read": row.read, "held": 0, "result_size": row.result_size}
    ended = Update(BatchRow, {"id": row.id}, expected, values)
    seal = casework.vault.exchange_seal(row.id, None, exchange.at, key.key)
    return key.plan + Plan.of(ended, part(seal, BATCH_REPORT, body), leaf.row)
