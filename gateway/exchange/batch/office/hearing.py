"""What the agency says of the office's file: its signed report, which is evidence, and the result that it names.

A result is kept as it comes, a piece at a time, and asked for from the first byte that is not here (RFC 9110, 14.2). An
agency that does not serve ranges gives all of it again, and what is here is passed over. It counts once its SHA-256 is
that of the signed report.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from gateway.casework.desk import Casework
from gateway.casework.names import agency_report
from gateway.domain.errors import AgencyUnavailable, LedgerBroken, Malformed
from gateway.exchange.batch.documents import ANSWER, PIECE_BYTES, BatchState
from gateway.exchange.batch.hands import Hand
from gateway.exchange.batch.moves import Moves
from gateway.exchange.batch.office.announcing import evidence
from gateway.exchange.batch.office.calls import AgencyReport, Calls, nonsense_of
from gateway.exchange.batch.office.ending import Stop
from gateway.exchange.batch.pieces import piece
from gateway.exchange.batch.results import result_form
from gateway.exchange.batch.slices import SLICE_S
from gateway.exchange.records import headers_text
from gateway.ledger.leaf import LeafKind
from gateway.store.batches import LEASE
from gateway.store.plan import Change, Delete, Plan, Update
from gateway.store.tables import BatchPieceRow, BatchRow
from gateway.validation.record_files import MAX_RECORD_BYTES

A_DAY = timedelta(days=1)
SOONEST, LATEST = timedelta(seconds=5), timedelta(minutes=10)
"""How often an agency is asked: after a tenth of the time that the file is old, within these."""


class Hearing:
    """Hears agencies. For one thread at a time."""

    def __init__(
        self,
        *,
        calls: Calls,
        casework: Casework,
        moves: Moves,
        clock: Callable[[], datetime],
        seconds: Callable[[], float],
    ) -> None:
        self._calls = calls
        self._casework = casework
        self._reader = casework.reader
        self._moves = moves
        self._clock = clock
        self._seconds = seconds

    def ask(self, hand: Hand) -> bool:
        """Ask for the report; False while there is none yet. Raises AgencyUnavailable, AgencyRefused, Held, Stop."""
        row, now = hand.row, self._clock()
        report = self._calls.report(row, self._calls.under(row), now)
        if not report.signed:
            self._moves.carry_out(self._moves.guarded(hand, **_not_yet(row, report, now)))
            return False
        _check_result(row, report.said)
        number = next(each for each in count(1) if self._reader.part(row.id, agency_report(each)) is None)
        parts = {
            agency_report(number): report.body,
            f"{agency_report(number)}-headers": headers_text({**report.headers, ":status": "200"}),
        }
        kept = evidence(self._casework, row, LeafKind.REPLY, parts, now, {"batch": str(report.said["state"])})
        self._moves.moved(hand, kept, tries=0, **_heard(report.said))
        return True

    def fetch(self, hand: Hand) -> bool:
        """Fetch on for a slice, or to the end from an agency that does not serve ranges; True once all of it is here.

        Raises AgencyUnavailable, AgencyRefused, Held, Lost, HubBusy.
        """
        row, size = hand.row, int(self.report(hand.row).get("resultBytes", 0))
        if row.answer_size >= size:
            return True
        ends_s = self._seconds() + SLICE_S
        try:
            with self._calls.result(row, self._calls.under(row), size, self._clock()) as (begin, reply):
                may_end = begin > 0 or reply.headers.get("accept-ranges", "").lower() == "bytes"
                for body in _behind(_gathered(reply.chunks), row.answer_size - begin):
                    self._keep(hand, body, size)
                    if may_end and self._seconds() > ends_s:
                        break
                else:
                    if hand.row.answer_size < size:
                        raise Malformed(f"the result ended before its {size} bytes", code="reply-unexpected")
        except Malformed as nonsense:
            raise nonsense_of(nonsense) from nonsense
        return hand.row.answer_size >= size

    def check_digest(self, hand: Hand, digest: str) -> None:
        """Hold the result's SHA-256 to the signed report. Raises Stop, once what came is forgotten."""
        said = self.report(hand.row).get("resultSha256")
        if digest == said:
            return
        forgotten = Delete(BatchPieceRow, {"batch": hand.row.id, "side": ANSWER})
        self._moves.carry_out(self._moves.guarded(hand, answer_size=0) + Plan.of(forgotten))
        self._moves.reread(hand)
        raise Stop(
            f"the result's SHA-256 is {digest}, the agency's signed report says {said}: nothing of it was read; ask "
            "the agency, then `simojo batch resume` asks for the report anew and fetches it again",
            code="result-differs",
        )

    def report(self, row: BatchRow) -> Any:
        """The agency's last signed report. Raises LedgerBroken where it is gone."""
        found = None
        for number in count(1):
            part = self._reader.part(row.id, agency_report(number))
            if part is None:
                break
            found = part.body
        if found is None:
            raise LedgerBroken(f"the agency's report of batch {row.name} is gone", code="document-unknown")
        return json.loads(found)

    def _keep(self, hand: Hand, body: bytes, size: int) -> None:
        row = hand.row
        if row.answer_size + len(body) > size:
            raise Malformed(f"the result goes on behind its {size} bytes", code="reply-unexpected")
        values = {"answer_size": row.answer_size + len(body), "tries": 0, "lease_until": self._clock() + LEASE}
        expected = {"fence": hand.fence, "state": row.state, "answer_size": row.answer_size}
        kept: Change = Update(BatchRow, {"id": row.id}, expected, values)
        self._moves.carry_out(Plan.of(kept) + piece(self._casework.vault, row, ANSWER, row.answer_size, body))
        self._moves.reread(hand)


def _not_yet(row: BatchRow, report: AgencyReport, now: datetime) -> dict[str, object]:
    """The agency is still at it: when to ask again. It is worth a word to staff after a day."""
    age, said = now - row.made_at, report.said
    cause = None
    if age > A_DAY:
        cause = f"the agency has it since {row.made_at.date()} and says: {said['state']}, {said['read']} records read"
    return {"due_at": now + min(max(age / 10, SOONEST), LATEST), "lease_until": None, "cause": cause, "tries": 0}


def _heard(said: Any) -> dict[str, object]:
    """Where a file goes on after its report."""
    if said["state"] == BatchState.REFUSED:
        cause = f"the agency refused it: {said.get('cause', 'and does not say why')}"
        return {"state": BatchState.ENDING.value, "ends_as": BatchState.REFUSED.value, "cause": cause[:1000]}
    is_whole = said["state"] == BatchState.COMPLETED
    ends_as = None if is_whole else BatchState.BROKEN.value
    return {"state": BatchState.FETCHING.value, "ends_as": ends_as, "cause": None}


def _check_result(row: BatchRow, said: Any) -> None:
    """Raise Stop for a result that cannot be one of this file."""
    if said["state"] == BatchState.REFUSED:
        return
    form = result_form(row.format).name
    if said.get("resultBytes", 0) and (said.get("resultFormat"), "resultSha256" in said) != (form, True):
        raise Stop(f"the agency's report names no result of the form {form} with its SHA-256", code="result-unfit")
    if said.get("resultBytes", 0) > (row.records + 1) * MAX_RECORD_BYTES:
        raise Stop("the agency's result is larger than one of so many records can be", code="result-unfit")


def _gathered(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of some size. What came before a failure is given before it is raised."""
    held = bytearray()
    try:
        for chunk in chunks:
            held += chunk
            if len(held) >= PIECE_BYTES:
                yield bytes(held)
                held.clear()
    except AgencyUnavailable:
        if held:
            yield bytes(held)
        raise
    if held:
        yield bytes(held)


def _behind(pieces: Iterator[bytes], passed: int) -> Iterator[bytes]:
    """The same without their first bytes, which are here."""
    for each in pieces:
        if passed >= len(each):
            passed -= len(each)
            continue
        yield each[passed:]
        passed = 0
