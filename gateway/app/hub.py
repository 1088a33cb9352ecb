"""One hub process, put together; clock and ids are the machine's unless told."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property, partial
from urllib.parse import quote

import structlog
from fastapi import FastAPI

from gateway.app.identity import hub_chain, hub_key, previous_keys
from gateway.app.store import (
    DIFFERS,
    differences,
    open_store,
    receipts_of,
    record_hub_certificates,
    revocation_policy,
    status_sources,
)
from gateway.casework.desk import Casework
from gateway.casework.references import ReferenceIndex
from gateway.dialect.party import Hub
from gateway.domain.calendar import WorkingCalendar, local_date
from gateway.domain.catalogue import SAMPLE
from gateway.edge.agencies import AgencyEdge
from gateway.edge.api import make_api
from gateway.edge.hub_certificates import HubCertificates, hub_certificates_router
from gateway.edge.limits import Bounds, Limits
from gateway.edge.mistake_titles import headline
from gateway.edge.parts import StaffEdge
from gateway.edge.proxies import proxies_of
from gateway.exchange.attempt import Preparing
from gateway.exchange.claiming import Claiming
from gateway.exchange.concluding import Concluding
from gateway.exchange.couriers import Couriers
from gateway.exchange.directory import Directory
from gateway.exchange.inbound import Inbound
from gateway.exchange.meta.services import MetaServices
from gateway.exchange.outbound import Outbound
from gateway.exchange.plugins import load_adapters
from gateway.exchange.soap_speaking import SoapSpeaker
from gateway.exchange.speaking import RestSpeaker
from gateway.exchange.verdict import Judge
from gateway.machine import new_case_id, new_id, now
from gateway.office.calendar_source import indonesian_calendar
from gateway.office.deeds import Deeds
from gateway.office.papers.signing import SigningMaterial
from gateway.office.signing import SigningDeeds, signatory_among
from gateway.office.staff import Officer, officer_of
from gateway.office.timers import Timers
from gateway.operations import failed_proofs
from gateway.operations.allowance import Allowance
from gateway.operations.endpoints import Endpoints
from gateway.operations.expiry import ExpiryWatch
from gateway.operations.explanations import EACH, IN_ALL, Explanations
from gateway.operations.failed_proofs import FailedProofs
from gateway.operations.integrator import BATCH, Integrator
from gateway.operations.letters import Letters
from gateway.operations.refusals import Refusals
from gateway.operations.revocation import Revocation
from gateway.operations.threads import Loop
from gateway.settings import Settings
from gateway.store.circuits import CircuitPolicy
from gateway.store.engine import is_shared
from gateway.store.exclusive import HubLock
from gateway.transport.http import HttpClient
from gateway.transport.soap import SoapRequestBuilder
from gateway.validation.library import SchemaLibrary, default_roots

MAX_REPLY_BYTES = 10 * 2**20
CALENDAR_YEARS = 6

_log = structlog.get_logger("simojo.app")


class Gateway:
    """One hub process: the web application, the delivery threads, the ledger integrator and the timers."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], str] = new_id,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self.limits = Limits(_bounds(settings), seconds)
        self.proxies = proxies_of(settings.trusted_proxies, settings.proxy_address_header)
        self._lock = HubLock(settings.database_url)
        self.store = open_store(settings, clock=clock, new_id=new_id)
        self.adapters = load_adapters()
        self.library = SchemaLibrary(default_roots(self.adapters.values()))
        self.directory = Directory(self.store.reader, self.store.vault, self.adapters, revocation_policy(settings))
        self._key = hub_key(settings)
        self._hub = hub = Hub(
            id=settings.hub_id, key=self._key, pin=self.store.master.pin, previous=previous_keys(settings)
        )
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
            max_waiting=settings.max_waiting_per_agency,
        )
        self._loops: list[Loop] = []
        self._explanations = self._explaining()
        self.inbound = self._inbound(hub)
        self._client = HttpClient(
            clock=time.monotonic,
            ca_file=settings.outbound_ca_file,
            certificate_file=settings.tls_client_certificate_file,
            key_file=settings.tls_client_key_file,
        )
        self.claiming = self._claiming()
        self.outbound = self._outbound(hub)
        self._couriers = Couriers(self.claiming, self.outbound.attempt, senders=settings.workers, clock=clock)
        self.deeds = Deeds(
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            clock=clock,
            deliveries_made=self.wake,
            partner_service_id=settings.partner_service_id,
            signatory=self._signatory,
        )
        self.signing = SigningDeeds(
            deeds=self.deeds,
            casework=self.casework,
            clock=clock,
            pin=self.store.master.pin,
            material=SigningMaterial(key=self._key, chain=hub_chain(settings)[1:]),
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
        self.revocation = self._revocation()
        self.expiry = ExpiryWatch(self.store.reader, self.store.unit_of_work, clock)
        self.meta = MetaServices(
            directory=self.directory,
            reader=self.store.reader,
            library=self.library,
            receipts=receipts_of(self.store, self._key).make,
            public_url=settings.public_url.rstrip("/"),
            clock=clock,
            explain=self._explanations,
        )

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Check agreements, then begin to deliver, to integrate the ledger, and to keep time."""
        self._lock.take()
        self.suspend_where_different()
        record_hub_certificates(self.store, self._clock())
        while self.outbound.recover(alone=not is_shared(self.store.engine)):
            pass  # whatever the last process was sending when it ended; of several, whatever nobody holds any more
        interval = self.settings.merge_interval_s
        self._loops = [
            Loop("integrator", lambda: self.integrator.run_once() >= BATCH, interval),
            Loop("refusals", lambda: self.refusals.run_once() > 0, 5.0),
            Loop("timers", lambda: self.timers.run_once() > 0, 5.0),
            Loop("recovery", lambda: self.outbound.recover() > 0, 1.0),
            Loop("revocation", lambda: self.revocation.run_once() > 0, 30.0),
            Loop("expiry", lambda: self.expiry.run_once() > 0, 3600.0),
        ]
        for loop in self._loops:
            loop.start()
        self._couriers.start()

    def stop(self) -> None:
        """Finish what is under way, then close."""
        self._couriers.stop()
        for loop in self._loops:
            loop.stop()
        self._client.close()
        self.store.close()
        self._lock.release()

    def wake(self) -> None:
        """Something may have to be delivered."""
        self._couriers.wake()

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

    def _claiming(self) -> Claiming:
        return Claiming(
            reader=self.store.reader,
            within=self.store.unit_of_work.within,
            directory=self.directory,
            clock=self._clock,
            concurrency=self.settings.concurrency_per_lane,
            policy=CircuitPolicy(failures=self.settings.circuit_failures),
        )

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
            allowance=self.limits.take,
            client_certificates=self.settings.client_certificates,
            not_proven=FailedProofs(
                reader=self.store.reader,
                unit_of_work=self.store.unit_of_work,
                findings=self._explanations.findings,
                allowance=Allowance(each=failed_proofs.EACH, in_all=failed_proofs.IN_ALL),
            ),
        )

    def _outbound(self, hub: Hub) -> Outbound:
        rest = RestSpeaker(self.library, hub, MAX_REPLY_BYTES)
        soap = SoapSpeaker(self.library, SoapRequestBuilder(), hub, MAX_REPLY_BYTES)
        return Outbound(
            claiming=self.claiming,
            preparing=Preparing(self.directory, self.library, self.casework, {False: rest, True: soap}),
            concluding=Concluding(self.directory, self.casework),
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            client=self._client,
            judge=Judge(random.random),
            clock=self._clock,
            pause=self._pause,
        )

    def _pause(self, seconds: float) -> bool:
        return self._couriers.pause(seconds)

    def _revocation(self) -> Revocation:
        return Revocation(
            reader=self.store.reader,
            unit_of_work=self.store.unit_of_work,
            leaves=self.store.leaves,
            clock=self._clock,
            sources=partial(status_sources, self.settings, self._client),
            mode=self.settings.revocation_mode,
            interval=timedelta(minutes=self.settings.revocation_interval_min),
        )

    def _explaining(self) -> Explanations:
        return Explanations(
            party=self.directory.party,
            audience=self.settings.hub_id,
            allowance=Allowance(each=EACH, in_all=IN_ALL),
            headline=headline,
        )

    def _signatory(self) -> Officer:
        officers = (officer_of(row) for row in self.store.reader.all_staff())
        return signatory_among(officers, local_date(self._clock()))

    @cached_property
    def api(self) -> FastAPI:
        """The web application, put together when it is first asked for."""
        agencies = AgencyEdge(
            inbound=self.inbound,
            directory=self.directory,
            meta=self.meta,
            published=self.meta.published,
            library=self.library,
            clock=self._clock,
            max_body_bytes=self.settings.max_body_bytes,
            body_timeout_s=self.settings.body_timeout_s,
            limits=self.limits,
            proxies=self.proxies,
            client_certificates=self.settings.client_certificates,
        )
        staff = StaffEdge(
            reader=self.store.reader,
            unit_of_work=self.store.unit_of_work,
            casework=self.casework,
            deeds=self.deeds,
            signing=self.signing,
            letters=Letters(self.store.reader, self.store.unit_of_work, self.store.leaves, self._clock, self.wake),
            endpoints=Endpoints(self.store.reader, self.store.unit_of_work, self.store.leaves, self._clock, self.wake),
            directory=self.directory,
            library=self.library,
            clock=self._clock,
        )
        own = HubCertificates(
            reader=self.store.reader,
            hub=self._hub,
            clock=self._clock,
            new_id=new_id,
            next_signs_from=self.settings.next_signs_from,
        )
        return make_api(agencies, staff, hub_certificates_router(own))


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        rate_per_address=settings.rate_per_address,
        rate_per_agency=settings.rate_per_agency,
        max_exchanges=settings.max_exchanges,
        max_requests_per_address=settings.max_requests_per_address,
        busy_wait_s=settings.busy_wait_s,
        body_memory_bytes=settings.body_memory_bytes,
        max_body_bytes=settings.max_body_bytes,
        body_timeout_s=settings.body_timeout_s,
    )


def _calendar(settings: Settings, at: datetime) -> WorkingCalendar:
    years = range(at.year - 1, at.year + CALENDAR_YEARS)
    return indonesian_calendar(years, joint_leave=settings.joint_leave)
