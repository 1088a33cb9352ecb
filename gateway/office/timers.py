"""What happens by itself when a period ends (Pasal 13, 14(4), 17(3), 17(4), 19; PP 28/2025)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from gateway.casework.desk import Casework
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.deadlines import DeadlineKind
from gateway.domain.errors import CaseRefusal, GatewayError
from gateway.domain.events import CaseEvent
from gateway.office.answers import ACTOR, AnswersOwed
from gateway.office.deeds import Deeds, Step
from gateway.store.due import handle_due
from gateway.store.plan import Delete, Plan
from gateway.store.tables import DeadlineRow

_log = structlog.get_logger("simojo.timers")


class Timers:
    """Looks at what is due and lets it happen. Two that run at once do no harm: the case's version decides."""

    def __init__(self, deeds: Deeds, casework: Casework, clock: Callable[[], datetime]) -> None:
        self._deeds = deeds
        self._casework = casework
        self._clock = clock
        self._answers = AnswersOwed(deeds, casework, clock)

    def run_once(self, limit: int = 100) -> int:
        """Handle what is due: of cases, of answers that agencies owe, of secrets held; gives how many were handled.

        One that cannot be (its case's history is broken, say) is logged and stays due; the others go on.
        """
        reader, now = self._casework.reader, self._clock()
        handled = handle_due(lambda skip: reader.due_deadlines(now, limit, skip), self._handled)
        return handled + self._answers.run_once(limit) + self._let_go(now, limit)

    def _let_go(self, now: datetime, limit: int) -> int:
        """Let go what officials gave for signatures that were not sent in time, or whose end nobody wrote down."""
        challenges = self._casework.reader.expired_secrets(now, limit)
        if challenges:
            self._deeds.finish(Plan(tuple(self._casework.vault.secrets.let_go(each) for each in challenges)))
        return len(challenges)

    def _handled(self, row: DeadlineRow) -> bool:
        try:
            self._handle(row)
        except GatewayError as fault:
            _log.error("deadline-not-handled", case=row.case_id, kind=row.kind, code=fault.code)
            return False
        return True

    def _handle(self, row: DeadlineRow) -> None:
        # this one alone: the fact that came first may have set a later one of the same kind
        past = Delete(DeadlineRow, {"case_id": row.case_id, "kind": row.kind, "due_at": row.due_at})

        def step(case: PermitCase, _at: datetime) -> Step:
            return Step(facts=[_fact(DeadlineKind(row.kind), case, row.due_at)])

        try:
            # the law's periods end on their day, however much waits for the agencies that are told of it
            self._deeds.do(row.case_id, ACTOR, step, bounded=False)
        except CaseRefusal:
            # the case moved on (a payment raced the cut-off): what was to happen no longer may
            self._deeds.finish(Plan.of(past))


def _fact(kind: DeadlineKind, case: PermitCase, due_at: datetime) -> CaseEvent:
    match kind:
        case DeadlineKind.SIGNATURE:
            if case.signature_asked is None:
                raise CaseRefusal("no certified signature is under way", code="step-not-allowed", clause="Pasal 13")
            text = "Layanan tanda tangan tersertifikasi tidak menjawab tepat waktu: tanda tangani lagi dengan PIN baru."
            return e.SignatureNotGiven(challenge=case.signature_asked.challenge, reason="no-answer", text=text)
        case DeadlineKind.PAYMENT_LAPSE:
            return e.ChargeLapsed(due_on=local_date(due_at))
        case DeadlineKind.SURVEY_WARNING:
            return e.SurveyWarned(count=case.survey_warnings + 1)
        case DeadlineKind.SUSPENSION:
            return e.ProcessSuspended()
        case DeadlineKind.POSITIVE_FICTION:
            return e.ApprovedByFiction(due_on=local_date(due_at))
        case DeadlineKind.SERVICE_REMINDER:
            text = f"Standar pelayanan {case.duration_days} hari kerja tinggal satu hari kerja."
            return e.AttentionRaised(source=kind.value, text=text)
        case DeadlineKind.SERVICE_STANDARD:
            text = f"Standar pelayanan {case.duration_days} hari kerja terlampaui pada {local_date(due_at)}."
            return e.AttentionRaised(source=kind.value, text=text)
