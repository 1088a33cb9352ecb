"""The composition root: the one place that knows every part.

identity.py   the hub's own keys and certificates, from its settings
catalogue.py  the permit types and the calendar that the settings name
store.py      the store and what opens it, for commands that exchange nothing
differing.py  where adapters and agreements differ: told by `simojo check`, and suspended
starting.py   what is made sure of before a process begins
process.py    what a hub and a worker share: parts, start and end
parts.py      those of the parts that store and settings make alone
rounds.py     what comes again beside requests: deliveries, ledger, timers; and who leads
evidence.py   the evidence desk: bundles, masking, restricted reads
hub.py        a hub process: the web application
worker.py     a worker process: no web application but its health
"""

from gateway.app.differing import coming_differences, differences
from gateway.app.evidence import evidence_of, reads_of
from gateway.app.hub import Gateway
from gateway.app.store import (
    Store,
    open_store,
    receipts_of,
    record_hub_certificates,
    unrecorded_hub_certificates,
    verifier_of,
)
from gateway.app.worker import Worker

__all__ = [
    "Gateway",
    "Store",
    "Worker",
    "coming_differences",
    "differences",
    "evidence_of",
    "open_store",
    "reads_of",
    "receipts_of",
    "record_hub_certificates",
    "unrecorded_hub_certificates",
    "verifier_of",
]
