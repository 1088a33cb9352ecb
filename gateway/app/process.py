"""What a hub and a worker share: the parts of both, their start and their end."""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from gateway.app.catalogue import calendar_of, catalogue_of
from gateway.app.delivering import Delivering
from gateway.app.differing import suspend_where_different
from gateway.app.identity import hub_key, previous_keys, timestamp_authority
from gateway.app.rounds import Round, Rounds
from gateway.app.starting import make_sure, refuse_place, speaks_soap
from gateway.app.store import (
    open_store,
    record_hub_certificates,
    record_keys_of_ledger,
    revocation_policy,
    status_sources,
)
from gateway.casework.desk import Casework
from gateway.casework.references import ReferenceIndex
from gateway.dialect.party import Hub
from gateway.domain.calendar import local_date
from gateway.domain.errors import HubBusy
from gateway.exchange.batch.cancelling import Cancelling
from gateway.exchange.batch.work import BatchWork
from gateway.exchange.couriers import Couriers
from gateway.exchange.directory import Directory
from gateway.exchange.plugins import load_adapters
from gateway.machine import give_memory_back, new_case_id, new_id, now
from gateway.office.deeds import Deeds
from gateway.office.signing import signatory_among
from gateway.office.staff import Officer, officer_of
from gateway.office.timers import Timers
from gateway.operations.clock_watch import ClockWatch
from gateway.operations.day_watch import DayWatch
from gateway.operations.expiry import ExpiryWatch
from gateway.operations.integrator import BATCH, Integrator
from gateway.operations.reconciling.watching import ReconciliationWatch
from gateway.operations.refusals import Refusals
from gateway.operations.revocation import Revocation
from gateway.operations.standing import Standing
from gateway.operations.timestamping import Authority, Timestamping
from gateway.operations.witnessing import Witnessing
from gateway.settings import Settings
from gateway.store.engine import is_shared
from gateway.store.exclusive import HubLock
from gateway.store.leadership import leadership
from gateway.store.listening import Listening
from gateway.store.soundness import apart
from gateway.transport.http import HttpClient
from gateway.trust.wss import signatures
from gateway.validation.library import SchemaLibrary, default_roots


class Process:
    """A process on the store: it delivers, and does its part of what comes again. `KIND` is what others call it."""

    KIND = "process"

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], datetime] = now,
        new_id: Callable[[], str] = new_id,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        refuse_place(settings)
        self.settings = settings
        self._clock = clock
        self._key = hub_key(settings)
        stamping = timestamp_authority(settings)
        self.store = open_store(settings, clock=clock, new_id=new_id)
        self._lock = HubLock(settings.database_url)
        self.adapters = load_adapters()
        self.library = SchemaLibrary(default_roots(self.adapters.values()))
        self.directory = Directory(self.store.reader, self.store.vault, self.adapters, revocation_policy(settings))
        self._hub = Hub(
            id=settings.hub_id,
            key=self._key,
            pin=self.store.master.pin,
            held=self.store.vault.held,
            previous=previous_keys(settings),
        )
        self.casework = Casework(
            reader=self.store.reader,
            vault=self.store.vault,
            catalogue=catalogue_of(settings),
            calendar=calendar_of(settings, clock()),
            routes=self.directory,
            references=ReferenceIndex(self.store.master),
            leaves=self.store.leaves,
            new_id=new_id,
            new_case_id=new_case_id,
            max_waiting=settings.max_waiting_per_agency,
        )
        self._client = HttpClient(
            clock=time.monotonic,
            ca_file=settings.outbound_ca_file,
            certificate_file=settings.tls_client_certificate_file,
            key_file=settings.tls_client_key_file,
        )
        self._delivering = Delivering(
            settings=settings,
            store=self.store,
            directory=self.directory,
            library=self.library,
            casework=self.casework,
            client=self._client,
            hub=self._hub,
            clock=clock,
            pause=self._pause,
            laid_down=self.laid_down,
        )
        self.claiming = self._delivering.claiming
        self.outbound = self._delivering.outbound
        self.lapsing = self._delivering.lapsing
        self.uncovered = self._delivering.uncovered
        self.office_files = self._delivering.office_files
        self._leadership = leadership(self.store.engine, f"{self.KIND} {socket.gethostname()} process {os.getpid()}")
        self.standing = Standing(self._leadership.leader)
        self._couriers = Couriers(
            self.claiming,
            self.outbound.preparer,
            senders=settings.workers,
            clock=clock,
            may_claim=lambda: self.standing.trusts_its_clock,
        )
        self.standing.delivering_trouble = self._couriers.trouble
        self.deeds = Deeds(
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            clock=clock,
            deliveries_made=self.wake,
            partner_service_id=settings.partner_service_id,
            signatory=self._signatory,
        )
        self.timers = Timers(self.deeds, self.casework, clock)
        self.integrator = Integrator(
            self.store.reader,
            self.store.unit_of_work,
            self.store.note_key,
            clock,
            earlier=self.store.earlier_verifiers,
            previous=self.store.previous_note_key,
        )
        self.witnessing = Witnessing(
            reader=self.store.reader,
            unit_of_work=self.store.unit_of_work,
            leaves=self.store.leaves,
            client=self._client,
            verifiers=self.store.verifiers,
            clock=clock,
        )
        self.timestamping = self._timestamping(stamping)
        self.refusals = Refusals(
            self.store.reader,
            self.store.unit_of_work,
            self.store.master.derive("refusal-pseudonym"),
            clock,
            new_id,
        )
        self.batches = BatchWork(
            directory=self.directory,
            library=self.library,
            casework=self.casework,
            unit_of_work=self.store.unit_of_work,
            clock=clock,
        )
        self._cancelling = Cancelling(self.store.reader, self.store.unit_of_work, self.store.leaves, clock)
        self.revocation = self._revocation()
        self.reconciliations = ReconciliationWatch(self.store.reader, self.store.unit_of_work, clock)
        self.expiry = ExpiryWatch(self.store.reader, self.store.unit_of_work, clock)
        self.clock_watch = ClockWatch(
            reader=self.store.reader,
            transactions=self.store.unit_of_work,
            clock=clock,
            seconds=seconds,
            apart=partial(apart, self.store.engine, clock),
            standing=self.standing,
        )
        self.day_watch = DayWatch(clock, self.suspend_where_different)
        self._rounds: Rounds | None = None
        self._ending: threading.Thread | None = None

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make sure that all is well, check agreements, then begin to deliver and to do what comes again.

        Raises Misconfigured for what `gateway.app.starting` refuses, and `store-in-use` for another hub on SQLite.
        """
        self._lock.take()
        make_sure(self.settings, self.store, self._key.certificate, self._clock)
        self.clock_watch.compare()
        self.suspend_where_different()
        record_hub_certificates(self.store, self._clock())
        record_keys_of_ledger(self.store, self._clock())
        while self._recover(alone=not is_shared(self.store.engine)):
            pass  # whatever the last process was sending when it ended; of several, whatever nobody holds any more
        if not is_shared(self.store.engine):
            self.batches.recover()
        self._rounds = self._make_rounds()
        self._rounds.start()

    def begin_to_end(self) -> None:
        """Take no new work, and let others have what was not begun; does not wait. `stop` does."""
        self.standing.ends()
        if self._rounds is not None and self._ending is None:
            self._ending = threading.Thread(target=self._rounds.stop, name="ending", daemon=True)
            self._ending.start()

    def stop(self, within_s: float | None = None) -> bool:
        """Finish what is under way, then close: within so many seconds, or however long it takes.

        False when something was still under way then: the store has it, and another process takes it up when its
        lease has run out. Nothing was closed under its hands; the caller ends the process.
        """
        self.begin_to_end()
        ending = threading.Thread(target=self._close, name="closing", daemon=True)
        ending.start()
        ending.join(within_s)
        return not ending.is_alive()

    def wake(self) -> None:
        """Something may have to be delivered."""
        self._couriers.wake()

    def laid_down(self, agency: str) -> None:
        """Something lies in an agency's mailbox since now: for a process that has somebody waiting for it."""

    def suspend_where_different(self) -> Mapping[str, tuple[str, ...]]:
        """Suspend every agency whose adapter and agreement differ; gives the differences by agency.

        Where an agreement in force speaks SOAP, what it needs is loaded with it, and not by the first message.
        """
        if speaks_soap(self.directory, self._clock()):
            self._load_soap()
        return suspend_where_different(self.store, self.adapters, self.library, self._clock())

    def _load_soap(self) -> None:
        """Load what SOAP takes beside the agreed XSDs, which are read when agreements are compared."""
        signatures()

    def _close(self) -> None:
        if self._ending is not None:
            self._ending.join()
        with suppress(HubBusy):  # then their claims run out
            self.batches.release()
            self.office_files.release()
        self._client.close()
        self.store.close()
        self._lock.release()

    # --- parts ----------------------------------------------------------------------------------------------------

    def _make_rounds(self) -> Rounds:
        listens = is_shared(self.store.engine) and self.settings.workers > 0
        return Rounds(
            couriers=self._couriers,
            leadership=self._leadership,
            led=(
                Round("integrator", lambda: self.integrator.run_once() >= BATCH, self.settings.merge_interval_s),
                Round("witnesses", self.witnessing.run_once, 1.0),
                *([Round("timestamps", self.timestamping.run_once, 5.0)] if self.timestamping else ()),
                Round("refusals", lambda: self.refusals.run_once() > 0, 5.0),
                Round("timers", lambda: self.timers.run_once() > 0, 5.0),
                Round("revocation", lambda: self.revocation.run_once() > 0, 30.0),
                Round("reconciliations", self._watch_reconciliations, 60.0),
                Round("expiry", lambda: self.expiry.run_once() > 0, 3600.0),
                Round("cut-over", self.day_watch.run_once, 5.0),
                Round("uncovered-items", self._give_up_uncovered, 5.0),
                Round("abandoned-uploads", self._give_up_abandoned_uploads, 3600.0),
            ),
            anywhere=(
                Round("recovery", self._recover, 1.0),
                Round("mailboxes", self._look_into_mailboxes, 1.0),
                Round("batches", lambda: self.standing.trusts_its_clock and self.batches.run_once(), 1.0),
                Round("office-files", lambda: self.standing.trusts_its_clock and self.office_files.run_once(), 1.0),
                *self._own_rounds(),
                Round("clock", lambda: self.clock_watch.run_once() is not None, 1.0),
                Round("memory", give_memory_back, 60.0),
            ),
            listening=Listening(self.store.engine, self.wake) if listens else None,
        )

    def _own_rounds(self) -> Sequence[Round]:
        """What only this kind of process does again and again."""
        return ()

    def _recover(self, *, alone: bool = False) -> bool:
        """Take back what workers left behind, by a clock that is right; whether there may be more."""
        return self.standing.trusts_its_clock and self.outbound.recover(alone=alone) > 0

    def _give_up_abandoned_uploads(self) -> bool:
        """End uploads of files that nobody goes on with, by a clock that is right; whether there may be more."""
        return self.standing.trusts_its_clock and self._cancelling.give_up_abandoned()

    def _watch_reconciliations(self) -> bool:
        """Tell which runs were broken off, by a clock that is right; whether there may be more."""
        return self.standing.trusts_its_clock and self.reconciliations.run_once()

    def _give_up_uncovered(self) -> bool:
        """Give up what lies in mailboxes and is not covered any more, by a clock that is right; whether there is more.

        Not before the check that a new day begins with: an agency that it suspends keeps its items.
        """
        return self.standing.trusts_its_clock and self.day_watch.has_looked and self.uncovered.run_once() > 0

    def _look_into_mailboxes(self) -> bool:
        """Write down what was not acknowledged in time, by a clock that is right; whether there may be more."""
        return self.standing.trusts_its_clock and self.lapsing.run_once() > 0

    def _pause(self, seconds: float) -> bool:
        return self._couriers.pause(seconds)

    def _timestamping(self, authority: Authority | None) -> Timestamping | None:
        """What has checkpoints stamped, where there is an authority."""
        if authority is None:
            return None
        made = Timestamping(
            reader=self.store.reader,
            unit_of_work=self.store.unit_of_work,
            client=self._client,
            authority=authority,
            clock=self._clock,
            random_bytes=secrets.token_bytes,
        )
        self.standing.timestamp_trouble = made.trouble
        return made

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

    def _signatory(self) -> Officer:
        officers = (officer_of(row) for row in self.store.reader.all_staff())
        return signatory_among(officers, local_date(self._clock()))
