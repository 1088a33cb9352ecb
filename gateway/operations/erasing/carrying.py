"""An erasure carried out, from wherever it was broken off, and the journal held against the store.

`recover` is for who opens a store, before anybody else does anything with it: a copy that is older than an erasure
knows nothing of it, and the journal does. `run_once` is for processes that live on: what another process has
destroyed is forgotten here too, and what nobody has finished is finished.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

import structlog
from sqlalchemy import Engine

from gateway.casework.leaves import Leaves
from gateway.casework.names import person_of
from gateway.domain.errors import Refused
from gateway.operations.erased import Cause, erased_leaf, erased_scope
from gateway.operations.erasing.destroying import DESTROYED, completion, destruction
from gateway.operations.erasing.journal import Entry, Journal
from gateway.operations.erasing.knowing import Told, blank_known, silent
from gateway.operations.erasing.losing import accept, lost, refuse_lost
from gateway.operations.erasing.obstacles import obstacles, read_case, refuse
from gateway.operations.erasing.sweeping import sweep
from gateway.operations.erasing.watching import erasure_warnings
from gateway.store.compacting import LARGE, compact, file_size
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import DossierRow, ErasedFileRow, ErasureRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

PROPOSED, APPROVED, DONE = "proposed", "approved", "done"
CASE = "case/"
AT_ONCE = 500
"""Lines of the journal that are held against the store at a time."""

_log = structlog.get_logger("simojo.erasing")


@dataclass(kw_only=True)
class Carrying:
    """Carries erasures out. Safe to be used by several processes on one store: every step may be done twice."""

    engine: Engine
    reader: Reader
    vault: Vault
    unit_of_work: UnitOfWork
    leaves: Leaves
    journal: Journal
    clock: Callable[[], datetime]
    _known: int = field(default=-1, init=False)
    _written: int = field(default=-1, init=False)
    _told: set[str] = field(default_factory=set, init=False)

    def recover(self, *, accept_loss_by: str | None = None) -> None:
        """Hold the journal against the store, and finish what was begun.

        Raises Misconfigured `erasure-journal`, and `erasure-journal-damaged` for lines that cannot be read, unless a
        member of staff accepts their loss (`accept_loss_by`, whose id may be `staff-unknown`, a Refused).
        """
        damaged = lost(self.journal, self._unwritten())
        if damaged and accept_loss_by is not None:
            accept(self.reader, self.unit_of_work, self.leaves, self.journal, damaged, accept_loss_by, self.clock())
        else:
            refuse_lost(self.journal, damaged)
        self._replay()
        self._write_missing()
        self.run_once()

    def run_once(self) -> bool:
        """Forget what was destroyed elsewhere, write it into this machine's journal, finish what is left."""
        count = self.reader.erased_count()
        if count != self._known:
            self.vault.forget()
            self._known = count
        if count != self._written:
            self._write_missing()
            self._written = count
        for row in self.reader.erasures_under_way():
            try:
                self.finish(row.id)
            except Refused as obstacle:
                _log.warning("erasure-proposed-again", erasure=row.id, code=obstacle.code)
        late = set(erasure_warnings(self.reader, self.clock()))
        for sentence in sorted(late - self._told):
            _log.warning("erasure-late", trouble=sentence)
        self._told = late
        return False

    def finish(self, erasure: str, *, even_large: bool = False, told: Told = silent) -> str:
        """Carry an approved erasure out, from wherever it stands; gives its state. Steps 2 to 5 of this package.

        Before the line in the journal an obstacle takes it back to `proposed`, and is raised as Refused. A
        large file of SQLite is left to `simojo erasure compact`, which says `even_large`. `told` hears of files of
        records that are looked through, the long part.
        """
        row = self._row(erasure)
        if row.state == APPROVED:
            self._destroy(self._entered(row), told)
            row = self._row(erasure)
        if row.state != DESTROYED:
            return row.state
        if row.swept_at is None:
            more = completion(self.reader, self.leaves, self.cases(row.dossier), row.decided_by or "", self.clock())
            if more.changes:
                commit(self.unit_of_work, more)
            for case_id in self.cases(row.dossier):
                sweep(self.reader, self._noted(row.decided_by or ""), self.unit_of_work.commit, case_id)
            self._becomes(row, {"swept_at": self.clock()})
        if (even_large or file_size(self.engine) <= LARGE) and compact(self.engine):
            self._becomes(row, {"state": DONE, "done_at": self.clock()})
            _log.info("erasure-done", erasure=erasure)
            return DONE
        return row.state

    def cases(self, dossier: str) -> list[str]:
        """The ids of the cases under a dossier, also when their keys are gone."""
        return [each.removeprefix(CASE) for each in self.reader.keys_under(dossier) if each.startswith(CASE)]

    # --- the journal --------------------------------------------------------------------------------------------------

    def _entered(self, row: ErasureRow) -> Entry:
        """The line of an approved erasure, written now where it is not there yet."""
        entry = next((each for each in self.journal.entries() if each.id == row.id), None)
        if entry is None:
            cases = self.cases(row.dossier)
            found = list(obstacles(self.reader, cases, permit_is_answered=row.permit_reason is not None))
            if found:
                self._take_back(row, cases)
                refuse(iter(found))
            entry = self._entry(row, cases)
            self._append(entry)
        return entry

    def _entry(self, row: ErasureRow, cases: list[str]) -> Entry:
        decided = row.decided_at or row.proposed_at
        return Entry(
            id=row.id,
            at=decided.astimezone(UTC).isoformat(timespec="seconds"),
            dossier=row.dossier,
            cases=tuple(cases),
            basis=row.basis,
            by=(row.proposed_by, row.decided_by or ""),
        )

    def _take_back(self, row: ErasureRow, cases: list[str]) -> None:
        """An erasure that something came in the way of is proposed again, and its dossier is found by its person."""
        again = {"state": PROPOSED, "decided_by": None, "decided_at": None}
        changes: list[Change] = [Update(ErasureRow, {"id": row.id}, {"state": APPROVED}, again)]
        stored = [read_case(found.body) for each in cases if (found := self.reader.case(each)) is not None]
        digests = {self.vault.dossier_digest(person_of(case.applicant)) for case in stored if case is not None}
        for digest in sorted(digests):
            if self.reader.dossier(digest) is None and self.reader.dossier_digest(row.dossier) is None:
                changes.append(Claim(DossierRow, ("digest",), {"digest": digest, "scope": row.dossier}))
                break
        commit(self.unit_of_work, Plan(tuple(changes)))

    def _replay(self) -> None:
        """Destroy what the journal says was destroyed and is not: in a copy that is older, or after a crash."""
        written = self.journal.entries()
        while entries := list(islice(written, AT_ONCE)):
            done = {row.id for row in self.reader.erasures_destroyed()}
            scopes = [scope for each in entries for scope in (each.dossier, *(f"{CASE}{name}" for name in each.cases))]
            alive = {scope for scope, wrapped in self.reader.wrapped(scopes).items() if wrapped}
            for entry in entries:
                is_alive = not alive.isdisjoint((entry.dossier, *(f"{CASE}{name}" for name in entry.cases)))
                if (is_alive or entry.id not in done) and self._destroy(entry):
                    _log.warning("erasure-replayed", erasure=entry.id, cases=len(entry.cases))

    def _write_missing(self) -> None:
        """Write into this machine's journal what another machine destroyed, or this one before its file was lost."""
        written: set[str] | None = None
        for row in self.reader.erasures_destroyed():
            written = self.journal.ids() if written is None else written
            if row.id not in written:
                self._append(self._entry(row, self.cases(row.dossier)))

    def _append(self, entry: Entry) -> None:
        refuse_lost(self.journal, lost(self.journal, self._unwritten()))
        self.journal.append(entry)

    def _unwritten(self) -> Iterator[Entry]:
        """The erasures of the store that are to stand in the journal, and do not."""
        written = self.journal.ids()
        for row in (*self.reader.erasures_under_way(), *self.reader.erasures_destroyed()):
            if row.id not in written:
                yield self._entry(row, self.cases(row.dossier))

    # --- the store ----------------------------------------------------------------------------------------------------

    def _destroy(self, entry: Entry, told: Told = silent) -> bool:
        def prepare() -> bool:
            plan = destruction(self.reader, self.leaves, entry, self.clock())
            if plan is None:
                return False
            commit(self.unit_of_work, plan)
            return True

        noted = self._noted(entry.by[1])
        blank_known(self.reader, self.vault, noted, self.unit_of_work.commit, entry.cases, told)
        has_destroyed = prepared_again(prepare)
        self.vault.forget()
        return has_destroyed

    def _noted(self, actor: str) -> Callable[[str, str], None]:
        """Tells in the ledger that the bytes of a file (its id) are ended for a case, before the first one is."""

        def note(batch: str, case_id: str) -> None:
            if erased_scope(self.reader, f"file/{batch}") is None:
                told = Claim(ErasedFileRow, ("batch",), {"batch": batch, "case_id": case_id})
                known = () if self.reader.erased_file(batch) is not None else (told,)
                leaf = erased_leaf(self.leaves, Cause.REQUEST, f"file/{batch}", self.clock(), actor=f"staff/{actor}")
                commit(self.unit_of_work, Plan(known) + leaf.plan)

        return note

    def _row(self, erasure: str) -> ErasureRow:
        row = self.reader.erasure(erasure)
        assert row is not None  # noqa: S101 - who calls has read it, and no row of these goes
        return row

    def _becomes(self, row: ErasureRow, values: dict[str, object]) -> None:
        self.unit_of_work.commit(Plan.of(Update(ErasureRow, {"id": row.id}, {"state": row.state}, values)))
