"""Runs that were broken off are told so, and results whose time is over are forgotten.

A run whose process has died gives no sign any more. Its list lay in a temporary file and is gone with it, so nobody can
take the run up; whoever brought the list compares it again, and the same list gives the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from gateway.domain.calendar import JAKARTA
from gateway.operations.reconciling.pulse import BROKEN_OFF, LEASE
from gateway.store.plan import Conflict, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import ReconciliationPieceRow, ReconciliationRow
from gateway.store.unit_of_work import UnitOfWork

AGAIN = (
    "Terputus sebelum selesai, dan tidak mengatakan apa pun: bandingkan daftar yang sama sekali lagi. "
    "Broken off before its end, and says nothing: compare the same list again."
)
TOLD_FOR = timedelta(days=7)
"""So long health tells of one whose list was not compared again."""

_log = structlog.get_logger("simojo.reconciling")


class ReconciliationWatch:
    """Looks after runs. Any number of processes may do so at once."""

    def __init__(self, reader: Reader, unit_of_work: UnitOfWork, clock: Callable[[], datetime]) -> None:
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._clock = clock

    def run_once(self) -> bool:
        """Do what is due; never says that there is more. Raises HubBusy."""
        now = self._clock()
        for row in self._reader.silent_reconciliations(now - LEASE):
            # guarded by the last sign: a run that has given one since goes on
            guard = {"state": "running", "alive_at": row.alive_at}
            ended = {"state": BROKEN_OFF, "ended_at": now}
            outcome = self._unit_of_work.commit(Plan.of(Update(ReconciliationRow, {"id": row.id}, guard, ended)))
            if not isinstance(outcome, Conflict):
                _log.warning("reconciliation-broken-off", reconciliation=row.id, agency=row.agency)
        for each in self._reader.reconciliations_to_forget(now):
            self._unit_of_work.commit(Plan.of(Delete(ReconciliationPieceRow, {"reconciliation": each})))
        return False


def broken_off_warnings(reader: Reader, now: datetime) -> tuple[str, ...]:
    """A sentence for each run that was broken off of late, and whose list was not compared again."""
    return tuple(
        f"reconciliation {row.id} with {row.agency}, begun {row.made_at.astimezone(JAKARTA):%Y-%m-%d %H:%M} WIB by "
        f"{row.actor}, was broken off before its end: compare the same list again (SHA-256 {row.list_sha256[:16]}...)"
        for row in reader.broken_off_reconciliations(now - TOLD_FOR)
    )
