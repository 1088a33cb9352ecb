"""Keeping for evidence: a case or an exchange whose bodies stay, however old, until staff let it go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.domain.errors import Refused
from gateway.ledger.leaf import LeafKind
from gateway.operations.reasons import reason_of
from gateway.store.conflicts import commit, prepared_again
from gateway.store.plan import Change, Claim, Delete, Plan, Update
from gateway.store.reading import Reader
from gateway.store.sealed_rows import sealed
from gateway.store.tables import CounterRow, RetentionHoldRow
from gateway.store.tables.erasures import UNDER_WAY
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.vault import Vault

HOLDS = "retention-holds"
"""The counter that moves with each hold, and with each erasure that is approved: what was judged before is again."""


def unmoved(counted: int | None) -> Change:
    """The guard that no hold was set or let go since the counter was read."""
    if counted is None:
        return Claim(CounterRow, ("name",), {"name": HOLDS, "value": 1})
    return Update(CounterRow, {"name": HOLDS}, {"value": counted}, {})


def moving(counted: int | None) -> Change:
    """The same guard, for who moves the counter too."""
    if counted is None:
        return unmoved(None)
    return Update(CounterRow, {"name": HOLDS}, {"value": counted}, {"value": counted + 1})


@dataclass(frozen=True, kw_only=True)
class Holds:
    """What staff do with holds; each is a leaf."""

    reader: Reader
    vault: Vault
    unit_of_work: UnitOfWork
    leaves: Leaves

    def hold(self, subject: str, reason: str, actor: str, at: datetime) -> str:
        """Hold a case or an exchange, by its id; gives what is held.

        Raises Malformed `reason-missing`; Refused `subject-unknown`, `already-held`; `erasure-approved` and `erased`
        where it comes too late.
        """
        said = reason_of(reason, clause="Pasal 22")
        name = self._known(subject)

        def prepare() -> None:
            counted = self.reader.counter(HOLDS)
            self._check_is_kept(name)
            if self.reader.retention_holds([name]):
                raise Refused(f"{name} is held already", code="already-held")
            values = {"subject": name, "reason": said, "actor": actor, "at": at}
            kept = sealed(self.vault, RetentionHoldRow, {"subject": name}, values, at=at)
            row = Claim(RetentionHoldRow, ("subject",), kept.values)
            self._commit(kept.plan + Plan.of(row), "retention-hold", name, actor, at, counted)

        prepared_again(prepare)
        return name

    def let_go(self, subject: str, actor: str, at: datetime) -> str:
        """Hold it no more; gives what was held. Raises Refused `not-held`."""

        def prepare() -> str:
            counted = self.reader.counter(HOLDS)
            names = [each.subject for each in self.reader.retention_holds([f"case/{subject}", f"exchange/{subject}"])]
            if not names:
                raise Refused(f"{subject[:64]!r} is not held", code="not-held")
            gone = Delete(RetentionHoldRow, {"subject": names[0]}, expected={})
            self._commit(Plan.of(gone), "retention-let-go", names[0], actor, at, counted)
            return names[0]

        return prepared_again(prepare)

    def _known(self, subject: str) -> str:
        if self.reader.case(subject) is not None:
            return f"case/{subject}"
        if self.reader.exchange(subject) is not None:
            return f"exchange/{subject}"
        raise Refused(f"no case and no exchange {subject[:64]!r} is known: check the id", code="subject-unknown")

    def _check_is_kept(self, name: str) -> None:
        kind, _, subject = name.partition("/")
        exchange = None if kind == "case" else self.reader.exchange(subject)
        case_id = subject if exchange is None else exchange.case_id
        key = None if case_id is None else self.reader.data_key(f"case/{case_id}")
        if key is None:
            return
        if key.is_destroyed:
            raise Refused(f"the data of {name} are erased: nothing is left that could be held", code="erased")
        for row in () if key.under is None else self.reader.erasures_of(key.under):
            if row.state in UNDER_WAY:
                raise Refused(
                    f"erasure {row.id}, which {name} belongs to, is approved and under way: a hold comes too late",
                    code="erasure-approved",
                )

    def _commit(self, plan: Plan, step: str, name: str, actor: str, at: datetime, counted: int | None) -> None:
        leaf = self.leaves.make(LeafKind.STAFF, at=at, actor=actor, extra={"step": step, "subject": name})
        commit(self.unit_of_work, plan + Plan.of(moving(counted), leaf.row))
