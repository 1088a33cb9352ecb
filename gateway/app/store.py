"""The store and what opens it, for every command."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Engine

from gateway.app.catalogue import catalogue_of
from gateway.app.identity import agency_authorities, held_certificates
from gateway.casework.leaves import Leaves
from gateway.domain.errors import LedgerBroken, Misconfigured
from gateway.ledger.checkpoint import NoteKey, NoteVerifier
from gateway.machine import new_id, now
from gateway.operations.admission import Admission
from gateway.operations.erasing.carrying import Carrying
from gateway.operations.erasing.journal import Journal
from gateway.operations.hub_certificates import record, unrecorded
from gateway.operations.key_rotation import Rotation
from gateway.operations.ledger_export import StoreVerdict, verify_store
from gateway.operations.ledger_keys import record_ledger_keys
from gateway.operations.master_keys import settle
from gateway.operations.old_bodies import seal_old_bodies
from gateway.operations.proofs import Proofs
from gateway.operations.receipts import Receipts
from gateway.operations.registry import Registry
from gateway.operations.retention.running import Retention
from gateway.operations.status_sources import StatusSources
from gateway.settings import Settings
from gateway.store.certificate_status import RevocationPolicy
from gateway.store.derived import Derived
from gateway.store.engine import open_engine
from gateway.store.reading import Reader
from gateway.store.schema import prepare
from gateway.store.unit_of_work import GroupCommit
from gateway.store.vault import Vault
from gateway.transport.http import HttpClient
from gateway.trust.key_ring import KeyRing
from gateway.trust.keys import SigningKey, fingerprint
from gateway.trust.secrets import MasterKey

_log = structlog.get_logger("simojo.store")


@dataclass(frozen=True, kw_only=True)
class Store:
    """The store and what opens it: all that commands need which exchange nothing.

    `ring` are the master keys; `master` gives keys that stay the same whichever of them wraps.
    """

    settings: Settings
    engine: Engine
    reader: Reader
    ring: KeyRing
    master: Derived
    vault: Vault
    note_key: NoteKey
    previous_note_key: NoteKey | None = None
    earlier_note_keys: tuple[NoteVerifier, ...] = ()
    unit_of_work: GroupCommit
    leaves: Leaves
    registry: Registry
    erasing: Carrying
    client: HttpClient | None = None

    @property
    def verifiers(self) -> tuple[NoteVerifier, ...]:
        """The keys that judge the ledger's checkpoints, those that sign now first."""
        return (self.note_key.verifier, *self.earlier_verifiers)

    @property
    def earlier_verifiers(self) -> tuple[NoteVerifier, ...]:
        """Those but the key of today, newest first."""
        before = [self.previous_note_key.verifier] if self.previous_note_key else []
        return tuple(dict.fromkeys((*before, *self.earlier_note_keys)))

    def close(self) -> None:
        """Finish what waits to be written, and close."""
        self.unit_of_work.close()
        if self.client is not None:
            self.client.close()
        self.engine.dispose()


def open_store(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = now,
    new_id: Callable[[], str] = new_id,
    accept_loss_by: str | None = None,
) -> Store:
    """Open the store, bringing it to the newest schema. Raises Misconfigured.

    `accept_loss_by`: a member of staff who accepts that lines of the journal of erasures cannot be read.
    """
    with ExitStack() as given_up:
        engine = open_engine(settings.database_url, connections=settings.database_connections)
        given_up.callback(engine.dispose)
        prepare(engine)
        reader = Reader(engine)
        ring = ring_of(settings)
        unit_of_work = GroupCommit(engine)
        given_up.callback(unit_of_work.close)
        settle(reader, ring, unit_of_work.commit, secrets.token_bytes, clock())
        vault = Vault(reader, ring, secrets.token_bytes)
        master = Derived(reader, ring)
        leaves = Leaves(master, new_id)
        seal_old_bodies(reader, vault, unit_of_work.commit, _tell_sealed)
        erasing = Carrying(
            engine=engine,
            reader=reader,
            vault=vault,
            unit_of_work=unit_of_work,
            leaves=leaves,
            journal=Journal(settings.erasure_journal_file),
            clock=clock,
        )
        erasing.recover(accept_loss_by=accept_loss_by)  # a restored copy holds what was erased since
        authorities = agency_authorities(settings)
        client = HttpClient(clock=time.monotonic) if authorities else None
        registry = Registry(
            reader=reader,
            vault=vault,
            unit_of_work=unit_of_work,
            leaves=leaves,
            clock=clock,
            production=settings.is_production,
            admission=Admission(
                authorities=authorities,
                mode=settings.revocation_mode,
                sources=None if client is None else partial(status_sources, settings, client),
            ),
        )
        note_key, previous, earlier = note_keys(settings)
        store = Store(
            settings=settings,
            engine=engine,
            reader=reader,
            ring=ring,
            master=master,
            vault=vault,
            note_key=note_key,
            previous_note_key=previous,
            earlier_note_keys=earlier,
            unit_of_work=unit_of_work,
            leaves=leaves,
            registry=registry,
            erasing=erasing,
            client=client,
        )
        given_up.pop_all()  # it is whole: whoever has it closes it
        return store


def note_keys(settings: Settings) -> tuple[NoteKey, NoteKey | None, tuple[NoteVerifier, ...]]:
    """The key that signs checkpoints, the one before while both sign, and those before. Raises Misconfigured."""
    origin, before = settings.ledger_origin, settings.previous_ledger_seed()
    current = NoteKey.from_seed(origin, settings.ledger_seed())
    previous = None if before is None or before == current.seed else NoteKey.from_seed(origin, before)
    try:
        earlier = tuple(NoteVerifier.parse(each) for each in settings.earlier_ledger_keys.split())
    except LedgerBroken as fault:
        raise Misconfigured(f"SIMOJO_EARLIER_LEDGER_KEYS: {fault.violations[0].text}") from None
    if others := [each.name for each in earlier if each.name != origin]:
        raise Misconfigured(f"SIMOJO_EARLIER_LEDGER_KEYS has a key of {others[0]}, this ledger is {origin}")
    return current, previous, earlier


def record_keys_of_ledger(store: Store, at: datetime) -> None:
    """Keep which keys sign checkpoints, and since when. For the hub alone, as `record_hub_certificates`."""
    signing = [each.verifier for each in (store.note_key, store.previous_note_key) if each is not None]
    record_ledger_keys(store.reader, store.unit_of_work, store.leaves, signing, at)


def _tell_sealed(table: str, rows: int) -> None:
    _log.info("bodies_sealed", table=table, rows=rows)


def ring_of(settings: Settings) -> KeyRing:
    """The master keys that the settings name. Raises Misconfigured."""
    return KeyRing([MasterKey(each) for each in settings.master_keys()])


def rotation_of(store: Store) -> Rotation:
    """What says how the master keys stand, and changes to the newest."""
    return Rotation(
        reader=store.reader,
        unit_of_work=store.unit_of_work,
        engine=store.engine,
        ring=store.ring,
        leaves=store.leaves,
        random=secrets.token_bytes,
    )


def retention_of(store: Store) -> Retention:
    """What ends the keeping of what is over its time."""
    return Retention(reader=store.reader, unit_of_work=store.unit_of_work, leaves=store.leaves)


def verifier_of(settings: Settings) -> Callable[[Reader, Callable[[int], None]], StoreVerdict]:
    """What verifies the whole ledger of any store with the office's keys. Raises Misconfigured."""
    ring = ring_of(settings)
    note_key, previous, earlier = note_keys(settings)
    verifiers = (note_key.verifier, *([previous.verifier] if previous else []), *earlier)
    catalogue = catalogue_of(settings)

    def verify(reader: Reader, progress: Callable[[int], None]) -> StoreVerdict:
        vault = Vault(reader, ring, secrets.token_bytes)
        return verify_store(reader, vault, verifiers, progress, catalogue)

    return verify


def record_hub_certificates(store: Store, at: datetime) -> None:
    """Keep which certificates the settings name, and since when the hub signs with the current one.

    For the hub alone, under its lock: another process may have other settings, and a leaf is for ever.
    """
    held = [(each.role.value, each.certificate) for each in held_certificates(store.settings)]
    record(store.reader, store.unit_of_work, store.leaves, held, at)


def unrecorded_hub_certificates(store: Store) -> tuple[str, ...]:
    """Where the settings of this process and the certificates that the running hub recorded differ; changes nothing."""
    held = [(each.role.value, each.certificate) for each in held_certificates(store.settings)]
    return unrecorded(store.reader, held)


def revocation_policy(settings: Settings) -> RevocationPolicy:
    """What an unknown status of an agency's certificate means, and which authorities it must chain to."""
    return RevocationPolicy(
        mode=settings.revocation_mode,
        grace=timedelta(hours=settings.revocation_grace_h),
        authorities=frozenset(fingerprint(each) for each in agency_authorities(settings)),
    )


def status_sources(settings: Settings, client: HttpClient) -> StatusSources:
    """What asks authorities in one round; local lists are read anew each time."""
    return StatusSources(client, settings.revocation_lists(), secrets.token_bytes)


def receipts_of(store: Store, key: SigningKey) -> Receipts:
    """What makes receipts of exchanges; `key` is the hub's, whose certificate they carry."""
    pem = key.certificate.public_bytes(Encoding.PEM).decode()
    return Receipts(store.reader, store.vault, proofs_of(store), pem)


def proofs_of(store: Store) -> Proofs:
    """What makes proofs, under whichever key signed a checkpoint."""
    return Proofs(store.reader, store.note_key.verifier, store.earlier_verifiers)
