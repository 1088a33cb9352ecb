"""The office's file out of its cases, a portion at a time: which case was asked last is a part of each plan.

Cases are asked in the order of their ids, each as it stands then. One whose mapping raises is put aside and tried again
as a record of an agency's file is; after the last try it is left out, the case calls a person, and the file is made
without it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from gateway.casework.desk import Casework
from gateway.casework.history import case_of
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.agreement import ANY_SERVICE
from gateway.domain.errors import CaseRefusal, GatewayError, HubBusy
from gateway.domain.events import AttentionRaised
from gateway.exchange.batch.documents import FILE
from gateway.exchange.batch.hands import PORTION, Hand
from gateway.exchange.batch.moves import Moves, changed
from gateway.exchange.batch.office.beginning import Wanted
from gateway.exchange.batch.office.composing import form_under, record_of
from gateway.exchange.batch.office.ending import Stop
from gateway.exchange.batch.pieces import piece
from gateway.exchange.batch.portions import WAITS
from gateway.exchange.batch.reading import HELD_AT_ONCE, PORTION_BYTES, PREPARATIONS
from gateway.exchange.directory import Directory, Terms
from gateway.primitives.json_writer import JsonWriter
from gateway.store.batches import LEASE
from gateway.store.plan import Change, Conflict, Delete, Insert, Plan, Update, unmoved
from gateway.store.sealed_rows import sealed
from gateway.store.sealing import ERASED
from gateway.store.tables import BatchHeldRow, BatchLeftOutRow, BatchRow, CaseRow
from gateway.validation.library import SchemaLibrary
from gateway.validation.record_files import RecordForm

_writer = JsonWriter()
TRIES = 4
"""A case that cannot be mapped is tried so often, within 36 minutes; then the file goes without it."""

_log = structlog.get_logger("simojo.batches")


@dataclass(frozen=True, kw_only=True)
class _Stand:
    """What a plan stands on."""

    terms: Terms
    generation: int | None
    form: RecordForm
    at: datetime


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """A case that was asked: its record (None: it is not in the file), or why there is none yet (`cause`)."""

    case_id: str
    record: bytes | None = None
    cause: str = ""


class Making:
    """Makes files. For one thread at a time."""

    def __init__(
        self,
        *,
        directory: Directory,
        library: SchemaLibrary,
        casework: Casework,
        moves: Moves,
        clock: Callable[[], datetime],
    ) -> None:
        self._directory = directory
        self._library = library
        self._casework = casework
        self._reader = casework.reader
        self._moves = moves
        self._clock = clock

    def portion(self, hand: Hand) -> bool:
        """Ask the next cases and commit their records; False when all were asked. Raises Lost, HubBusy, Stop."""
        row = hand.row
        stand = self._stand(row)
        cases = self._next_cases(row, stand.terms)
        if not cases:
            return False
        asked = self._asked(stand, cases)
        text = b"".join(each.record for each in asked if each.record is not None)
        aside = [each for each in asked if each.cause]
        moved = {
            "cursor": asked[-1].case_id,
            "position": row.position + len(asked),
            "held": row.held + len(aside),
            "cause": None,
        }
        first = row.position + 1
        more = Plan.merge(
            self._put_aside(row, first + number, each, stand.at) for number, each in enumerate(asked) if each.cause
        )
        count = sum(each.record is not None for each in asked)
        outcome = self._moves.try_out(self._plan(stand, row, text, count, moved, more))
        if isinstance(outcome, Conflict):  # the registry has moved: the same cases are asked anew
            self._moves.reread(hand)
            return True
        for each in aside:
            _log.warning("batch-case-put-aside", batch=row.id, case=each.case_id)
        return True

    def try_held(self, hand: Hand) -> bool:
        """Try cases that were put aside and are due; whether there were any. Raises as `portion` does."""
        if not hand.row.held:
            return False
        held = self._reader.held_records(hand.row.id, HELD_AT_ONCE, self._clock())
        for each in held:
            self._try(hand, each)
        return bool(held)

    def whole(self, hand: Hand) -> Plan:
        """The end of the file's form, after its last record: of one that has any."""
        row = hand.row
        tail = self._stand(row).form.tail
        return piece(self._casework.vault, row, FILE, row.size, tail) if row.records and tail else Plan()

    def size_when_whole(self, hand: Hand) -> int:
        """The bytes of the file with that end."""
        row = hand.row
        return row.size + (len(self._stand(row).form.tail) if row.records else 0)

    # --- within -------------------------------------------------------------------------------------------------------

    def _stand(self, row: BatchRow) -> _Stand:
        """The terms that the file was begun under, if they still hold. Raises Unauthorised, Misconfigured."""
        entry = self._directory.current(row.agency)
        terms = self._directory.terms_of(row.agency, row.interaction, row.agreement, row.agreement_version, entry=entry)
        form = form_under(terms, row.format, self._library)
        return _Stand(terms=terms, generation=entry.generation, form=form, at=self._clock())

    def _next_cases(self, row: BatchRow, terms: Terms) -> list[CaseRow]:
        wanted = Wanted.of(row)
        services = wanted.services or terms.agreed.services
        named = None if ANY_SERVICE in services else services
        return self._reader.cases_in_order(row.cursor, wanted.opened(row.made_at), named, PORTION)

    def _asked(self, stand: _Stand, cases: Sequence[CaseRow]) -> list[_Asked]:
        """The first cases whose records can share a piece, one at least."""
        asked: list[_Asked] = []
        size = 0
        for each in cases:
            one = self._ask(stand, each)
            size += len(one.record or b"")
            if asked and size > PORTION_BYTES:
                break
            asked.append(one)
        return asked

    def _ask(self, stand: _Stand, row: CaseRow) -> _Asked:
        if row.body == ERASED:
            return _Asked(case_id=row.id)  # nothing is known of it any more, so nothing can be said
        try:
            record = record_of(stand.terms, case_of(row), stand.form, self._library)
        except HubBusy:
            raise
        except GatewayError as fault:
            return _Asked(case_id=row.id, cause=fault.text)
        except Exception as fault:  # noqa: BLE001 - one poisoned case must not stop the others, whatever it raises
            return _Asked(case_id=row.id, cause=f"a fault of the hub ({type(fault).__name__})")
        return _Asked(case_id=row.id, record=record)

    def _plan(
        self, stand: _Stand, row: BatchRow, text: bytes, count: int, moved: dict[str, object], more: Plan
    ) -> Plan:
        body = stand.form.head + text if text and not row.size else text
        size, most = row.size + len(body), stand.terms.agreed.max_size
        if size + len(stand.form.tail) > most:
            raise Stop(
                f"the file would have more than the {most} bytes that are agreed (max_size): cancel it, and send fewer "
                "services or a shorter period",
                code="file-too-large",
            )
        values = {**moved, "size": size, "records": row.records + count, "lease_until": stand.at + LEASE}
        expected = {"fence": row.fence, "state": row.state, "size": row.size, "cursor": row.cursor, "held": row.held}
        plan = Plan.of(unmoved(stand.generation)) + changed(self._casework.vault, row, expected, values) + more
        return plan + piece(self._casework.vault, row, FILE, row.size, body) if body else plan

    def _put_aside(self, row: BatchRow, number: int, asked: _Asked, at: datetime) -> Plan:
        body = _writer.write({"case": asked.case_id})
        said = {"batch": row.id, "number": number, "body": body, "tries": 1, "due_at": at + WAITS[0]}
        said["cause"] = asked.cause
        kept = sealed(self._casework.vault, BatchHeldRow, said, said, case_id=asked.case_id, at=row.made_at)
        return kept.plan + Plan.of(Insert(BatchHeldRow, kept.values))

    def _try(self, hand: Hand, held: BatchHeldRow) -> None:
        case_id = str(json.loads(held.body)["case"]) if held.body != ERASED else ""  # erased: no case has that id
        for _ in range(PREPARATIONS):
            stand = self._stand(hand.row)
            case = self._reader.case(case_id)
            asked = _Asked(case_id=case_id) if case is None else self._ask(stand, case)
            plan = self._tried(stand, hand.row, held, asked)
            outcome = self._moves.try_out(plan)
            self._moves.reread(hand)
            if not isinstance(outcome, Conflict):
                return
        raise HubBusy("other changes came first again and again", after_s=1)

    def _tried(self, stand: _Stand, row: BatchRow, held: BatchHeldRow, asked: _Asked) -> Plan:
        key, expected = {"batch": row.id, "number": held.number}, {"tries": held.tries}
        if asked.cause and held.tries < TRIES:
            values = {"tries": held.tries + 1, "due_at": stand.at + WAITS[held.tries], "cause": asked.cause}
            told = sealed(self._casework.vault, BatchHeldRow, key, values, case_id=asked.case_id, at=row.made_at)
            return told.plan + Plan.of(self._unchanged(row), Update(BatchHeldRow, key, expected, told.values))
        moved: dict[str, object] = {"held": row.held - 1}
        more = Plan.of(Delete(BatchHeldRow, key, expected))
        if asked.cause:
            moved["left_out"] = row.left_out + 1
            more += self._left_out(row, asked, stand.at)
        text = asked.record or b""
        return self._plan(stand, row, text, int(asked.record is not None), moved, more)

    def _unchanged(self, row: BatchRow) -> Change:
        return Update(BatchRow, {"id": row.id}, {"fence": row.fence, "state": row.state}, {})

    def _left_out(self, row: BatchRow, asked: _Asked, at: datetime) -> Plan:
        """For staff to see: in the account of the file, and at the case itself."""
        _log.error("batch-case-left-out", batch=row.id, case=asked.case_id)
        said = {"batch": row.id, "case_id": asked.case_id, "cause": asked.cause}
        kept = sealed(self._casework.vault, BatchLeftOutRow, said, said, case_id=asked.case_id, at=row.made_at)
        plan = kept.plan + Plan.of(Insert(BatchLeftOutRow, kept.values))
        occasion = Occasion(actor=f"agency/{row.agency}", occurred_at=at, entered_at=at, exchange=row.id)
        steps = CaseSteps(self._casework, occasion, bounded=False)
        text = f"tidak ada dalam berkas {row.name}: {asked.cause}"
        with suppress(CaseRefusal):
            steps.apply(asked.case_id, AttentionRaised(source=f"{row.agency}/{row.interaction}", text=text[:300]))
            plan += steps.plan()
        return plan
