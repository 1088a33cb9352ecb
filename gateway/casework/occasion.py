"""On what occasion facts are recorded: who, when, and in which exchange."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """`actor` is who does it (`agency/dpupr`, `staff/siti`, `timer`); it reaches the ledger as a pseudonym alone.

    `occurred_at` is when it happened and `entered_at` when it was entered: they differ for work that was done on
    paper during an outage (Pasal 26(4)). `exchange` is the id of the exchange that brought it, if one did; `record` the
    number of the record in its file, where it announced one.
    """

    actor: str
    occurred_at: datetime
    entered_at: datetime
    exchange: str | None = None
    record: int | None = None
