"""The composition root: the one place that knows every part.

identity.py   the hub's own keys and certificates, from its settings
store.py      the store and what opens it, for commands that exchange nothing
hub.py        one hub process: web application, deliveries, ledger, timers
"""

from gateway.app.hub import Gateway
from gateway.app.store import (
    Store,
    differences,
    open_store,
    receipts_of,
    record_hub_certificates,
    unrecorded_hub_certificates,
    verifier_of,
)

__all__ = [
    "Gateway",
    "Store",
    "differences",
    "open_store",
    "receipts_of",
    "record_hub_certificates",
    "unrecorded_hub_certificates",
    "verifier_of",
]
