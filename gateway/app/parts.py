"""Parts of a process that its store and its settings make, and that need nothing else of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from gateway.app.catalogue import calendar_of, catalogue_of
from gateway.app.identity import previous_keys
from gateway.app.store import Store, status_sources
from gateway.casework.desk import Casework
from gateway.casework.references import ReferenceIndex
from gateway.dialect.party import Hub
from gateway.exchange.batch.cancelling import Cancelling
from gateway.exchange.batch.work import BatchWork
from gateway.exchange.directory import Directory
from gateway.machine import new_case_id
from gateway.operations.integrator import Integrator
from gateway.operations.refusals import Refusals
from gateway.operations.revocation import Revocation
from gateway.operations.timestamping import Authority, Timestamping
from gateway.operations.witnessing import Witnessing
from gateway.settings import Settings
from gateway.transport.http import HttpClient
from gateway.trust.keys import SigningKey
from gateway.validation.library import SchemaLibrary


def hub_of(store: Store, key: SigningKey) -> Hub:
    """The hub as the dialects know it."""
    return Hub(
        id=store.settings.hub_id,
        key=key,
        pin=store.master.pin,
        held=store.vault.secrets.held,
        previous=previous_keys(store.settings),
    )


def casework_of(
    store: Store, directory: Directory, clock: Callable[[], datetime], new_id: Callable[[], str]
) -> Casework:
    """What writes cases down."""
    return Casework(
        reader=store.reader,
        vault=store.vault,
        catalogue=catalogue_of(store.settings),
        calendar=calendar_of(store.settings, clock()),
        routes=directory,
        references=ReferenceIndex(store.master),
        leaves=store.leaves,
        new_id=new_id,
        new_case_id=new_case_id,
        max_waiting=store.settings.max_waiting_per_agency,
    )


def client_of(settings: Settings) -> HttpClient:
    """What calls agencies, witnesses and authorities. Raises as HttpClient does."""
    return HttpClient(
        clock=time.monotonic,
        ca_file=settings.outbound_ca_file,
        certificate_file=settings.tls_client_certificate_file,
        key_file=settings.tls_client_key_file,
    )


def integrator_of(store: Store, clock: Callable[[], datetime]) -> Integrator:
    """What gives leaves their place, and signs checkpoints."""
    return Integrator(
        store.reader,
        store.unit_of_work,
        store.note_key,
        clock,
        earlier=store.earlier_verifiers,
        previous=store.previous_note_key,
    )


def witnessing_of(store: Store, client: HttpClient, clock: Callable[[], datetime]) -> Witnessing:
    """What has witnesses co-sign checkpoints."""
    return Witnessing(
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        client=client,
        verifiers=store.verifiers,
        clock=clock,
    )


def refusals_of(store: Store, clock: Callable[[], datetime], new_id: Callable[[], str]) -> Refusals:
    """What writes refused calls of nobody known into the ledger."""
    pseudonyms = store.master.derive("refusal-pseudonym")
    return Refusals(store.reader, store.unit_of_work, pseudonyms, clock, new_id)


def batch_work_of(
    store: Store, directory: Directory, library: SchemaLibrary, casework: Casework, clock: Callable[[], datetime]
) -> BatchWork:
    """What reads files of records."""
    return BatchWork(
        directory=directory, library=library, casework=casework, unit_of_work=store.unit_of_work, clock=clock
    )


def cancelling_of(store: Store, clock: Callable[[], datetime]) -> Cancelling:
    """What ends uploads of files that nobody goes on with."""
    return Cancelling(store.reader, store.unit_of_work, store.leaves, store.vault, clock)


def timestamping_of(
    store: Store, client: HttpClient, authority: Authority | None, clock: Callable[[], datetime]
) -> Timestamping | None:
    """What has checkpoints stamped, where there is an authority."""
    if authority is None:
        return None
    return Timestamping(
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        client=client,
        authority=authority,
        clock=clock,
        random_bytes=secrets.token_bytes,
    )


def revocation_of(store: Store, client: HttpClient, clock: Callable[[], datetime]) -> Revocation:
    """What asks whether agencies' certificates were revoked."""
    return Revocation(
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        clock=clock,
        sources=partial(status_sources, store.settings, client),
        mode=store.settings.revocation_mode,
        interval=timedelta(minutes=store.settings.revocation_interval_min),
    )
