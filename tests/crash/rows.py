"""The rows of a store, as an audit reads them, in clear; and the names by which it and the clients mean the same."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select
from sqlmodel import SQLModel

from gateway.store.plan import table_of
from gateway.store.reading import Reader
from gateway.store.tables import (
    AttemptRow,
    CaseEventRow,
    CaseRow,
    CounterRow,
    DeliveryRow,
    ExchangeRow,
    LeafRow,
    OpeningRow,
    PartRow,
)
from tests.crash.opened import opened


class Rows:
    """The rows that are looked at more than once. `reader` opens what is sealed; raises Tampered where it does not."""

    def __init__(self, engine: Engine, reader: Reader) -> None:
        self._engine = engine
        self._reader = reader
        self.exchanges = self.all(ExchangeRow)
        self.cases = self.all(CaseRow)
        self.events = self.all(CaseEventRow)
        self.deliveries = self.all(DeliveryRow)
        self.attempts = self.all(AttemptRow)
        self.openings = self.all(OpeningRow)
        self.counters = {row["name"]: int(row["value"]) for row in self.all(CounterRow)}
        self.leaves = sorted(self.all(LeafRow), key=lambda row: row["serial"])
        self.parts: dict[str, dict[str, bytes]] = defaultdict(dict)
        for row in self.all(PartRow):
            self.parts[row["exchange"]][row["name"]] = bytes(row["body"])

    def all(self, model: type[SQLModel]) -> list[dict[str, Any]]:
        """All rows of a table."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(table_of(model))).mappings().all()
        return [opened(self._reader, model, dict(row)) for row in rows]

    @property
    def inbound(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """Exchanges that came in, by agency and the name of their message."""
        found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for row in self.exchanges:
            if row["direction"] == "in" and row["message_id"] is not None:  # without one: a refusal that binds nothing
                found[row["agency"], name_of(row["agency"], row["message_id"])].append(row)
        return found


def name_of(agency: str, stored_as: str) -> str:
    """What a client calls a message. SNAP BI's ids are the bank's for a day: a repeat after midnight has another."""
    return stored_as.partition("-")[2] if agency == "bank" else stored_as


def aware(at: datetime) -> datetime:
    """A time of the store: UTC where it does not say."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
