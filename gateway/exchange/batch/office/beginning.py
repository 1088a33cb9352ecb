"""Staff have a file of the office made, or a stopped one go on. Nothing is called here: the work finds the row."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from gateway.casework.leaves import Leaves
from gateway.casework.names import message_id
from gateway.contract.adapter import Batch
from gateway.domain.calendar import JAKARTA
from gateway.domain.errors import Malformed, Refused, Replayed, Unauthorised
from gateway.exchange.batch.announcing import COUNTS, named_once
from gateway.exchange.batch.cancelling import unknown_batch
from gateway.exchange.batch.documents import OUT, BatchState
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.records import OUT as SENT_BY_US
from gateway.ledger.leaf import LeafKind
from gateway.primitives.json_writer import JsonWriter
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Insert, Plan, Update, unmoved
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow, ExchangeRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

FIRST = datetime(1, 1, 2, tzinfo=UTC)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_writer = JsonWriter()

_ANEW: Mapping[str, str] = {
    BatchState.SENDING: BatchState.ANNOUNCING.value,
    BatchState.FETCHING: BatchState.AWAITING.value,
}
"""Where a file goes on that stopped while it was sent or its result fetched: the agency may have lost the upload, and
takes the same manifest again; or it has mended its result, and signs another report."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which cases a file is about: all that the agreement covers, or less.

    Those of `services`; those that were registered in the days `since` to `until` (of Jakarta, both included).
    """

    services: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    @classmethod
    def of(cls, row: BatchRow) -> Wanted:
        """As the row of a batch has it."""
        said = json.loads(row.wanted or "{}")
        days = {name: date.fromisoformat(said[name]) for name in ("since", "until") if name in said}
        return cls(services=tuple(said.get("services", ())), **days)

    def text(self) -> str:
        """For the row."""
        days = {name: day.isoformat() for name, day in (("since", self.since), ("until", self.until)) if day}
        return _writer.write({"services": list(self.services), **days})

    def opened(self, made_at: datetime) -> tuple[datetime, datetime]:
        """From when on and before when its cases were opened: not after the file was begun."""
        if self.since is None or self.until is None:
            return FIRST, made_at
        begins = datetime.combine(self.since, time.min, JAKARTA)
        return begins, min(made_at, datetime.combine(self.until + timedelta(days=1), time.min, JAKARTA))

    def period(self) -> dict[str, str] | None:
        """As a manifest says it."""
        if self.since is None or self.until is None:
            return None
        return {"from": self.since.isoformat(), "until": self.until.isoformat()}


@dataclass(frozen=True, kw_only=True)
class Order:
    """The file that staff want.

    `form`: csv, jsonl or xml, None for the first that is agreed; `name`: our own id of it, None for that of its batch.
    """

    agency: str
    interaction: str
    wanted: Wanted = field(default_factory=Wanted)
    form: str | None = None
    name: str | None = None


class Beginning:
    """Begins files. Safe to use from many threads."""

    def __init__(
        self,
        *,
        directory: Directory,
        reader: Reader,
        unit_of_work: UnitOfWork,
        leaves: Leaves,
        vault: Vault,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._directory = directory
        self._reader = reader
        self._unit_of_work = unit_of_work
        self._leaves = leaves
        self._vault = vault
        self._clock = clock
        self._new_id = new_id

    def begin(self, order: Order, actor: str) -> str:
        """Have a file made and sent; gives the id of its batch.

        Raises Unauthorised for what is not agreed, Refused `batch-not-ours`, `batch-format`, Replayed
        `batch-name-used`, Malformed `period-wrong`, `batch-name`.
        """
        return prepared_again(lambda: self._begin(order, actor))

    def resume(self, batch: str, actor: str) -> None:
        """Let a stopped batch go on, with all its tries. Raises Refused `batch-unknown`, `batch-state`."""
        prepared_again(lambda: self._resume(batch, actor))

    def _begin(self, order: Order, actor: str) -> str:
        now = self._clock()
        entry = self._directory.current(order.agency)
        terms = self._directory.terms(order.agency, order.interaction, now, entry)
        form = _checked(terms, order)
        batch = self._new_id()
        name = order.name or batch
        if self._reader.batch_by_name(order.agency, order.interaction, name, OUT) is not None:
            raise Replayed(
                f"a file {name!r} was made for {terms.name} before: give another --name, or see `simojo batch list`",
                code="batch-name-used",
            )
        row = _row(terms, order, batch, name, form, now)
        exchange = _exchange(row, terms)
        said = {"step": "batch-begun", "interaction": order.interaction}
        leaf = self._leaves.make(
            LeafKind.STAFF, at=now, actor=actor, exchange=batch, agreement=terms.reference, extra=said
        )
        plan = Plan.of(unmoved(entry.generation), Insert(ExchangeRow, exchange), leaf.row)
        commit(self._unit_of_work, plan + named_once(self._vault, row, now))
        return batch

    def _resume(self, batch: str, actor: str) -> None:
        row = self._reader.batch(batch)
        if row is None:
            raise unknown_batch(batch)
        if row.state != BatchState.STOPPED:
            raise Refused(f"batch {row.id} is {row.state}: only a stopped one is resumed", code="batch-state")
        now = self._clock()
        values = {
            "state": _ANEW.get(row.stopped_in or "", row.stopped_in),
            "stopped_in": None,
            "cause": None,
            "tries": 0,
            "due_at": now,
        }
        expected = {"state": row.state, "fence": row.fence}
        said = {"step": "batch-resumed"}
        leaf = self._leaves.make(LeafKind.STAFF, at=now, actor=actor, exchange=row.id, extra=said)
        changed = Update(BatchRow, {"id": row.id}, expected, {**values, "fence": row.fence + 1})
        commit(self._unit_of_work, Plan.of(changed, leaf.row))


def _checked(terms: Terms, order: Order) -> str:
    """The form of the file. Raises what `begin` raises for an order that cannot be carried out."""
    declared, agreed, wanted = terms.interaction, terms.agreed, order.wanted
    if not isinstance(declared, Batch) or declared.to_agency is None:
        raise Refused(
            f"{terms.name} is no file that the office sends: its adapter declares no Batch with to_agency",
            code="batch-not-ours",
        )
    form = order.form or agreed.formats[0]
    if form not in agreed.formats:
        raise Refused(
            f"files of the form {form} were not agreed, but {', '.join(agreed.formats)}",
            code="batch-format",
            clause=f"{terms.reference} formats (Pasal 21(2)c.3)",
        )
    if uncovered := [each for each in wanted.services if not agreed.covers(each)]:
        raise Unauthorised(
            f"agreement {terms.reference} does not cover service {uncovered[0]!r}",
            code="service-not-agreed",
            clause=f"{terms.reference} services (Pasal 21(2)c.2)",
        )
    if (wanted.since is None) != (wanted.until is None) or (
        wanted.since is not None and wanted.until is not None and wanted.until < wanted.since
    ):
        raise Malformed(
            "a period has a first day and a last one, not before it: give both, or none", code="period-wrong"
        )
    if order.name is not None and not _NAME.fullmatch(order.name):
        raise Malformed(
            f"{order.name[:60]!r} is no name of a file: letters, digits, dot, line and underscore, 100 at most",
            code="batch-name",
        )
    return form


def _row(terms: Terms, order: Order, batch: str, name: str, form: str, at: datetime) -> Mapping[str, Any]:
    return {
        "id": batch,
        "direction": OUT,
        "agency": order.agency,
        "interaction": order.interaction,
        "name": name,
        "agreement": terms.agreement.id,
        "agreement_version": terms.agreement.version,
        "manifest": "",
        "format": form,
        "size": 0,
        "sha256": "",
        "records": 0,
        "token": "",
        "state": BatchState.MAKING.value,
        "made_at": at,
        "due_at": at,
        "wanted": order.wanted.text(),
        "cursor": "",
        **dict.fromkeys(COUNTS, 0),
    }


def _exchange(row: Mapping[str, Any], terms: Terms) -> Mapping[str, Any]:
    """Its id is that of the batch; its message is the manifest."""
    return {
        "id": row["id"],
        "direction": SENT_BY_US,
        "agency": row["agency"],
        "interaction": row["interaction"],
        "agreement": terms.reference,
        "message_id": message_id(row["id"]),
        "verdict": row["state"],
        "at": row["made_at"],
    }
