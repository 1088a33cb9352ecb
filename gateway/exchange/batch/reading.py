"""Records of a claimed batch, from its bytes to committed portions; and those that were put aside, when due."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from gateway.casework.desk import Casework
from gateway.domain.errors import HubBusy
from gateway.exchange.batch.documents import FILE, BatchState
from gateway.exchange.batch.hands import PORTION, Hand, buffered
from gateway.exchange.batch.moves import Moves, Unwritable
from gateway.exchange.batch.pieces import Pieces
from gateway.exchange.batch.portions import GIVEN_UP, Stand, held_plan, read_plan
from gateway.exchange.batch.records import Judged, Records
from gateway.exchange.batch.results import Outcome, columns_of
from gateway.exchange.directory import Directory, Terms
from gateway.store.plan import Conflict, Plan
from gateway.store.sealing import ERASED
from gateway.store.tables import BatchHeldRow, BatchRow
from gateway.validation.json_parse import parse_json
from gateway.validation.library import SchemaLibrary
from gateway.validation.record_files import MAX_RECORD_BYTES, BrokenFile, Place, ReadRecord, open_records

FILL_S = 0.5
"""A portion is what was read in this time, if it is not full before."""

PORTION_BYTES = 512 * 1024
PREPARATIONS = 32
HELD_AT_ONCE = 50

_NOT_STORED = "the store does not take what the mapping made of it"
_log = structlog.get_logger("simojo.batches")


class Reading:
    """Reads, judges and commits. For one thread at a time. `seconds` is a clock that is never set."""

    def __init__(
        self,
        *,
        directory: Directory,
        library: SchemaLibrary,
        casework: Casework,
        records: Records,
        moves: Moves,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._library = library
        self._reader = casework.reader
        self._vault = casework.vault
        self._moves = moves
        self._clock = clock
        self._seconds = seconds
        self._records = records

    # --- what comes next in the file ----------------------------------------------------------------------------------

    def fill(self, hand: Hand) -> None:
        """Read on until a portion is there, or its time is over. What gets into no plan stays for the next one."""
        row = hand.row
        if hand.pending and hand.pending[0].number != row.read + 1:
            hand.let_go()  # a plan was kept, and nobody could tell
        if hand.records is None:
            hand.let_go()
            hand.records = self._opened(hand)
        ends_s = self._seconds() + FILL_S
        try:
            while len(hand.pending) < hand.portion and not (hand.is_over or hand.broken):
                record = next(hand.records, None)
                if record is None:
                    hand.is_over = True
                    return
                is_done = record.number <= row.read  # of a form that can only be read from its beginning
                if not is_done:
                    hand.pending.append(record)
                is_full = not is_done and record.ends_at - row.position > PORTION_BYTES
                if is_full or self._seconds() > ends_s:
                    return
        except BrokenFile as broken:
            hand.broken = broken.text

    def portion(self, hand: Hand) -> None:
        """Commit as many of the pending records as go together, one at least. Raises Lost, HubBusy, Unauthorised."""
        is_poison = False
        for _ in range(PREPARATIONS):
            terms, stand = self._stand(hand.row)
            judged = self._judge(terms, hand.row, list(hand.pending)[: hand.portion], stand.at)
            if is_poison:
                judged = [_put_aside(judged[0])]
            try:
                outcome = self._moves.try_out(read_plan(stand, judged))
            except Unwritable:  # found by going one by one
                is_poison, hand.portion = hand.portion == 1, 1
                continue
            if isinstance(outcome, Conflict):
                self._moves.reread(hand)
                if outcome.change.model is not BatchRow:
                    hand.portion = max(1, hand.portion // 2)
                continue
            for each in judged:
                hand.pending.popleft()
                _tell(hand.row, each)
            hand.portion = min(PORTION, 2 * hand.portion)
            return
        raise HubBusy("other changes came first again and again", after_s=1)

    # --- what was put aside -------------------------------------------------------------------------------------------

    def try_held(self, hand: Hand) -> bool:
        """Try records that were put aside and are due; whether there were any. Of a cancelled batch they are given up.

        Raises as `portion` does.
        """
        row = hand.row
        if not row.held:
            return False
        gives_up = row.ends_as == BatchState.CANCELLED
        held = self._reader.held_records(row.id, HELD_AT_ONCE, None if gives_up else self._clock())
        for each in held:
            self._try(hand, each, gives_up=gives_up)
        return bool(held)

    def _try(self, hand: Hand, held: BatchHeldRow, *, gives_up: bool) -> None:
        # one that was erased since is a record without anything, which its schema refuses
        payload = parse_json(held.body.encode(), max_bytes=2 * MAX_RECORD_BYTES) if held.body != ERASED else {}
        record = ReadRecord(number=held.number, ends_at=0, payload=payload if isinstance(payload, dict) else {})
        is_poison = False
        for _ in range(PREPARATIONS):
            terms, stand = self._stand(hand.row)
            if gives_up:
                judged = self._records.failed(terms, record, "the batch was cancelled", code="cancelled")
            elif held.tries == GIVEN_UP:
                judged = self._records.failed(terms, record, held.cause)
            else:
                judged = self._records.judge(terms, hand.row, record, stand.at)
                judged = _put_aside(judged) if is_poison else judged
            try:
                outcome = self._moves.try_out(held_plan(stand, [(held, judged)]))
            except Unwritable:
                is_poison = True
                continue
            self._moves.reread(hand)
            if not isinstance(outcome, Conflict):
                _tell(hand.row, judged)
                return
        raise HubBusy("other changes came first again and again", after_s=1)

    # --- within -------------------------------------------------------------------------------------------------------

    def _opened(self, hand: Hand) -> Iterator[ReadRecord]:
        """The records that are not in a plan yet; of a form that is read from its beginning, those before them too."""
        row = hand.row
        terms, _ = self._stand(row)
        document = self._library.json(terms.interaction.request)
        source = buffered(Pieces(self._reader, row.id, FILE, row.size))
        members = list(document.schema.get("properties", {}))
        return open_records(row.format, source, Place(row.read, row.position), members)

    def _stand(self, row: BatchRow) -> tuple[Terms, Stand]:
        """The terms that the batch was announced under, if they still hold. Raises Unauthorised, Misconfigured."""
        entry = self._directory.current(row.agency)
        terms = self._directory.terms_of(row.agency, row.interaction, row.agreement, row.agreement_version, entry=entry)
        columns = columns_of(self._library.json(self._said_in(terms)).schema)
        return terms, Stand(
            batch=row, vault=self._vault, generation=entry.generation, at=self._clock(), columns=columns
        )

    def _said_in(self, terms: Terms) -> str:
        """The document of what the hub says of each record."""
        return terms.agreed.result or ""

    def _judge(self, terms: Terms, row: BatchRow, records: Sequence[ReadRecord], at: datetime) -> list[Judged]:
        """The first records that can share a plan, one at least. Raises HubBusy."""
        judged: list[Judged] = []
        touched: set[Hashable] = set()
        for record in records:
            try:
                one = self._records.judge(terms, row, record, at)
            except HubBusy:
                if not judged:
                    raise
                break
            if one.meets(touched):
                break
            touched |= one.touched
            judged.append(one)
        return judged


def _put_aside(judged: Judged) -> Judged:
    return replace(judged, outcome=None, row=None, plan=Plan(), cause=_NOT_STORED)


def _tell(row: BatchRow, judged: Judged) -> None:
    number = judged.record.number
    if judged.outcome is None:
        _log.warning("batch-record-put-aside", batch=row.id, number=number)
    elif judged.outcome is Outcome.FAILED:
        _log.error("batch-record-failed", batch=row.id, number=number)
