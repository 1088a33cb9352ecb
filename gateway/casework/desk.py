"""What casework stands on, put together once by `gateway.app`, and the look-ups that need no occasion."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from gateway.casework.history import case_at, case_of, case_of_body
from gateway.casework.leaves import Leaves
from gateway.casework.references import MESSAGE, ReferenceIndex
from gateway.casework.routes import Routes
from gateway.contract.adapter import Found
from gateway.domain.calendar import WorkingCalendar
from gateway.domain.case import PermitCase
from gateway.domain.catalogue import Catalogue
from gateway.domain.events import CaseEvent, Reference
from gateway.domain.facts import decode_event
from gateway.store.outgoing import StoredFact
from gateway.store.reading import Reader
from gateway.store.vault import Vault

F = TypeVar("F", bound=CaseEvent)


@dataclass(frozen=True)
class Entered(Generic[F]):
    """A fact of a case, and who entered it (`staff/<id>`, `agency/<name>`)."""

    fact: F
    actor: str


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A case as it stood when it was read, and the number of its next delivery."""

    case: PermitCase
    next_order: int


@dataclass(frozen=True, kw_only=True)
class Casework:
    """The parts. `new_id` gives ids of rows and messages, `new_case_id` those that people read.

    `max_waiting` deliveries may wait to be sent to one agency: a step that would add one more is refused.
    """

    reader: Reader
    vault: Vault
    catalogue: Catalogue
    calendar: WorkingCalendar
    routes: Routes
    references: ReferenceIndex
    leaves: Leaves
    new_id: Callable[[], str]
    new_case_id: Callable[[datetime], str]
    max_waiting: int = 10_000

    def find(self, references: Iterable[Reference], agency: str) -> Found:
        """Look up the cases that each reference names.

        A `message` reference names a message of ours to that agency, and so the case that it was about.
        """
        found: dict[Reference, tuple[PermitCase, ...]] = {}
        for reference in references:
            if reference.kind == MESSAGE:
                delivery = self.reader.delivery_by_message(agency, reference.value)
                ids: tuple[str, ...] = (delivery.case_id,) if delivery else ()
            else:
                ids = tuple(self.reader.case_ids_by_reference(self.references.digest(reference)))
            rows = (self.reader.case(each) for each in ids)
            found[reference] = tuple(case_of(row) for row in rows if row is not None)
        return found

    def opened_by(self, key: Reference) -> str | None:
        """The id of the case that was opened under this key."""
        return self.reader.opening(self.references.digest(key))

    def standing(self, case_id: str) -> Standing | None:
        """Read a case as it stands now; None when there is none."""
        row = self.reader.case_standing(case_id)
        return None if row is None else Standing(case=case_of_body(row[0]), next_order=row[1])

    def last(self, case_id: str, kind: type[F]) -> Entered[F] | None:
        """The last fact of that kind of a case, and who entered it."""
        for row in reversed(self.reader.case_events(case_id)):
            if row.kind == kind.__name__:
                fact = decode_event(row.kind, json.loads(row.body))
                if isinstance(fact, kind):
                    return Entered(fact, row.actor)
        return None

    def case_at(self, case_id: str, version: int) -> PermitCase:
        """Give a case as it stood at that version. Raises Tampered `history-broken`."""
        return self.case_of_facts(self.reader.facts([case_id]), version)

    def case_of_facts(self, facts: Collection[StoredFact], version: int) -> PermitCase:
        """The same from facts that are at hand: those of one case, in their order."""
        return case_at(tuple(facts), self.catalogue, version)
