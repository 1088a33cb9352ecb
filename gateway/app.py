"""The composition root: the one file that knows every part; `clock` and `new_id` are the machine's unless told."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from sqlalchemy import Engine

from gateway.casework.desk import Casework
from gateway.casework.leaves import Leaves
from gateway.casework.references import ReferenceIndex
from gateway.contract.adapter import Adapter
from gateway.dialect.party import Hub
from gateway.domain.calendar import WorkingCalendar, local_date
from gateway.domain.catalogue import SAMPLE
from gateway.domain.errors import Misconfigured
from gateway.edge.agencies import AgencyEdge
from gateway.edge.api import make_api
from gateway.edge.parts import StaffEdge
from gateway.exchange.attempt import Preparing
from gateway.exchange.checking import check_agreement
from gateway.exchange.concluding import Concluding
from gateway.exchange.directory import Directory
from gateway.exchange.inbound import Inbound
from gateway.exchange.meta.services import MetaServices
from gateway.exchange.outbound import Outbound
from gateway.exchange.plugins import load_adapters
from gateway.exchange.soap_speaking import SoapSpeaker
from gateway.exchange.speaking import RestSpeaker
from gateway.exchange.verdict import Judge
from gateway.ledger.checkpoint import NoteKey
from gateway.machine import new_case_id, new_id, now
from gateway.office.calendar_source import indonesian_calendar
from gateway.office.deeds import Deeds
from gateway.office.papers.signing import SigningMaterial
from gateway.office.signing import SigningDeeds, signatory_among
from gateway.office.staff import Officer, officer_of
from gateway.office.timers import Timers
from gateway.operations.integrator import Integrator
from gateway.operations.letters import Letters
from gateway.operations.refusals import Refusals
from gateway.operations.registry import Registry
from gateway.operations.threads import Loop
from gateway.settings import Settings
from gateway.store.engine import open_engine
from gateway.store.exclusive import HubLock
from gateway.store.reading import Reader
from gateway.store.schema import prepare
from gateway.store.unit_of_work import SingleWriter
from gateway.store.vault import Vault
from gateway.transport.http import HttpClient
from gateway.transport.soap import SoapRequestBuilder
from gateway.trust.dev_ca import is_development
from gateway.trust.keys import SigningKey, load_signing_key
from gateway.trust.policy import KeyKind
from gateway.trust.secrets import MasterKey
from gateway.validation.library import SchemaLibrary, default_roots

MAX_REPLY_BYTES = 10 * 2**20
CALENDAR_YEARS = 6

_log = structlog.get_logger("simojo.app")


@dataclass(frozen=True, kw_only=True)
class Store:
    """The store and what opens it: all that commands need which exchange nothing."""

    settings: Settings
    engine: Engine
    reader: Reader
    master: MasterKey
    vault: Vault
    note_key: NoteKey
    unit_of_work: SingleWriter
    leaves: Leaves
    registry: Registry

    def close(self) -> None:
        """Finish what waits to be written, and close."""
        self.unit_of_work.close()
        self.engine.dispose()


def open_store(settings: Settings, *, clock: Callable[[], datetime] = now, new_id: Callable[[], str] = new_id) -> Store:
    """Open the store, bringing it to the newest schema. Raises Misconfigured."""
    engine = open_engine(settings.database_url)
    prepare(engine)
    reader = Reader(engine)
    master = MasterKey(settings.master_key_bytes())
    vault = Vault(reader, master, secrets.token_bytes)
    leaves = Leaves(master, new_id)
    unit_of_work = SingleWriter(engine)
    registry = Registry(
        reader=reader,
        vault=vault,
        unit_of_work=unit_of_work,
        leaves=leaves,
        clock=clock,
        production=settings.is_production,
    )
    return Store(
        settings=settings,
        engine=engine,
        reader=reader,
        master=master,
        vault=vault,
        note_key=NoteKey.from_seed(settings.ledger_origin, settings.ledger_seed()),
        unit_of_work=unit_of_work,
        leaves=leaves,
        registry=registry,
    )


class Gateway:
    """One hub process: the web application, the delivery threads, the ledger integrator and the timers."""

    def __init__(
        self, settings: Settings, *, clock: Callable[[], datetime] = now, new_id: Callable[[], str] = new_id
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._lock = HubLock(settings.database_url)
        self.store = open_store(settings, clock=clock, new_id=new_id)
        self.adapters = load_adapters()
        self.library = SchemaLibrary(default_roots(self.adapters.values()))
        self.directory = Directory(self.store.reader, self.store.vault, self.adapters)
        self._key = hub_key(settings)
        hub = Hub(id=settings.hub_id, key=self._key, pin=self.store.master.pin)
        self.casework = Casework(
            reader=self.store.reader,
            vault=self.store.vault,
            catalogue=SAMPLE,
            calendar=_calendar(settings, clock()),
            routes=self.directory,
            references=ReferenceIndex(self.store.master),
            leaves=self.store.leaves,
            new_id=new_id,
            new_case_id=new_case_id,
        )
        self._loops: list[Loop] = []
        self._couriers: list[Loop] = []
        self.inbound = self._inbound(hub)
        self._client = HttpClient(clock=time.monotonic)
        self.outbound = self._outbound(hub)
        self.deeds = Deeds(
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            clock=clock,
            deliveries_made=self.wake,
            partner_service_id=settings.partner_service_id,
            signatory=self._signatory,
        )
        key_pem, certificate_pem = settings.signing_pems()
        self.signing = SigningDeeds(
            deeds=self.deeds,
            casework=self.casework,
            clock=clock,
            pin=self.store.master.pin,
            material=SigningMaterial(key_pem=key_pem, certificate_pem=certificate_pem),
            verify_url=lambda number: f"{settings.public_url}/periksa/{quote(number)}",
            signatory=self._signatory,
        )
        self.timers = Timers(self.deeds, self.casework, clock)
        self.integrator = Integrator(self.store.reader, self.store.unit_of_work, self.store.note_key, clock)
        self.refusals = Refusals(
            self.store.reader,
            self.store.unit_of_work,
            self.store.master.derive("refusal-pseudonym"),
            clock,
            new_id,
        )
        self.meta = MetaServices(directory=self.directory, clock=clock)
        self.api = self._api()

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Check agreements, then begin to deliver, to integrate the ledger, and to keep time."""
        self._lock.take()
        self.suspend_where_different()
        while self.outbound.recover(alone=True):
            pass  # whatever the last process was sending when it ended
        interval = self.settings.merge_interval_s
        self._couriers = [Loop(f"courier-{n}", self._deliver_one, 0.5) for n in range(self.settings.workers)]
        self._loops = [
            Loop("integrator", lambda: self.integrator.run_once() > 0, interval),
            Loop("refusals", lambda: self.refusals.run_once() > 0, 5.0),
            Loop("timers", lambda: self.timers.run_once() > 0, 5.0),
            Loop("recovery", lambda: self.outbound.recover() > 0, 1.0),
        ]
        for loop in (*self._loops, *self._couriers):
            loop.start()

    def stop(self) -> None:
        """Finish what is under way, then close."""
        for loop in (*self._couriers, *self._loops):
            loop.stop()
        self._client.close()
        self.store.close()
        self._lock.release()

    def wake(self) -> None:
        """Something may have to be delivered."""
        for loop in self._couriers:
            loop.wake()

    def suspend_where_different(self) -> Mapping[str, tuple[str, ...]]:
        """Suspend every agency whose adapter and agreement differ, and lift what was suspended for that.

        Gives the differences by agency. The others run.
        """
        found = differences(self.store, self.adapters, self.library, self._clock())
        for agency, adapter in self.adapters.items():
            said = found.get(agency, ())
            row = self.store.reader.agency(agency)
            if said:
                _log.error("agency-suspended", agency=agency, differences=list(said))
                self.store.registry.suspend(adapter, f"{DIFFERS} {'; '.join(said)}", "hub")
            elif row is not None and row.suspended and row.suspended.startswith(DIFFERS):
                self.store.registry.suspend(adapter, None, "hub")
        return found

    # --- parts ----------------------------------------------------------------------------------------------------

    def _deliver_one(self) -> bool:
        due = self.outbound.due(limit=len(self._couriers) * 2)
        # workers look at different ends first, so that they seldom reach for the same delivery
        random.shuffle(due)
        return bool(due) and self.outbound.deliver(due[0])

    def _inbound(self, hub: Hub) -> Inbound:
        return Inbound(
            directory=self.directory,
            library=self.library,
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            master=self.store.master,
            hub=hub,
            clock=self._clock,
            max_bytes=self.settings.max_body_bytes,
            deliveries_made=self.wake,
        )

    def _outbound(self, hub: Hub) -> Outbound:
        rest = RestSpeaker(self.library, hub, MAX_REPLY_BYTES)
        soap = SoapSpeaker(self.library, SoapRequestBuilder(), hub, MAX_REPLY_BYTES)
        return Outbound(
            preparing=Preparing(self.directory, self.library, self.casework, {False: rest, True: soap}),
            concluding=Concluding(self.directory, self.casework),
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            client=self._client,
            judge=Judge(random.random),
            clock=self._clock,
        )

    def _signatory(self) -> Officer:
        officers = (officer_of(row) for row in self.store.reader.all_staff())
        return signatory_among(officers, local_date(self._clock()))

    def _api(self) -> FastAPI:
        agencies = AgencyEdge(
            inbound=self.inbound,
            directory=self.directory,
            meta=self.meta,
            library=self.library,
            public_url=self.settings.public_url.rstrip("/"),
            clock=self._clock,
            max_body_bytes=self.settings.max_body_bytes,
            body_timeout_s=self.settings.body_timeout_s,
        )
        staff = StaffEdge(
            reader=self.store.reader,
            unit_of_work=self.store.unit_of_work,
            casework=self.casework,
            deeds=self.deeds,
            signing=self.signing,
            letters=Letters(self.store.reader, self.store.unit_of_work, self.store.leaves, self._clock, self.wake),
            directory=self.directory,
            library=self.library,
            clock=self._clock,
        )
        return make_api(agencies, staff)


DIFFERS = "adapter and agreement differ:"


def differences(
    store: Store, adapters: Mapping[str, Adapter], library: SchemaLibrary, at: datetime, hub: KeyKind | None = None
) -> Mapping[str, tuple[str, ...]]:
    """Where active agreements differ from adapters, by agency; an agency without an active agreement is not judged.

    `hub`: the kind of the hub's key, where it is to be judged too.
    """
    directory = Directory(store.reader, store.vault, adapters)
    found: dict[str, tuple[str, ...]] = {}
    for agency, adapter in adapters.items():
        agreement = directory.active_agreement(agency, local_date(at))
        if agreement is not None and (said := check_agreement(adapter, agreement, library, hub)):
            found[agency] = said
    return found


def hub_key(settings: Settings) -> SigningKey:
    """The hub's signing key. Raises Misconfigured; in production also for a development certificate."""
    key = load_signing_key(*settings.signing_pems())
    if settings.is_production and is_development(key.certificate):
        raise Misconfigured(
            "the hub's certificate is of a development CA, which is refused in production mode: set "
            "SIMOJO_SIGNING_KEY_FILE and SIMOJO_SIGNING_CERTIFICATE_FILE",
            code="certificate-development",
        )
    return key


def _calendar(settings: Settings, at: datetime) -> WorkingCalendar:
    years = range(at.year - 1, at.year + CALENDAR_YEARS)
    return indonesian_calendar(years, joint_leave=settings.joint_leave)
