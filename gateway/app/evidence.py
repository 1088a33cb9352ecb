"""The evidence desk of a process or of one command."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.app.identity import hub_chain
from gateway.app.store import Store, proofs_of, receipts_of
from gateway.contract.adapter import Adapter
from gateway.machine import new_id
from gateway.operations.evidence.bundle import Bundles
from gateway.operations.evidence.desk import EvidenceDesk
from gateway.operations.evidence.holding import Holding
from gateway.operations.evidence.reads import RestrictedReads
from gateway.operations.evidence.views import Views
from gateway.trust.cades import sign_detached
from gateway.trust.keys import SigningKey
from gateway.validation.library import SchemaLibrary


def evidence_of(
    store: Store,
    key: SigningKey,
    *,
    library: SchemaLibrary,
    adapters: Mapping[str, Adapter],
    clock: Callable[[], datetime],
    new_id: Callable[[], str] = new_id,
) -> EvidenceDesk:
    """Put it together; `key` is the hub's, and signs bundles."""
    holding = Holding(store.reader, store.vault)
    views = Views(store.reader, holding, library, adapters)
    above = hub_chain(store.settings)[1:]
    bundles = Bundles(
        reader=store.reader,
        holding=holding,
        receipts=receipts_of(store, key),
        proofs=proofs_of(store),
        views=views,
        library=library,
        certificate=key.certificate.public_bytes(Encoding.PEM).decode(),
        origin=store.settings.ledger_origin,
        sign=lambda data: sign_detached(key, data, clock(), above),
    )
    reads = RestrictedReads(
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        clock=clock,
        new_id=new_id,
        random=secrets.token_bytes,
    )
    return EvidenceDesk(reader=store.reader, holding=holding, views=views, bundles=bundles, reads=reads, clock=clock)
