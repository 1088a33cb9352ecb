"""What officers do to a case, from registration to hand-over (Pasal 11(3)).

Each deed reads the case, asks the domain, and commits one plan: facts, papers, numbers and everything that follows
from the facts. A deed that loses a race is prepared again; one that the case does not allow raises CaseRefusal and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.casework.desk import Casework
from gateway.casework.documents import ACKNOWLEDGEMENT, SKRD, keep
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import Ask, CaseEvent
from gateway.domain.ikm import Answers
from gateway.domain.numbering import format_number
from gateway.office.counters import next_number
from gateway.office.papers.acknowledgement import tanda_terima_pdf
from gateway.office.papers.fees import charge as fee_of
from gateway.office.papers.fees import virtual_account
from gateway.office.papers.skrd import skrd_pdf
from gateway.office.staff import Officer
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Plan
from gateway.store.unit_of_work import UnitOfWork

RECEIPT_TEMPLATE = "{NNNNNN}/TT/{YYYY}"
SKRD_TEMPLATE = "{NNNN}/SKRD/{ROMAN-MONTH}/{YYYY}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a deed does: facts for the case, Asks that no fact gives rise to, and changes of its own, in one commit."""

    facts: Sequence[CaseEvent]
    changes: Sequence[Change] = ()
    asks: Sequence[Ask] = ()


class Deeds:
    """The deeds that need no paper and no PIN; `gateway.office.signing` has the others."""

    def __init__(
        self,
        *,
        casework: Casework,
        unit_of_work: UnitOfWork,
        clock: Callable[[], datetime],
        deliveries_made: Callable[[], None],
        partner_service_id: str,
        signatory: Callable[[], Officer],
    ) -> None:
        self._casework = casework
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._deliveries_made = deliveries_made
        self._partner_service_id = partner_service_id
        self._signatory = signatory

    def register(self, event: e.ApplicationRegistered, officer: Officer, key: e.Reference | None = None) -> PermitCase:
        """Lodge an application at the counter or from paper (12(6), 26(4)). Gives the new case.

        Raises CaseRefusal `already-registered` when `key` has opened a case before.
        """

        def prepare() -> PermitCase:
            steps = self.steps(officer.actor)
            case = steps.open(event, key)
            if case is None:
                known = self._casework.opened_by(key) if key else None
                raise CaseRefusal(
                    f"an application was registered under this reference before, as case {known}: go on with that one, "
                    "or correct the number",
                    code="already-registered",
                    clause="Pasal 12(1)",
                )
            self.finish(steps.plan())
            return case

        return prepared_again(prepare)

    def complete(self, case_id: str, officer: Officer) -> PermitCase:
        """Give the tanda terima (12(4)): the application is complete and the service clock starts."""

        def step(case: PermitCase, at: datetime) -> Step:
            number, taken = self._numbered(RECEIPT_TEMPLATE, "tt", at)
            fact = e.ApplicationCompleted(acknowledgement_number=number)
            paper = tanda_terima_pdf(case.apply(fact, at))
            return Step(
                facts=[fact], changes=[taken, keep(self._casework.vault.case_seal(case.id), ACKNOWLEDGEMENT, paper, at)]
            )

        return self.do(case_id, officer.actor, step)

    def enter_area(self, case_id: str, officer: Officer, area_m2: int) -> PermitCase:
        """Enter the built area from the drawings: OSS does not give it, and the tariff and DPUPR need it (12(1))."""

        def step(case: PermitCase, _at: datetime) -> Step:
            return Step(facts=[e.ApplicationCorrected(site=replace(case.site, area_m2=area_m2))])

        return self.do(case_id, officer.actor, step)

    def return_(self, case_id: str, officer: Officer, missing: Sequence[str]) -> PermitCase:
        """Send the application back with what is missing (11(3)b)."""
        fact = e.AdministrationReturned(officer=officer.name, missing=tuple(missing))
        return self.record(case_id, officer.actor, fact)

    def verify(self, case_id: str, officer: Officer) -> PermitCase:
        """Verifikasi administrasi (11(3)b)."""
        return self.record(case_id, officer.actor, e.AdministrationVerified(officer=officer.name))

    def validate(self, case_id: str, officer: Officer) -> PermitCase:
        """Validasi administrasi by a second officer (11(3)c); recommendations are asked for."""
        return self.record(case_id, officer.actor, e.AdministrationValidated(officer=officer.name))

    def reject(self, case_id: str, officer: Officer, grounds: Sequence[str]) -> PermitCase:
        """Penetapan penolakan (11(3)e) with the grounds that the applicant is told."""
        fact = e.ApplicationRejected(officer=officer.name, grounds=tuple(grounds))
        return self.record(case_id, officer.actor, fact)

    def charge(self, case_id: str, officer: Officer) -> PermitCase:
        """Issue the SKRD by the office's tariff, with a virtual account of its own (14(2), 14(6))."""

        def step(case: PermitCase, at: datetime) -> Step:
            number, taken = self._numbered(SKRD_TEMPLATE, "skrd", at)
            sequence, account_taken = next_number(self._casework.reader, "virtual-account")
            signatory = self._signatory()
            skrd = fee_of(
                case,
                number=number,
                issued_on=local_date(at),
                payment_code=virtual_account(self._partner_service_id, sequence),
                signatory=signatory,
            )
            paper = skrd_pdf(skrd, signatory_title=signatory.title, service_name=case.service_name)
            changes = [taken, account_taken, keep(self._casework.vault.case_seal(case.id), SKRD, paper, at)]
            return Step(facts=[e.ChargeIssued(skrd=skrd)], changes=changes)

        return self.do(case_id, officer.actor, step)

    def print_(self, case_id: str, officer: Officer, paper: str, serial: str) -> PermitCase:
        """Pencetakan on the special paper (16)."""
        return self.record(case_id, officer.actor, e.DocumentPrinted(paper=paper, serial=serial, officer=officer.name))

    def survey(self, case_id: str, actor: str, answers: Answers, comment: str = "") -> PermitCase:
        """Pengisian IKM (17(2))."""
        return self.record(case_id, actor, e.SurveyCompleted(answers=answers, comment=comment))

    def choose_hand_over(self, case_id: str, officer: Officer, method: e.HandOver, address: str = "") -> PermitCase:
        """Enter how the applicant wants the document handed over (18(1)); a ready one is given to a courier at once."""
        return self.record(case_id, officer.actor, e.HandOverChosen(method=method, address=address))

    def hand_over(self, case_id: str, officer: Officer, method: e.HandOver, recipient: str, proof: str) -> PermitCase:
        """Penyerahan (18)."""
        return self.record(
            case_id, officer.actor, e.DocumentHandedOver(method=method, recipient=recipient, proof=proof)
        )

    def record(self, case_id: str, actor: str, *facts: CaseEvent) -> PermitCase:
        """Let facts happen to a case, now."""
        return self.do(case_id, actor, lambda _case, _at: Step(facts=facts))

    # --- shared with the other deeds ------------------------------------------------------------------------------

    def do(
        self, case_id: str, actor: str, make: Callable[[PermitCase, datetime], Step], *, bounded: bool = True
    ) -> PermitCase:
        """Read, make, apply and commit; again when the case moved meanwhile. Gives the case as it stands then.

        `bounded` False: it is done however much waits for the agencies that it makes us tell.
        """

        def prepare() -> PermitCase:
            steps = self.steps(actor, bounded=bounded)
            at = self._clock()
            step = make(steps.case(case_id), at)
            case = steps.case(case_id)
            for fact in step.facts:
                case = steps.apply(case_id, fact)
            for ask in step.asks:
                if steps.ask(case_id, ask) is None:
                    raise CaseRefusal(
                        f"no active agreement serves {type(ask).__name__} any more: do it again",
                        code="no-route",
                        clause="Pasal 21(2)",
                    )
            self.finish(steps.plan() + Plan(tuple(step.changes)))
            return case

        return prepared_again(prepare)

    def steps(self, actor: str, *, bounded: bool = True) -> CaseSteps:
        """Begin a set of steps, now; `bounded` as for `do`."""
        now = self._clock()
        return CaseSteps(self._casework, Occasion(actor=actor, occurred_at=now, entered_at=now), bounded=bounded)

    def finish(self, plan: Plan) -> None:
        """Commit, and tell the delivery workers that there may be work."""
        commit(self._unit_of_work, plan)
        self._deliveries_made()

    def _numbered(self, template: str, name: str, at: datetime) -> tuple[str, Change]:
        day = local_date(at)
        sequence, taken = next_number(self._casework.reader, f"{name}/{day.year}")
        return format_number(template, sequence, name, day), taken
