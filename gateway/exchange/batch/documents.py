"""The documents about batches that are the hub's own, and the states of a batch."""

from __future__ import annotations

from enum import StrEnum

from gateway.store.tables.batches import AT_WORK, OFFICE_AT_WORK

RESULT = "simojo/batch-result/1.0/result"
"""What is said of one record, where the agreement names no document of its own."""

REPORT = "simojo/batch-report/1.0/report"
"""Where a batch stands; at its end the account of all records, which is signed."""

PIECE_BYTES = 2**20
"""The largest piece of a file: each is read into memory a few times over, and a hub reads several at once."""

MAX_OPEN = 16
"""So many batches of one interaction may wait for their bytes."""

FILE, RESULTS, ANSWER = "file", "result", "answer"
"""The sides of a batch that have pieces: its file, what the hub says of each record, and, of the office's own file, the
result that its agency gave."""

IN, OUT = "in", "out"
"""Whose file it is: an agency's, or the office's own."""


class BatchState(StrEnum):
    """Where a batch stands; the package says how they follow each other."""

    UPLOADING = "uploading"
    VERIFYING = "verifying"
    READING = "reading"
    CLOSING = "closing"
    COMPLETED = "completed"
    BROKEN = "broken"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    # of the office's own file (`gateway.exchange.batch.office`)
    MAKING = "making"
    SEALING = "sealing"
    ANNOUNCING = "announcing"
    SENDING = "sending"
    AWAITING = "awaiting"
    FETCHING = "fetching"
    APPLYING = "applying"
    ENDING = "ending"
    STOPPED = "stopped"


INBOUND_WORK, OFFICE_WORK = AT_WORK, OFFICE_AT_WORK
"""States in which some process has something to do, of an agency's file and of the office's own."""

ENDED = frozenset({BatchState.COMPLETED, BatchState.BROKEN, BatchState.REFUSED, BatchState.CANCELLED})
"""Nothing more happens to a batch."""
