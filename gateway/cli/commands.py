"""All commands, a file for each theme."""

from __future__ import annotations

from gateway.cli import (
    adapter,
    adapter_try,
    agency,
    agency_check,
    agreement,
    audit,
    batch,
    case,
    check,
    delivery,
    erasure,
    evidence,
    hub,
    init,
    ledger,
    reconcile,
    serve,
    staff,
    store,
    witness,
    worker,
)
from gateway.cli.demo import demo
from gateway.cli.root import simojo

app = simojo()

app.command("init")(init.init)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("check")(check.check)
app.command("demo")(demo)
adapter.app.command("try")(adapter_try.try_)
agency.app.command("check")(agency_check.check)
agency.app.command("explain")(agency_check.explain)
app.add_typer(adapter.app, name="adapter", help="A new agency's adapter: its skeleton, its checks, a first exchange.")
app.add_typer(agency.app, name="agency", help="Endpoints, credentials and certificates of agencies.")
app.add_typer(agreement.app, name="agreement", help="Agreements: import, list, activate.")
app.add_typer(audit.app, name="audit", help="Who looked at unmasked data, and why.")
app.add_typer(batch.app, name="batch", help="Files of records: how far they are, and what became of each record.")
app.add_typer(case.app, name="case", help="The life of a permit case, as the rules have it.")
app.add_typer(delivery.app, name="delivery", help="What waits for agencies, dead letters, and endpoints that are down.")
app.add_typer(erasure.app, name="erasure", help="A person's data erased: proposed, approved by another, done.")
app.add_typer(evidence.app, name="evidence", help="Evidence bundles of exchanges and cases, for a judge or an officer.")
app.add_typer(hub.app, name="hub", help="The hub's own key and certificates.")
app.add_typer(ledger.app, name="ledger", help="Verify and export the ledger; receipts.")
app.add_typer(reconcile.app, name="reconcile", help="Lists of agencies, held against the record (Pasal 22).")
app.add_typer(store.app, name="store", help="The database: what it is, its version, moving the office to another.")
app.add_typer(witness.app, name="witness", help="Who co-signs the ledger: agencies, the second site.")
app.add_typer(staff.app, name="staff", help="Who works at the office, and their API tokens.")
