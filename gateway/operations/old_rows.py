"""Rows of an older store whose texts and bytes are in clear (`gateway.store.sealed_rows`), sealed a few at a time.

Which key is a row's is said where it is written; here it is found out from the row:

    delivery, PIN            its case
    attempt                  the case of its delivery
    file, piece              the day of the file
    put aside, left out      the case that it names, where that has a key, else the day of the file
    reconciliation           the day of the reconciliation
    restricted read          its day

A row that belongs to nothing, or whose case has no key, stays as it is: that is damage, and sealing would hide it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlmodel import SQLModel

from gateway.domain.errors import Refused
from gateway.store.plan import Outcome, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import KEYS, SEALED, sealed
from gateway.store.sealing import is_sealed
from gateway.store.tables import (
    AttemptRow,
    BatchHeldRow,
    BatchLeftOutRow,
    BatchPieceRow,
    BatchRow,
    DeliveryRow,
    PinChallengeRow,
    ReconciliationPieceRow,
    ReconciliationSettledRow,
)
from gateway.store.vault import Vault


class _Under(NamedTuple):
    """The case under whose key a row stands, None for that of a day; and that day."""

    case_id: str | None
    at: datetime


class OldRows:
    """Seals the rows of one table. Its answers about batches and the like are kept while it is used."""

    def __init__(self, reader: Reader, vault: Vault, commit: Callable[[Plan], Outcome]) -> None:
        self._reader = reader
        self._vault = vault
        self._commit = commit
        self._batch = cache(reader.batch)
        self._reconciliation = cache(reader.reconciliation)
        self._has_key = cache(lambda case_id: vault.opening_key(f"case/{case_id}") is not None)

    def seal(self, model: type[SQLModel], told: Callable[[int], None]) -> None:
        """Seal them; `told` hears of so many rows after each commit."""
        behind: tuple[Any, ...] | None = None
        while rows := self._reader.unsealed_rows(model, behind):
            # a conflict: another process does the same, and has done it
            self._commit(Plan.merge(self._sealed(model, rows)))
            told(len(rows))
            behind = tuple(rows[-1][name] for name in KEYS[model])

    def _sealed(self, model: type[SQLModel], rows: list[dict[str, Any]]) -> Iterator[Plan]:
        cases = self._reader.cases_of_deliveries([row["delivery"] for row in rows]) if model is AttemptRow else {}
        for row in rows:
            under = self._under(model, row, cases)
            if under is None:
                continue
            key = {name: row[name] for name in KEYS[model]}
            clear = {name: row[name] for name in SEALED[model] if row[name] and not is_sealed(row[name])}
            try:
                kept = sealed(self._vault, model, key, clear, case_id=under.case_id, at=under.at)
            except Refused:  # the key of its day was destroyed
                continue
            yield kept.plan + Plan.of(Update(model, key, clear, kept.values))

    def _under(self, model: type[SQLModel], row: dict[str, Any], cases: dict[str, str]) -> _Under | None:
        if model in (DeliveryRow, PinChallengeRow):
            return self._of_case(row["case_id"], row)
        if model is AttemptRow:
            case_id = cases.get(row["delivery"])
            return None if case_id is None else self._of_case(case_id, row)
        if model is BatchRow:
            return _Under(None, row["made_at"])
        if model in (BatchPieceRow, BatchHeldRow, BatchLeftOutRow):
            return self._of_file(model, row)
        if model in (ReconciliationPieceRow, ReconciliationSettledRow):
            found = self._reconciliation(row["reconciliation"])
            return None if found is None else _Under(None, found.made_at)
        return _Under(None, row["at"])

    def _of_case(self, case_id: str, row: dict[str, Any]) -> _Under | None:
        moment = row.get("made_at") or row.get("started_at") or row.get("expires_at")
        assert isinstance(moment, datetime)  # noqa: S101 - each of the three tables has one of these
        return _Under(case_id, moment) if self._has_key(case_id) else None

    def _of_file(self, model: type[SQLModel], row: dict[str, Any]) -> _Under | None:
        batch = self._batch(row["batch"])
        if batch is None:
            return None
        named = row["case_id"] if model is BatchLeftOutRow else _named(row) if model is BatchHeldRow else None
        return _Under(named if named is not None and self._has_key(named) else None, batch.made_at)


def _named(row: dict[str, Any]) -> str | None:
    """The case that a record of the office's file is about; None of an agency's, which names it in words of its own."""
    try:
        said = json.loads(row["body"])
    except ValueError:
        return None
    case_id = said.get("case") if isinstance(said, dict) else None
    return case_id if isinstance(case_id, str) else None
