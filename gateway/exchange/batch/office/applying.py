"""The agency's result of the office's file: each line into cases once, as a record of an agency's file would be.

A line names a record of ours by its number (`number`). One that names none, or one that was named before, is invalid
and does nothing. Once all lines are read, each record that none named has failed (`no-result`): so every record of the
file has its line in the account.

Which records were named is a bit for each in memory: whoever takes the work over reads the result from its beginning
again, and passes over what is done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from gateway.contract.adapter import Accept, Batch, Decline
from gateway.contract.message import Json, Payload, Refusal
from gateway.exchange.batch.documents import ANSWER, RESULT, RESULTS
from gateway.exchange.batch.hands import Hand, buffered
from gateway.exchange.batch.pieces import Pieces, piece
from gateway.exchange.batch.reading import Reading
from gateway.exchange.batch.records import Heard, Records, reason_of
from gateway.exchange.batch.results import Outcome, canonical_row, result_form, rows_text
from gateway.exchange.batch.told import Told
from gateway.exchange.directory import Terms
from gateway.store.batches import LEASE
from gateway.validation.record_files import Place, ReadRecord, open_records
from gateway.validation.record_files.records import unfit

LACKING_AT_ONCE = 1000

_NO_RESULT = "the agency's result has no line for this record"


class Answers(Records):
    """Judges lines of a result."""

    def _document(self, declared: Batch) -> str:
        return declared.result

    def _row(self, terms: Terms, heard: Heard, outcome: Outcome, said: Accept | Decline | Refusal) -> Payload | None:  # noqa: ARG002 - as Records has it
        record = heard.record
        number = record.payload.get("number")
        if record.fault is not None or not isinstance(number, int):
            return None  # it names no record that could have a line in the account
        reason, text = reason_of(said)
        return canonical_row(number, heard.key, outcome, reason, text)


class AnswerReading(Reading):
    """Reads the result of the office's file, and tells what it lacks."""

    def tell_lacking(self, hand: Hand) -> bool:
        """Account for the next records that no line named, once all lines are read; False when there are none left.

        Raises Lost, HubBusy, Unauthorised.
        """
        assert hand.told is not None  # noqa: S101 - it was read to its end by this hand
        row = hand.row
        numbers = hand.told.lacking(row.lacking, LACKING_AT_ONCE)
        if not numbers:
            return False
        _, stand = self._stand(row)
        rows = [canonical_row(each, "", Outcome.FAILED, "no-result", _NO_RESULT) for each in numbers]
        text = rows_text(row.format, rows, stand.columns, first=row.result_size == 0)
        told = stand.guarded(
            lacking=numbers[-1],
            read=row.read + len(numbers),
            failed=row.failed + len(numbers),
            result_size=row.result_size + len(text),
            lease_until=stand.at + LEASE,
        )
        self._moves.try_out(told + piece(self._vault, row, RESULTS, row.result_size, text))
        self._moves.reread(hand)  # a conflict: somebody else has it, which this says
        return True

    def _opened(self, hand: Hand) -> Iterator[ReadRecord]:
        row = hand.row
        terms, _ = self._stand(row)
        form = result_form(row.format).name
        members = list(self._library.json(terms.agreed.result or "").schema.get("properties", {}))
        source = buffered(Pieces(self._reader, row.id, ANSWER, row.answer_size))
        hand.told = Told(row.records)
        return _named(open_records(form, source, Place(), members), hand.told, is_text=form == "csv")

    def _said_in(self, terms: Terms) -> str:  # noqa: ARG002 - as Reading has it
        return RESULT


def _named(records: Iterator[ReadRecord], told: Told, *, is_text: bool) -> Iterator[ReadRecord]:
    """The lines, those with a fault that name no record, or one that was named before."""
    for record in records:
        if record.fault is not None:
            told.note(None)
            yield record
            continue
        payload = _with_number(record.payload) if is_text else record.payload
        if told.note(payload.get("number")):
            yield replace(record, payload=payload)
        else:
            fault = unfit("number", "expected the number of a record of the file that no line before it names")
            yield replace(record, payload={}, fault=fault)


def _with_number(payload: Payload) -> Mapping[str, Json]:
    """A row of CSV, where all is text, with its number as one."""
    text = payload.get("number")
    is_number = isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) < 17
    return {**payload, "number": int(str(text))} if is_number else payload
