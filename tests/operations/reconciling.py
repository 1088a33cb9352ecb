"""An office with an agency whose lists are compared."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Any

from gateway.ledger.leaf import LeafKind
from gateway.operations.reconciling.results import lines_of
from gateway.operations.reconciling.running import Reconciling, Wanted
from gateway.operations.reconciling.settling import Settling
from gateway.store.plan import Change, Insert, Plan
from gateway.store.tables import AgencyRow, ExchangeRow, PartRow, ReconciliationRow
from tests.operations.ledgers import Office

DAY = date(2026, 1, 5)
NOON = datetime.fromisoformat("2026-01-05T12:00:00+07:00")


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


class Desk:
    """The office with an agency, and exchanges of it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        office.now = NOON
        office.commit(Plan.of(Insert(AgencyRow, AgencyRow(id="dpupr", name="DPUPR", kind="opd").model_dump())))
        self.reconciling = Reconciling(
            reader=office.reader,
            vault=office.vault,
            unit_of_work=office.writer,
            leaves=office.leaves,
            clock=lambda: office.now,
            new_id=office.new_id,
        )
        self.settling = Settling(office.reader, office.writer, office.leaves, office.vault, lambda: office.now)

    def said(self, name: str, message_id: str | None, at: datetime = NOON, **values: Any) -> None:
        """An exchange: parts are texts, of which leaves commit to each."""
        parts = values.pop("parts", {"request": name, "answer": f"answer to {name}"})
        case_id = values.get("case_id")
        key = self.office.vault.exchange_key(case_id, at)
        row: dict[str, Any] = {
            "id": name,
            "direction": "in",
            "agency": "dpupr",
            "interaction": "technical-recommendation",
        }
        row |= {"message_id": message_id, "verdict": "accepted", "at": at, **values}
        changes: list[Change] = [Insert(ExchangeRow, row)]
        for part, text in parts.items():
            changes.append(Insert(PartRow, {"exchange": name, "name": part, "body": text.encode()}))
            bodies = {part: text.encode()}
            leaf = self.office.leaves.make(
                LeafKind.ACCEPTED, at=at, exchange=name, case_id=case_id, key=key.key, parts=bodies
            )
            changes.append(leaf.row)
        self.office.commit(key.plan + Plan(tuple(changes)))

    def compared(self, *lines: str, head: str = "message_id,sha256", actor: str = "staff/agus") -> ReconciliationRow:
        wanted = Wanted(agency="dpupr", first=DAY, last=DAY, source="staff", actor=actor)
        return self.reconciling.run(wanted, ["\r\n".join((head, *lines)).encode()])

    def lines(self, row: ReconciliationRow, **sought: Any) -> list[dict[str, Any]]:
        return list(lines_of(self.office.reader, row, **sought))
