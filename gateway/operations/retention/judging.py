"""Whether anything still needs the bodies of an exchange that is over its time. In doubt they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from gateway.operations.retention.terms import Terms
from gateway.store.reading import Reader
from gateway.store.tables import ExchangeRow
from gateway.store.tables.outbox import FINISHED

ENDED_FILES = frozenset({"completed", "broken", "refused", "cancelled"})
"""States in which nothing more happens to a file of records (`gateway.exchange.batch.documents`)."""


class Verdict(StrEnum):
    """What becomes of an exchange's bodies."""

    GOES = "goes"
    YOUNG = "young"
    UNAGREED = "unagreed"
    """No agreement says how long: a refusal of a message that none covers, or one that cannot be read."""
    HELD = "held"
    """Staff hold it, or its case."""
    DISPUTED = "disputed"
    """A reconciliation over its time is not settled."""
    UNDER_WAY = "under-way"
    """Its case, its delivery or its file has not ended."""


def judge(reader: Reader, terms: Terms, rows: Sequence[ExchangeRow]) -> list[Verdict]:
    """The verdict of each of these exchanges, read together."""
    ids = [row.id for row in rows]
    cases = {row.case_id for row in rows if row.case_id}
    deliveries, files = reader.states_of_deliveries(ids), reader.states_of_files(ids)
    unended = reader.open_cases(cases)
    subjects = [f"exchange/{each}" for each in ids] + [f"case/{each}" for each in cases]
    held = {hold.subject for hold in reader.retention_holds(subjects)}
    disputes = reader.open_reconciliations()

    def verdict(row: ExchangeRow) -> Verdict:
        until = terms.until(row)
        if until is None:
            return Verdict.UNAGREED
        if row.at >= until:
            return Verdict.YOUNG
        if f"exchange/{row.id}" in held or (row.case_id and f"case/{row.case_id}" in held):
            return Verdict.HELD
        if any(each.agency == row.agency and each.since <= row.at < each.until for each in disputes):
            return Verdict.DISPUTED
        is_sent = deliveries.get(row.id, FINISHED[0]) in FINISHED
        is_read = row.id not in files or files[row.id] in ENDED_FILES
        return Verdict.GOES if is_sent and is_read and row.case_id not in unended else Verdict.UNDER_WAY

    return [verdict(row) for row in rows]
