"""What a hub and a worker share: the parts of both, their start and their end."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial

from gateway.app.delivering import Delivering
from gateway.app.differing import suspend_where_different
from gateway.app.identity import hub_key, timestamp_authority
from gateway.app.parts import (
    batch_work_of,
    cancelling_of,
    casework_of,
    client_of,
    hub_of,
    integrator_of,
    refusals_of,
    revocation_of,
    timestamping_of,
    witnessing_of,
)
from gateway.app.rounds import Round, Rounds
from gateway.app.starting import make_sure, refuse_place, speaks_soap
from gateway.app.store import (
    open_store,
    record_hub_certificates,
    record_keys_of_ledger,
    retention_of,
    revocation_policy,
)
from gateway.domain.calendar import local_date
from gateway.domain.errors import GatewayError, HubBusy
from gateway.exchange.couriers import Couriers
from gateway.exchange.directory import Directory
from gateway.exchange.plugins import load_adapters
from gateway.machine import give_memory_back, new_id, now
from gateway.office.deeds import Deeds
from gateway.office.signing import signatory_among
from gateway.office.staff import Officer, officer_of
from gateway.office.timers import Timers
from gateway.operations.clock_watch import ClockWatch
from gateway.operations.day_watch import DayWatch
from gateway.operations.expiry import ExpiryWatch
from gateway.operations.integrator import BATCH
from gateway.operations.key_holders import announce
from gateway.operations.reconciling.watching import ReconciliationWatch
from gateway.operations.retention.night import Night
from gateway.operations.standing import Standing
from gateway.settings import Settings
from gateway.store.engine import is_shared
from gateway.store.exclusive import HubLock
from gateway.store.leadership import leadership, name_here
from gateway.store.listening import Listening
from gateway.store.soundness import apart
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
        self._hub = hub_of(self.store, self._key)
        self.casework = casework_of(self.store, self.directory, clock, new_id)
        self._client = client_of(settings)
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
        self._name = name_here(f"{self.KIND} {socket.gethostname()} process {os.getpid()}")
        self._leadership = leadership(self.store.engine, self._name)
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
        self.integrator = integrator_of(self.store, clock)
        self.witnessing = witnessing_of(self.store, self._client, clock)
        self.timestamping = timestamping_of(self.store, self._client, stamping, clock)
        if self.timestamping is not None:
            self.standing.timestamp_trouble = self.timestamping.trouble
        self.refusals = refusals_of(self.store, clock, new_id)
        self.batches = batch_work_of(self.store, self.directory, self.library, self.casework, clock)
        self._cancelling = cancelling_of(self.store, clock)
        self.revocation = revocation_of(self.store, self._client, clock)
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
        self.night = Night(retention_of(self.store), clock)
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
        self._announce_keys()

    def _announce_keys(self) -> None:
        """Say which master keys are here, now that others can see this process; end where one is missing by now."""
        store = self.store
        try:
            announce(store.reader, store.unit_of_work, store.engine, store.ring, self._name, self._clock())
        except GatewayError:
            self.stop()
            raise

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
                Round("reconciliations", self._by_a_right_clock(self.reconciliations.run_once), 60.0),
                Round("expiry", lambda: self.expiry.run_once() > 0, 3600.0),
                Round("cut-over", self.day_watch.run_once, 5.0),
                Round("retention", self._by_a_right_clock(self.night.run_once), 60.0),
                Round("uncovered-items", self._give_up_uncovered, 5.0),
                Round("abandoned-uploads", self._by_a_right_clock(self._cancelling.give_up_abandoned), 3600.0),
            ),
            anywhere=(
                Round("recovery", self._recover, 1.0),
                Round("erasures", self.store.erasing.run_once, 5.0),
                Round("mailboxes", self._look_into_mailboxes, 1.0),
                Round("batches", self._by_a_right_clock(self.batches.run_once), 1.0),
                Round("office-files", self._by_a_right_clock(self.office_files.run_once), 1.0),
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

    def _by_a_right_clock(self, work: Callable[[], bool]) -> Callable[[], bool]:
        """Work that is left undone while this machine's clock is not trusted; says whether there may be more."""
        return lambda: self.standing.trusts_its_clock and work()

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

    def _signatory(self) -> Officer:
        officers = (officer_of(row) for row in self.store.reader.all_staff())
        return signatory_among(officers, local_date(self._clock()))
