"""What is blanked once the keys are gone: nobody can open it any more, and it need not lie there.

    1. bodies     facts, documents, parts of exchanges: a mark that says erased stands in their place
    2. deliveries what was asked, what was sent, why a try failed; what waits in an older copy is cancelled
    3. files      bytes of ended files of records that named the case: other people's records go with them, whose facts
                  stand at their own cases
    4. names      references, openings, deadlines, PIN challenges and secrets held for them; the digest of a permit's
                  number stays, so that whoever checks a paper is told "erased" and not "never given"

Every step is a commit of its own over a few rows, and may be done twice. What stays: ids, times, kinds, verdicts,
stages and who of the office did what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from gateway.store.plan import Change, Delete, Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealing import BLANK, BLANK_TEXT
from gateway.store.tables import (
    AttemptRow,
    BatchHeldRow,
    BatchLeftOutRow,
    BatchPieceRow,
    BatchRow,
    CaseEventRow,
    CaseReferenceRow,
    DeadlineRow,
    DeliveryRow,
    DocumentRow,
    HeldSecretRow,
    OpeningRow,
    PartRow,
    PinChallengeRow,
)
from gateway.store.tables.outbox import CANCELLED

PERMIT_NUMBER = "permit-number"
ROWS = 64
"""Rows that one commit blanks: it holds others up for some milliseconds."""


def sweep(reader: Reader, note: Callable[[str, str], None], commit: Callable[[Plan], Outcome], case_id: str) -> None:
    """Blank all that is left of a case whose key is gone. A row that went meanwhile is passed by in the next run.

    `note` tells in the ledger that a file loses its bytes for a case.
    """
    bodies = _bodies(reader, case_id)
    while changes := tuple(islice(bodies, ROWS)):
        commit(Plan(changes))
    for batch in reader.batches_naming(case_id):
        _remove_file(reader, note, commit, batch, case_id)
    commit(Plan(tuple(_names(reader, case_id))))  # 4


def _bodies(reader: Reader, case_id: str) -> Iterator[Change]:
    for fact in reader.case_events(case_id):  # 1
        yield Update(CaseEventRow, {"case_id": case_id, "seq": fact.seq}, {}, {"body": BLANK_TEXT})
    for title in reader.document_titles(case_id):
        yield Update(DocumentRow, {"case_id": case_id, "sha256": title.sha256}, {}, {"body": BLANK})
    for exchange in _all(reader.exchanges_about, case_id):
        for name in reader.names_of_parts(exchange):
            yield Update(PartRow, {"exchange": exchange, "name": name}, {}, {"body": BLANK})
    for row in reader.unfinished_deliveries(case_id):  # 2
        over = {"state": CANCELLED, "lease_until": None, "remind_at": None, "answer_due_at": None}
        yield Update(DeliveryRow, {"id": row.id}, {"fence": row.fence, "state": row.state}, over)
    for delivery in _all(reader.deliveries_about, case_id):
        blank = {"ask_body": BLANK_TEXT, "payload": None, "cause": None}
        yield Update(DeliveryRow, {"id": delivery}, {}, blank)
        for attempt in reader.attempts(delivery):
            yield Update(AttemptRow, {"delivery": delivery, "number": attempt.number}, {}, {"detail": None})


def _all(ask: Callable[[str, str, int], list[str]], case_id: str) -> Iterable[str]:
    behind = ""
    while found := ask(case_id, behind, ROWS):
        yield from found
        behind = found[-1]


def _remove_file(  # 3
    reader: Reader,
    note: Callable[[str, str], None],
    commit: Callable[[Plan], Outcome],
    batch: BatchRow,
    case_id: str,
) -> None:
    if batch.ended_at is None:
        return  # it began after the erasure was approved, and names the case by its id alone
    note(batch.id, case_id)
    while pieces := reader.piece_keys(batch.id, ROWS):
        keys = ({"batch": batch.id, "side": side, "position": position} for side, position in pieces)
        commit(Plan(tuple(Delete(BatchPieceRow, key) for key in keys)))
    commit(Plan.of(Delete(BatchHeldRow, {"batch": batch.id})))


def _names(reader: Reader, case_id: str) -> Iterator[Change]:
    for challenge in reader.challenges_about(case_id):
        yield Delete(HeldSecretRow, {"challenge": challenge})
    for kind in reader.reference_kinds(case_id):
        if kind != PERMIT_NUMBER:
            yield Delete(CaseReferenceRow, {"case_id": case_id, "kind": kind})
    for model in (PinChallengeRow, OpeningRow, DeadlineRow, BatchLeftOutRow):
        yield Delete(model, {"case_id": case_id})
