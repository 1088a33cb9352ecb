"""Reconciliations that agencies ask for by `meta.reconcile`: small lists, compared while they wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from gateway.app.store import Store
from gateway.domain.errors import Refused
from gateway.exchange.meta.reconcile import LINES, ListAsked, Reconciles, ResultAsked
from gateway.operations.reconciling.listing import Line, checked
from gateway.operations.reconciling.results import head_of, known, lines_of
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.store.tables import ReconciliationRow

MOST = 2000
"""Messages of a period that are compared while an agency waits; staff compare longer ones."""


def reconciles_of(store: Store, clock: Callable[[], datetime], new_id: Callable[[], str]) -> Reconciles:
    """What answers the questions."""
    reader = store.reader
    reconciling = Reconciling(
        reader=reader,
        vault=store.vault,
        unit_of_work=store.unit_of_work,
        leaves=store.leaves,
        clock=clock,
        new_id=new_id,
    )

    def compared(asked: ListAsked) -> ReconciliationRow:
        done = reader.reconciliation(asked.exchange)
        if done is not None and done.state == "done":
            return done  # the question was prepared before, and lost a race since
        actor = f"agency/{asked.agency}"
        wanted = Wanted(agency=asked.agency, first=asked.first, last=asked.last, source="agency", actor=actor)
        period = wanted.period()
        if reader.has_more_exchanges(asked.agency, period.since, period.until, MOST):
            raise Refused(
                f"more than {MOST} messages were exchanged in this period: ask about fewer days, or give the office "
                "the list as a file (docs/wire.md, Reconciliation)",
                code="list-too-wide",
                clause="Pasal 22(4)b",
            )
        name = asked.exchange if done is None else None
        return reconciling.run_lines(wanted, _lines(asked.lines), asked.sha256, name)

    def reconciles(asked: ListAsked | ResultAsked) -> tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]:
        if isinstance(asked, ListAsked):
            row, after, at = compared(asked), 0, None
        else:
            row, after, at = known(reader, asked.reconciliation, asked.agency), asked.after, asked.at
        return head_of(reader, row), list(islice(lines_of(reader, row, after=after, at=at), LINES))

    return reconciles


def _lines(said: Sequence[Mapping[str, str]]) -> Iterator[Line]:
    for number, each in enumerate(said, 1):
        line = Line(
            number=number,
            message_id=each["messageId"],
            sha256=each["sha256"].lower(),
            answer_sha256=each.get("answerSha256", "").lower(),
            direction=each.get("direction", ""),
        )
        yield checked(line, number)
