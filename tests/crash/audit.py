"""What must hold when all is over, found out from the clients' records, the agencies' and the store.

lost       what a client was answered stands in the store and in the ledger, as it was given; nothing is unanswered
doubled    every fact of a case, every number, every delivery and its effect at an agency happened once, and nothing
           was sent again once its answer was on record, or where the agreement does not allow it; the agency's word
           about what it collected counted once
changed    a repeat got the answer of the first time, while it is fresh the very bytes
ledger     it verifies, and every checkpoint that anybody was ever shown is a root of it
refused    nobody was told no, or 500, who should have been served
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.app import Store
from gateway.app.catalogue import catalogue_of
from gateway.domain.errors import GatewayError, LedgerBroken, Tampered
from gateway.ledger.checkpoint import open_note
from gateway.operations.ledger_export import verify_store
from tests.crash.agencies import Agencies
from tests.crash.clients import Clients
from tests.crash.finding import Finding, Verdict
from tests.crash.happened import cases, numbers
from tests.crash.heard import outward
from tests.crash.merkle import roots
from tests.crash.rows import Rows
from tests.crash.taken import mailboxes
from tests.crash.told import changed, lost, refused


def audit(store: Store, clients: Clients, agencies: Agencies, heads: Mapping[int, str]) -> Verdict:
    """Look at everything. The town has settled, and nobody writes any more."""
    try:
        rows = Rows(store.engine, store.reader)
    except Tampered as shut:
        return Verdict(findings=[Finding(kind="lost", text=shut.text)])
    records = list(clients.records.values())
    verdict = Verdict(
        messages=len(records),
        answers=sum(len(record.answers) for record in records),
        cases=len(rows.cases),
        deliveries=len(rows.deliveries),
        calls=len(agencies.calls),
        checkpoints=len(heads),
    )
    for found in (
        lost(records, rows),
        changed(records, rows, clock_was_right=not clients.waits_on_time),
        cases(rows),
        numbers(rows),
        outward(rows, agencies.calls),
        mailboxes(records, rows),
        refused(records, clients),
        _ledger(store, rows, heads, verdict),
    ):
        verdict.findings.extend(found)
    return verdict


def _ledger(store: Store, rows: Rows, heads: Mapping[int, str], verdict: Verdict) -> Iterator[Finding]:
    try:
        found = verify_store(store.reader, store.vault, store.note_key.verifier, catalogue=catalogue_of(store.settings))
    except LedgerBroken as broken:
        yield Finding(kind="ledger", text=broken.text)
        return
    verdict.leaves = found.ledger.size
    if found.pending:
        yield Finding(kind="ledger", text=f"{found.pending} leaves still wait for their place")
    placed = sorted((row for row in rows.leaves if row["tree_index"] is not None), key=lambda row: row["tree_index"])
    derived = roots((bytes(row["hash"]) for row in placed), set(heads))
    for size, note in sorted(heads.items()):
        try:
            signed = open_note(note, (store.note_key.verifier,))
        except GatewayError as fault:
            yield Finding(kind="ledger", text=f"the checkpoint over {size} leaves cannot be read: {fault.text}")
            continue
        if size not in derived:
            yield Finding(
                kind="ledger", text=f"a checkpoint over {size} leaves was shown; the ledger has {len(placed)}"
            )
        elif signed.root != derived[size]:
            yield Finding(kind="ledger", text=f"the checkpoint over {size} leaves is no root of this ledger")
