"""Answers that agencies owe us: a reminder one hari kerja before the agreed time ends, an escalation when it does (19).

A Request that an agency has acknowledged carries when its answer is due (`gateway.domain.deadlines.answer_due`), and
when to look at it next; so does what was laid down in a mailbox, for its agency to collect and acknowledge within the
agreed time. What is told is a fact of the case, which calls a person, and so a leaf of the ledger; the
instant to look at moves in the same plan, so that each is told once, by whichever process comes first, and also when
none was running at the instant itself. An answer that comes after the escalation is taken like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.casework.desk import Casework
from gateway.domain.calendar import local_date
from gateway.domain.errors import CaseRefusal, GatewayError
from gateway.domain.events import AttentionRaised
from gateway.office.deeds import Deeds
from gateway.store.conflicts import prepared_again
from gateway.store.due import handle_due
from gateway.store.plan import Plan, Update
from gateway.store.tables import DeliveryRow
from gateway.store.tables.outbox import IN_MAILBOX, OWED

ACTOR = "timer"

_log = structlog.get_logger("simojo.answers")


class AnswersOwed:
    """Looks at what is due. Two that run at once do no harm: the delivery's own row decides."""

    def __init__(self, deeds: Deeds, casework: Casework, clock: Callable[[], datetime]) -> None:
        self._deeds = deeds
        self._casework = casework
        self._clock = clock

    def run_once(self, limit: int = 100) -> int:
        """Tell what is due; gives how many deliveries were handled. One that cannot be is logged and stays due."""
        reader, now = self._casework.reader, self._clock()
        return handle_due(lambda skip: reader.due_reminders(now, limit, skip), self._handled)

    def _handled(self, row: DeliveryRow) -> bool:
        try:
            prepared_again(lambda: self._handle(row.id))
        except GatewayError as fault:
            _log.error("answer-not-called-for", delivery=row.id, case=row.case_id, code=fault.code)
            return False
        return True

    def _handle(self, delivery: str) -> None:
        row = self._casework.reader.delivery(delivery)
        now = self._clock()
        if row is None or row.state not in OWED or row.remind_at is None or row.remind_at > now:
            return  # answered, or told by another process
        ended = row.answer_due_at is None or row.answer_due_at <= now
        steps = self._deeds.steps(ACTOR, bounded=False)
        try:
            if not steps.case(row.case_id).ended:  # an answer about an ended case is waited for by nobody
                steps.apply(
                    row.case_id, AttentionRaised(source=f"{row.agency}/{row.interaction}", text=_told(row, ended=ended))
                )
        except CaseRefusal as refusal:
            _log.warning("answer-not-called-for", delivery=row.id, case=row.case_id, code=refusal.code)
            steps = self._deeds.steps(ACTOR, bounded=False)
        next_look = None if ended else row.answer_due_at
        guard = {"state": row.state, "remind_at": row.remind_at}
        self._deeds.finish(steps.plan() + Plan.of(Update(DeliveryRow, {"id": row.id}, guard, {"remind_at": next_look})))
        _log.warning(
            "answer-overdue" if ended else "answer-due-soon", delivery=row.id, agency=row.agency, case=row.case_id
        )


def _told(row: DeliveryRow, *, ended: bool) -> str:
    day = "" if row.answer_due_at is None else f" {local_date(row.answer_due_at)}"
    if row.state in IN_MAILBOX:
        lies = "sudah diambil tetapi belum dikonfirmasi" if row.state == "collected" else "masih di kotak surat"
        if ended:
            return f"Konfirmasi disepakati paling lambat{day}, pesan {lies}: hubungi instansi (pengiriman {row.id})."
        return f"Pesan {lies}, tinggal satu hari kerja sampai{day}: ingatkan instansi (pengiriman {row.id})."
    if ended:
        return f"Jawaban disepakati paling lambat{day} dan belum datang: hubungi instansi (pengiriman {row.id})."
    return f"Jawaban disepakati paling lambat{day}, tinggal satu hari kerja: ingatkan instansi (pengiriman {row.id})."
