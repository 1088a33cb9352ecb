"""The end of the office's file in the ledger, and its stop: a dead letter that waits for a person.

At the end our own report of it is a part of its exchange, and a leaf commits to it, as to the report of an agency's
file; it names the digest of what became of each record. The agency's signed report has a leaf of its own, from when it
came (`hearing`). The token of the upload is let go.
"""

from __future__ import annotations

from datetime import datetime

from gateway.casework.desk import Casework
from gateway.casework.names import BATCH_REPORT
from gateway.domain.errors import LedgerBroken
from gateway.exchange.batch.documents import BatchState
from gateway.exchange.batch.moves import changed
from gateway.exchange.batch.results import report
from gateway.exchange.records import part
from gateway.ledger.leaf import LeafKind
from gateway.store.plan import Change, Delete, Plan, Update
from gateway.store.tables import BatchRow, CredentialRow, ExchangeRow
from gateway.validation.library import SchemaLibrary


class Stop(Exception):
    """The file cannot go on until a person has decided; `text` says why and what to do, `code` for a program."""

    def __init__(self, text: str, *, code: str) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


def token_name(batch: str) -> str:
    """The name under which the vault keeps the token of an upload, among the agency's credentials."""
    return f"batch/{batch}"


def stop_plan(row: BatchRow, stop: Stop, casework: Casework, at: datetime) -> Plan:
    """The plan that stops a file, from whichever state it is in."""
    values: dict[str, object] = {
        "state": BatchState.STOPPED.value,
        "stopped_in": row.state,
        "cause": stop.text[:1000],
        "lease_until": None,
    }
    leaf = casework.leaves.make(
        LeafKind.DEAD,
        at=at,
        actor=f"agency/{row.agency}",
        exchange=row.id,
        agreement=f"{row.agreement}/{row.agreement_version}",
        extra={"batch": row.state, "outcome": stop.code},
    )
    stopped = changed(casework.vault, row, {"fence": row.fence, "state": row.state}, values)
    return stopped + Plan.of(_verdict(row, BatchState.STOPPED.value, stop.code), leaf.row)


def end_plan(row: BatchRow, result_sha256: str, casework: Casework, library: SchemaLibrary, at: datetime) -> Plan:
    """The plan that ends a file whose records are all accounted for. Raises LedgerBroken without its exchange."""
    state = row.ends_as or BatchState.COMPLETED.value
    exchange = casework.reader.exchange(row.id)
    if exchange is None:
        raise LedgerBroken(f"the exchange {row.id} of batch {row.name} is gone", code="exchange-missing")
    values: dict[str, object] = {
        "state": state,
        "result_sha256": result_sha256,
        "ended_at": at,
        "lease_until": None,
    }
    key = casework.vault.exchange_key(None, exchange.at)
    parts: dict[str, bytes] = {}
    if row.sha256:  # else there never was a file: the leaf alone says so
        parts[BATCH_REPORT] = report(BatchRow(**{**row.model_dump(), **values}), library)
    leaf = casework.leaves.make(
        LeafKind.REPLY,
        at=at,
        actor=f"agency/{row.agency}",
        exchange=row.id,
        agreement=f"{row.agreement}/{row.agreement_version}",
        key=key.key,
        parts=parts,
        extra={
            "batch": state,
            "records": row.records,
            "left-out": row.left_out,
            "accepted": row.accepted,
            "declined": row.declined,
            "invalid": row.invalid,
            "failed": row.failed,
        },
    )
    expected = {"fence": row.fence, "state": row.state, "read": row.read, "held": 0, "result_size": row.result_size}
    ended = Update(BatchRow, {"id": row.id}, expected, values)
    token = Delete(CredentialRow, {"agency": row.agency, "name": token_name(row.id)})
    seal = casework.vault.exchange_seal(row.id, None, exchange.at, key.key)
    told = (part(seal, name, body) for name, body in parts.items())
    return key.plan + Plan.of(ended, token, _verdict(row, state, None), *told, leaf.row)


def _verdict(row: BatchRow, verdict: str, code: str | None) -> Change:
    return Update(ExchangeRow, {"id": row.id}, {}, {"verdict": verdict, "code": code})
