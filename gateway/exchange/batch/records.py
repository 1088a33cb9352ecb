"""What one record does: validated, minimised, mapped, and applied to cases, as a message of its own would be.

What it stands on and what it changes is told with it: two records of one portion that meet in a case or in a reference
are not prepared together, since the later one would not see what the earlier one did.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from gateway.casework.desk import Casework
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Accept, Batch, Decline
from gateway.contract.message import Payload, Refusal
from gateway.domain.errors import GatewayError, HubBusy, MappingFault, Refused, SchemaViolation, Violation
from gateway.exchange.batch.expected import naming, naming_of
from gateway.exchange.batch.results import Outcome, canonical_row
from gateway.exchange.directory import Terms
from gateway.exchange.effects import apply_effect, find_agreed
from gateway.exchange.mapping import Mapping
from gateway.exchange.refusing import in_indonesian
from gateway.store.plan import Claim, Insert, Plan, Update
from gateway.store.tables import BatchNamedRow, BatchRow, CaseReferenceRow, CaseRow, OpeningRow
from gateway.validation.library import SchemaLibrary
from gateway.validation.minimise import excess
from gateway.validation.record_files import ReadRecord

_REFERRING = (CaseReferenceRow, OpeningRow)
"""Rows that make a case found by a reference, or keep a second one from being opened."""

SHOWN = 3
"""So many violations are named in a result."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A record and what became of it; `outcome` None: it is put aside because of `cause`.

    `row` is its result. `looked` and `touched` are the cases and references that it read and that it changes.
    """

    record: ReadRecord
    outcome: Outcome | None
    row: Payload | None = None
    plan: Plan = field(default_factory=Plan)
    looked: frozenset[Hashable] = frozenset()
    touched: frozenset[Hashable] = frozenset()
    cause: str = ""

    @property
    def about(self) -> str | None:
        """The one case that it names; None when it names none, or several."""
        cases = {str(each[1]) for each in self.looked if isinstance(each, tuple) and each[0] == "case"}
        return cases.pop() if len(cases) == 1 else None

    def meets(self, touched: set[Hashable]) -> bool:
        """Whether it stands on something that is changed there, or changes it too."""
        return not (touched.isdisjoint(self.looked) and touched.isdisjoint(self.touched))


@dataclass
class Heard:
    """A record under work: the key by which a result names it, and what it looked up."""

    record: ReadRecord
    key: str = ""
    looked: set[Hashable] = field(default_factory=set)


class Records:
    """Judges records. One for the process; safe to use from many threads."""

    def __init__(self, casework: Casework, library: SchemaLibrary) -> None:
        self._casework = casework
        self._library = library

    def judge(self, terms: Terms, batch: BatchRow, record: ReadRecord, at: datetime) -> Judged:
        """Say what a record does. Reads only. Raises HubBusy; whatever else is wrong puts the record aside."""
        heard = Heard(record)
        try:
            return self._judged(terms, batch, heard, at)
        except HubBusy:
            raise
        except GatewayError as fault:  # a mapping that raised, a case that cannot be read
            return self._aside(heard, fault.text)
        except Exception as fault:  # noqa: BLE001 - one poisoned record must not stop the others, whatever it raises
            return self._aside(heard, f"a fault of the hub ({type(fault).__name__})")

    def failed(self, terms: Terms, record: ReadRecord, cause: str, *, code: str = "mapping-fault") -> Judged:
        """The end of a record that could not be mapped, as staff decided."""
        said = Refusal(code=code, text=cause)
        try:
            row = self._row(terms, Heard(record), Outcome.FAILED, said)
        except GatewayError:  # it is the result that cannot be mapped
            row = canonical_row(record.number, "", Outcome.FAILED, code, cause)
        return Judged(record=record, outcome=Outcome.FAILED, row=row)

    def _judged(self, terms: Terms, batch: BatchRow, heard: Heard, at: datetime) -> Judged:
        try:
            return self._taken(terms, batch, heard, at)
        except SchemaViolation as violation:
            outcome = Outcome.INVALID
            said = Refusal(
                code=violation.code, text=in_indonesian(violation, _shown(violation)), violations=violation.violations
            )
        except Refused as refusal:  # the case does not allow it, or the agreement does not cover it
            outcome = Outcome.DECLINED
            said = Refusal(code=refusal.code, text=in_indonesian(refusal, refusal.text), clause=refusal.clause)
        return self._told(terms, heard, outcome, said)

    def _taken(self, terms: Terms, batch: BatchRow, heard: Heard, at: datetime) -> Judged:
        declared, payload = _batch(terms), heard.record.payload
        self._check(terms, declared, heard.record)
        with Mapping(terms.name):
            references = declared.about(payload)
        digests = {each: self._casework.references.digest(each) for each in references}
        heard.key = references[0].value if references else ""
        heard.looked |= {("reference", digest) for digest in digests.values()}
        found = find_agreed(terms, self._casework, references)
        cases = {case.id for cases in found.values() for case in cases}
        heard.looked |= {("case", each) for each in cases}
        with Mapping(terms.name):
            said = declared.to_cases(payload, found)
        if isinstance(said, Decline):
            return self._told(terms, heard, Outcome.DECLINED, said)
        steps = CaseSteps(
            self._casework,
            Occasion(
                actor=f"agency/{batch.agency}",
                occurred_at=at,
                entered_at=at,
                exchange=batch.id,
                record=heard.record.number,
            ),
        )
        for effect in said.effects:
            apply_effect(terms, steps, effect)
        plan = steps.plan()
        if declared.expects is not None:
            with Mapping(terms.name):
                named = {case.id for each in found.values() for case in each if declared.expects.names(payload, case)}
            heard.looked |= {naming_of(each) for each in named}
            plan += naming(self._casework.reader, batch, named)
        return self._told(terms, heard, Outcome.ACCEPTED, said, plan)

    def _check(self, terms: Terms, declared: Batch, record: ReadRecord) -> None:
        document = self._library.json(self._document(declared))
        if record.fault is not None:
            raise SchemaViolation("this is no record", code=record.fault.rule, violations=(record.fault,))
        if violations := document.check(record.payload):
            raise SchemaViolation(f"it breaks {document.id}", violations=violations)
        if beyond := excess(document, record.payload, terms.agreed.personal.fields):
            raise SchemaViolation("personal data beyond the agreement", code="personal-data-excess", violations=beyond)

    def _document(self, declared: Batch) -> str:
        """The schema of a record."""
        return declared.request

    def _told(
        self,
        terms: Terms,
        heard: Heard,
        outcome: Outcome,
        said: Accept | Decline | Refusal,
        plan: Plan | None = None,
    ) -> Judged:
        plan = plan or Plan()
        return Judged(
            record=heard.record,
            outcome=outcome,
            row=self._row(terms, heard, outcome, said),
            plan=plan,
            looked=frozenset(heard.looked),
            touched=frozenset(_touched(plan)),
        )

    def _row(self, terms: Terms, heard: Heard, outcome: Outcome, said: Accept | Decline | Refusal) -> Payload | None:
        """What is said of the record; None for nothing."""
        declared, number = _batch(terms), heard.record.number
        if declared.result_of is None:
            reason, text = reason_of(said)
            row = canonical_row(number, heard.key, outcome, reason, text)
        else:
            with Mapping(terms.name):
                row = {**declared.result_of(heard.record.payload, said), "number": number}
        if violations := self._library.json(declared.result).check(row):
            raise MappingFault(
                f"the result of the record breaks {declared.result} at {violations[0].path or '/'}", clause="adapter"
            )
        if beyond := excess(self._library.json(declared.result), row, terms.agreed.personal.fields):
            raise MappingFault(
                f"the result of the record has personal data beyond the agreement: {beyond[0].path}",
                code="own-personal-data-excess",
                clause=f"{terms.reference} personal_data",
            )
        return row

    def _aside(self, heard: Heard, cause: str) -> Judged:
        return Judged(record=heard.record, outcome=None, cause=cause, looked=frozenset(heard.looked))


def _batch(terms: Terms) -> Batch:
    if not isinstance(terms.interaction, Batch):
        raise MappingFault(f"{terms.name} is no batch any more", clause="adapter")
    return terms.interaction


def reason_of(said: Accept | Decline | Refusal) -> tuple[str, str]:
    """The reason and the sentence of an outcome; empty where it was accepted."""
    match said:
        case Decline(reason=reason, text=text):
            return reason.value, text
        case Refusal(code=code, text=text):
            return code, text
        case _:
            return "", ""


def _shown(refusal: SchemaViolation) -> str:
    """The first violations, each with its place."""
    said = [_violation(each) for each in refusal.violations[:SHOWN]]
    more = len(refusal.violations) - len(said)
    return "; ".join(said) + (f"; and {more} more" if more else "")


def _violation(violation: Violation) -> str:
    return f"{violation.path}: {violation.text}" if violation.path else violation.text


def _touched(plan: Plan) -> Iterator[Hashable]:
    for change in plan.changes:
        match change:
            case Update(model=model, key=key) if model is CaseRow:
                yield ("case", key["id"])
            case Claim(model=model, values=values) if model is CaseRow:
                yield ("case", values["id"])
            case Update(model=model, key=values) | Claim(model=model, values=values) if model is BatchNamedRow:
                yield naming_of(values["case_id"])
            case Claim(model=model, values=values) | Insert(model=model, values=values) if model in _REFERRING:
                yield ("reference", values["digest"])
