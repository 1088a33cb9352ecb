"""What lies in a mailbox and no agreement covers any more: a dead letter, and its case calls a person.

    never collected     the version in force does not have it: no such mailbox, or not for the case's service or its Ask
    collected before    it may not be given again: its own version is over, and so is the grace after it

An agency that comes is given neither, and neither keeps it from what lies behind (`collecting`). Staff read at the dead
letter what is missing, and send it again once that is agreed, or cancel it; a late acknowledgement still counts.

Nothing is decided while the agency is suspended, none of its agreements is in force, or the item's own version is set
aside: that may be over tomorrow, and nothing can be collected until then. What lies there is in the view of mailboxes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

from gateway.contract.adapter import Adapter, Mailbox
from gateway.contract.agreement import Agreement
from gateway.domain.calendar import local_date
from gateway.domain.errors import Unauthorised
from gateway.exchange.concluding import Concluding
from gateway.exchange.directory import Directory
from gateway.exchange.entry import Entry
from gateway.exchange.mailbox.lapsing import LIMIT, written_down
from gateway.exchange.terms import terms_under
from gateway.store.due import handle_due
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Plan, unmoved
from gateway.store.reading import Reader
from gateway.store.reads.mailboxes import Lying
from gateway.store.tables import DeliveryRow
from gateway.store.unit_of_work import UnitOfWork

NOT_COVERED = "not-covered"
"""The outcome of an item that no agreement covers any more."""


class Uncovered:
    """Looks at the terms under which anything lies in mailboxes. One process at a time does so; several would agree."""

    def __init__(
        self,
        *,
        directory: Directory,
        concluding: Concluding,
        reader: Reader,
        unit_of_work: UnitOfWork,
        clock: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._concluding = concluding
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._clock = clock

    def run_once(self) -> int:
        """Give up what is not covered; gives how many items. One that cannot be is logged and stays."""
        now = self._clock()
        return sum(self._given_up(lying, now) for lying in self._reader.lying())

    def _given_up(self, lying: Lying, now: datetime) -> int:
        entry = self._directory.current(lying.agency)
        cause = self._missing(lying, entry, local_date(now))
        if cause is None:
            return 0

        def give_up(row: DeliveryRow) -> bool:
            lies = StoredDelivery.of(row)
            # what staff agree on meanwhile counts, and an agency that came meanwhile has it
            plan = Plan.of(unmoved(entry.generation))
            return written_down(
                self._unit_of_work,
                lies,
                lambda: plan + self._concluding.give_up(lies, cause, now, outcome=NOT_COVERED),
            )

        return handle_due(lambda skip: self._reader.lying_under(lying, LIMIT, skip), give_up)

    def _missing(self, lying: Lying, entry: Entry, on: date) -> str | None:
        """What is missing for these items to be collected, and what to do about it; None while nothing is."""
        in_force = entry.active_agreement(on)
        own = entry.begun_version(lying.agreement, lying.version)
        adapter = self._directory.adapters.get(lying.agency)
        if adapter is None or entry.suspended is not None or in_force is None or own is None:
            return None
        if lying.collected:
            return self._not_again(lying, entry, adapter, own, on)
        return self._not_anew(lying, adapter, own, in_force)

    def _not_anew(self, lying: Lying, adapter: Adapter, own: Agreement, in_force: Agreement) -> str | None:
        if in_force == own:
            return None
        terms = terms_under(adapter, in_force, lying.interaction)
        redrive = "sepakati dalam versi baru lalu kirim lagi, atau batalkan"
        if terms is None:
            lacks = f"tidak memuat {lying.interaction}"
        elif not isinstance(terms.interaction, Mailbox):
            lacks = f"memuat {lying.interaction}, tetapi tidak lagi untuk diambil instansi"
            redrive = "kirim lagi menurut versi itu, atau batalkan"
        elif not terms.agreed.covers(lying.service) or terms.interaction.serves.__name__ != lying.ask:
            lacks = f"memuat {lying.interaction} tetapi bukan {lying.ask} untuk layanan {lying.service}"
        else:
            return None
        return (
            f"Pesan di kotak surat menurut {lying.agreement}/{lying.version} tidak pernah diambil; "
            f"{in_force.id}/{in_force.version} kini berlaku dan {lacks}: {redrive}."
        )

    def _not_again(self, lying: Lying, entry: Entry, adapter: Adapter, own: Agreement, on: date) -> str | None:
        terms = terms_under(adapter, own, lying.interaction)
        try:
            entry.check_may_repeat(own, on)
        except Unauthorised as over:
            why = over.text
        else:
            if terms is not None and isinstance(terms.interaction, Mailbox):
                return None
            why = f"adaptor tidak lagi memuat {lying.interaction} dari {own.id} {own.version}"
        return (
            f"Pesan sudah diambil tetapi belum dikonfirmasi, dan tidak dapat diberikan lagi. Tanyakan apakah instansi "
            f"memilikinya: ia masih dapat mengonfirmasi, jika tidak batalkan dan minta yang baru. [{why}]"
        )
