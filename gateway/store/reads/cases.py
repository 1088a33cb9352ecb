"""Permit cases and what belongs to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import bindparam
from sqlmodel import col, select

from gateway.domain.errors import Tampered
from gateway.store.outgoing import StoredFact
from gateway.store.reads.base import Reads
from gateway.store.sealing import BODY, CASES, DAMAGED, DOCUMENTS, ERASED, FACTS, Keys, Shut
from gateway.store.tables import (
    CaseEventRow,
    CaseReferenceRow,
    CaseRow,
    CounterRow,
    DeadlineRow,
    DocumentRow,
    HeldSecretRow,
    OpeningRow,
    PinChallengeRow,
)
from gateway.store.tables.cases import FOUND_BY_TIME
from gateway.store.tables.outbox import words

_COUNTER = select(CounterRow.value).where(col(CounterRow.name) == bindparam("name"))
_STANDING = select(CaseRow.body, CaseRow.next_order).where(col(CaseRow.id) == bindparam("case_id"))
_FACTS = (
    select(*(getattr(CaseEventRow, name) for name in StoredFact._fields))
    .where(col(CaseEventRow.case_id).in_(bindparam("cases", expanding=True)))
    .order_by(col(CaseEventRow.case_id), col(CaseEventRow.seq))
)
_BY_REFERENCE = (
    select(CaseReferenceRow.case_id)
    .where(col(CaseReferenceRow.digest) == bindparam("digest"))
    .order_by(col(CaseReferenceRow.case_id))
)


class CaseReads(Reads):
    """Cases, their events, names, documents and timers."""

    def case(self, case_id: str) -> CaseRow | None:
        """The case with this id, as it stands; its body is empty when it was erased."""
        row = self._get(CaseRow, case_id)
        return None if row is None else self._open_case(row)

    def case_standing(self, case_id: str) -> tuple[str, int] | None:
        """How a case stands, for steps to go on from: its body, and the number of its next delivery. Raises Shut."""
        row = self._one(_STANDING, case_id=case_id)
        return None if row is None else (self._text(row[0], case_id, CASES, BODY), row[1])

    def cases(self, limit: int = 50, before: tuple[datetime, str] | None = None) -> list[CaseRow]:
        """Cases, last opened first. `before` is (opened_at, id) of the last one seen: a page starts behind it."""
        wanted = select(CaseRow)
        if before is not None:
            at, last = before
            opened = col(CaseRow.opened_at)
            wanted = wanted.where((opened < at) | ((opened == at) & (col(CaseRow.id) < last)))
        ordered = wanted.order_by(col(CaseRow.opened_at).desc(), col(CaseRow.id).desc())
        return [self._open_case(row) for row in self._all(ordered.limit(limit))]

    def cases_by_reference(self, digests: Collection[str]) -> dict[str, list[CaseRow]]:
        """The cases that each of these reference digests names, by digest; one that names none has an empty list."""
        wanted = (
            select(CaseReferenceRow.digest, CaseRow)
            .join(CaseRow, col(CaseRow.id) == col(CaseReferenceRow.case_id))
            .where(col(CaseReferenceRow.digest).in_(digests))
            .order_by(col(CaseRow.opened_at), col(CaseRow.id))
        )
        found: dict[str, list[CaseRow]] = {digest: [] for digest in digests}
        for digest, case in self._all(wanted):
            found[digest].append(self._open_case(case))
        return found

    def case_ids_by_reference(self, digest: str) -> list[str]:
        """The ids of the cases that this reference digest names, in order."""
        return [row[0] for row in self._rows(_BY_REFERENCE, digest=digest)]

    def cases_in_order(
        self, behind: str, opened: tuple[datetime, datetime], services: Collection[str] | None, limit: int
    ) -> list[CaseRow]:
        """Cases behind that id, in the order of their ids.

        Opened from the first moment on and before the second, and of these services (None: of any).
        """
        begins, ends = opened
        at, mine = col(CaseRow.opened_at), col(CaseRow.id)
        wanted = select(CaseRow).where(mine > behind, at >= begins, at < ends)
        if services is not None:
            wanted = wanted.where(col(CaseRow.service).in_(services))
        return [self._open_case(row) for row in self._all(wanted.order_by(mine).limit(limit))]

    def case_events(self, case_id: str) -> list[CaseEventRow]:
        """All events of a case, in their order; of an erased one they have empty bodies."""
        wanted = select(CaseEventRow).where(col(CaseEventRow.case_id) == case_id)
        return self._open_facts(self._all(wanted.order_by(col(CaseEventRow.seq))))

    def facts(self, cases: Collection[str]) -> list[StoredFact]:
        """The facts of these cases as plain values, by case and in their order."""
        keys = self._keys_once()
        facts = (StoredFact(*row) for row in self._plain(_FACTS, cases=list(cases)))
        return [each._replace(body=self._fact(each.body, each.case_id, each.seq, keys)) for each in facts]

    def facts_of(self, cases: Collection[str]) -> list[CaseEventRow]:
        """All events of these cases, by case and in their order; what does not open has an empty body."""
        wanted = select(CaseEventRow).where(col(CaseEventRow.case_id).in_(cases))
        return self._open_facts(self._all(wanted.order_by(col(CaseEventRow.case_id), col(CaseEventRow.seq))))

    def facts_found_by_time(
        self,
        kind: str,
        begin: datetime,
        end: datetime,
        behind: tuple[datetime, str, int] | None = None,
        limit: int = 50,
    ) -> list[CaseEventRow]:
        """Facts of a kind (of FOUND_BY_TIME) that happened from `begin` on and before `end`, by moment, case, number.

        `behind`: those after the one of that moment, case and number.
        """
        at, case_id, seq = col(CaseEventRow.occurred_at), col(CaseEventRow.case_id), col(CaseEventRow.seq)
        wanted = select(CaseEventRow).where(
            col(CaseEventRow.kind).in_(words(FOUND_BY_TIME)), col(CaseEventRow.kind) == kind, at >= begin, at < end
        )
        if behind is not None:
            moment, case, number = behind
            later = (case_id > case) | ((case_id == case) & (seq > number))
            wanted = wanted.where((at > moment) | ((at == moment) & later))
        return self._open_facts(self._all(wanted.order_by(at, case_id, seq).limit(limit)))

    def _open_case(self, row: CaseRow) -> CaseRow:
        row.body = self._unless_shut(row.body, row.id, CASES, BODY)
        return row

    def _open_facts(self, rows: list[CaseEventRow]) -> list[CaseEventRow]:
        keys = self._keys_once()
        for row in rows:
            row.body = self._fact(row.body, row.case_id, row.seq, keys)
        return rows

    def _fact(self, stored: str, case_id: str, seq: int, keys: Keys) -> str:
        try:
            return self._unless_shut(stored, case_id, FACTS, str(seq), keys)
        except Tampered:
            return DAMAGED  # no leaf commits to it, and nothing decodes it: whoever needs the fact says so

    def _unless_shut(self, stored: str, unit: str, table: str, name: str, keys: Keys | None = None) -> str:
        try:
            return self._text(stored, unit, table, name, keys)
        except Shut:
            return ERASED

    def _open_document(self, row: DocumentRow) -> DocumentRow:
        row.body = self._blob(row.body, row.case_id, DOCUMENTS, row.sha256)
        return row

    def case_ids(self, batch: int = 1000) -> Iterator[list[str]]:
        """The ids of all cases, in order, in lists of at most `batch`."""
        last = ""
        while True:
            wanted = select(CaseRow.id).where(col(CaseRow.id) > last).order_by(col(CaseRow.id)).limit(batch)
            found: list[str] = self._all(wanted)
            if not found:
                return
            yield found
            last = found[-1]

    def document_keys(self, batch: int = 1000) -> Iterator[list[tuple[str, str]]]:
        """Every stored document as (case, sha256), in that order, in lists of at most `batch`."""
        last = ("", "")
        while True:
            case_id, digest = col(DocumentRow.case_id), col(DocumentRow.sha256)
            behind = (case_id > last[0]) | ((case_id == last[0]) & (digest > last[1]))
            wanted = select(DocumentRow.case_id, DocumentRow.sha256).where(behind).order_by(case_id, digest)
            found = [(each, name) for each, name in self._all(wanted.limit(batch))]
            if not found:
                return
            yield found
            last = found[-1]

    def fact_keys(self, batch: int = 1000) -> Iterator[list[tuple[str, int]]]:
        """Every stored event as (case, seq), in that order, in lists of at most `batch`."""
        last = ("", -1)
        while True:
            case_id, seq = col(CaseEventRow.case_id), col(CaseEventRow.seq)
            behind = (case_id > last[0]) | ((case_id == last[0]) & (seq > last[1]))
            wanted = select(CaseEventRow.case_id, CaseEventRow.seq).where(behind).order_by(case_id, seq).limit(batch)
            found = [(each, number) for each, number in self._all(wanted)]
            if not found:
                return
            yield found
            last = found[-1]

    def opening(self, digest: str) -> str | None:
        """The case that was opened under this key, by the key's digest."""
        row = self._get(OpeningRow, digest)
        return row.case_id if row else None

    def document(self, case_id: str, sha256: str) -> DocumentRow | None:
        """One document of a case, by the hex SHA-256 of its bytes. Raises Shut when it was erased."""
        row = self._get(DocumentRow, (case_id, sha256))
        return None if row is None else self._open_document(row)

    def documents(self, case_id: str) -> list[DocumentRow]:
        """All documents of a case, oldest first."""
        wanted = select(DocumentRow).where(col(DocumentRow.case_id) == case_id)
        ordered = wanted.order_by(col(DocumentRow.made_at), col(DocumentRow.sha256))
        return [self._open_document(row) for row in self._all(ordered)]

    def counter(self, name: str) -> int | None:
        """The last number given out under this name; None before the first (then Claim it, else Update it)."""
        row = self._one(_COUNTER, name=name)
        return None if row is None else int(row[0])

    def due_deadlines(self, now: datetime, limit: int = 100, skip: int = 0) -> list[DeadlineRow]:
        """Deadlines that have come, oldest first, without the first `skip`."""
        wanted = select(DeadlineRow).where(col(DeadlineRow.due_at) <= now)
        ordered = wanted.order_by(col(DeadlineRow.due_at), col(DeadlineRow.case_id), col(DeadlineRow.kind))
        return self._all(ordered.offset(skip).limit(limit))

    def deadlines(self, case_id: str) -> list[DeadlineRow]:
        """The deadlines that wait for a case, soonest first."""
        wanted = select(DeadlineRow).where(col(DeadlineRow.case_id) == case_id)
        return self._all(wanted.order_by(col(DeadlineRow.due_at), col(DeadlineRow.kind)))

    def pin_challenge(self, challenge: str) -> PinChallengeRow | None:
        """The PIN challenge with this id, also when it is used or past its time."""
        return self._get(PinChallengeRow, challenge)

    def held_secret(self, challenge: str) -> HeldSecretRow | None:
        """What is held for the certified signature of a challenge, also when its time is over."""
        return self._get(HeldSecretRow, challenge)

    def expired_secrets(self, now: datetime, limit: int = 100) -> list[str]:
        """The challenges of which something is held whose time is over, the oldest first."""
        wanted = select(HeldSecretRow.challenge).where(col(HeldSecretRow.expires_at) <= now)
        return self._all(wanted.order_by(col(HeldSecretRow.expires_at)).limit(limit))
