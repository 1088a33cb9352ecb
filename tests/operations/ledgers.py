"""A small office whose ledger can be filled, integrated and damaged: real leaves, sealed bodies, made-up messages."""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, text

from gateway.casework.leaves import Leaves
from gateway.casework.names import fact_part
from gateway.ledger.checkpoint import NoteKey
from gateway.ledger.leaf import LeafKind
from gateway.operations.integrator import Integrator
from gateway.operations.ledger_export import StoreVerdict, verify_store
from gateway.store.plan import Change, Committed, Insert, Plan
from gateway.store.reading import Reader
from gateway.store.sealing import FACTS, PARTS
from gateway.store.tables import CaseEventRow, ExchangeRow, PartRow
from gateway.store.unit_of_work import GroupCommit
from gateway.store.vault import Vault
from gateway.trust.secrets import MasterKey

NOW = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
ORIGIN = "simojo.example/ledger"
KEY = NoteKey.from_seed(ORIGIN, bytes(range(32)))
MASTER = MasterKey(bytes(range(32)))


def counted_bytes(size: int, numbers: itertools.count[int]) -> bytes:
    """Bytes that never repeat."""
    return hashlib.shake_256(str(next(numbers)).encode()).digest(size)


@dataclass
class Office:
    """One store, and what writes to its ledger. `now` is the clock."""

    engine: Engine
    now: datetime = NOW
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.reader = Reader(self.engine)
        self.writer = GroupCommit(self.engine)
        self.vault = Vault(self.reader, MASTER, lambda size: counted_bytes(size, self.numbers))
        self.leaves = Leaves(MASTER, self.new_id)

    def new_id(self) -> str:
        """Give an id that never repeats."""
        return f"id-{next(self.numbers)}"

    def integrator(self, key: NoteKey = KEY) -> Integrator:
        """An integrator with this note key, which knows the usual one too."""
        return Integrator(self.reader, self.writer, key, lambda: self.now, earlier=[KEY.verifier])

    def exchange(self, name: str, case_id: str | None = None) -> None:
        """Commit an exchange with four parts and two leaves, as the inbound pipeline does."""
        parts = {
            part: f"<{part} of='{name}'/>".encode() for part in ("request", "answer-body", "answer", "answer-headers")
        }
        key = self.vault.exchange_key(case_id, self.now)
        seal = self.vault.exchange_seal(name, case_id, self.now, key.key)
        row = {"id": name, "direction": "in", "agency": "dpupr", "interaction": "technical-recommendation"}
        changes: list[Change] = [
            Insert(ExchangeRow, {**row, "case_id": case_id, "verdict": "accepted", "at": self.now}),
            *(
                Insert(PartRow, {"exchange": name, "name": part, "body": seal.blob(PARTS, part, body)})
                for part, body in parts.items()
            ),
        ]
        for kind, names in (
            (LeafKind.ACCEPTED, ("request", "answer-body")),
            (LeafKind.ANSWERED, ("answer", "answer-headers")),
        ):
            made = self.leaves.make(
                kind,
                at=self.now,
                actor="agency/dpupr",
                exchange=name,
                case_id=case_id,
                agreement="dpupr-2026/1.0",
                key=key.key,
                parts={part: parts[part] for part in names},
            )
            changes.append(made.row)
        self.commit(key.plan + Plan(tuple(changes)))

    def step(self, case_id: str, seq: int) -> None:
        """Commit a fact of a case with its leaf, as casework does."""
        body = f'{{"step":"{case_id}/{seq}"}}'
        key = self.vault.case_key(case_id)
        sealed = self.vault.case_seal(case_id).text(FACTS, str(seq), body)
        row = {"case_id": case_id, "seq": seq, "kind": "stepped", "body": sealed, "actor": "staff/siti"}
        made = self.leaves.make(
            LeafKind.CASE_STEP,
            at=self.now,
            actor="staff/siti",
            exchange=case_id,
            case_id=case_id,
            key=key.key,
            parts={fact_part(seq): body.encode()},
        )
        fact = Insert(CaseEventRow, {**row, "occurred_at": self.now, "entered_at": self.now})
        self.commit(key.plan + Plan.of(fact, made.row))

    def deeds(self, count: int) -> None:
        """Commit leaves that commit to nothing."""
        made = (self.leaves.make(LeafKind.SIGN_IN, at=self.now, actor=f"staff/{each}") for each in range(count))
        self.commit(Plan(tuple(each.row for each in made)))

    def fill(self) -> None:
        """Commit a bit of everything, in three checkpoints: 4 leaves, 9 leaves, 13 leaves."""
        self.exchange("ex-1", "case-1")
        self.step("case-1", 1)
        self.deeds(1)
        assert self.integrator().run_once() == 4
        self.now += timedelta(days=1)
        self.exchange("ex-2")
        self.exchange("ex-3", "case-2")
        self.step("case-2", 1)
        assert self.integrator().run_once() == 5
        self.now += timedelta(minutes=1)
        self.exchange("ex-4")
        self.step("case-1", 2)
        self.deeds(1)
        assert self.integrator().run_once() == 4

    def commit(self, plan: Plan) -> None:
        """Commit a plan that must hold."""
        assert self.writer.commit(plan) == Committed()

    def damage(self, statement: str, **values: Any) -> None:
        """Change the file behind the store's back; exactly one row."""
        with self.engine.connect() as connection:
            assert connection.execute(text(statement), values).rowcount == 1, statement

    def damage_all(self, statement: str, **values: Any) -> None:
        """The same of several rows, one at least."""
        with self.engine.connect() as connection:
            assert connection.execute(text(statement), values).rowcount >= 1, statement

    def value(self, question: str) -> Any:
        """Read one value of the file."""
        with self.engine.connect() as connection:
            return connection.execute(text(question)).scalar_one()

    def flip(self, table: str, column: str, where: str, byte: int = 0) -> None:
        """Flip one bit of one byte (counted from the start, or from the end below 0) of a stored blob or text."""
        before = self.value(f"SELECT {column} FROM {table} WHERE {where}")  # noqa: S608 - names made up by the tests
        changed = bytearray(before if isinstance(before, bytes) else before.encode())
        changed[byte] ^= 1
        after = bytes(changed) if isinstance(before, bytes) else changed.decode()
        self.damage(f"UPDATE {table} SET {column} = :after WHERE {where}", after=after)  # noqa: S608 - names made up by the tests

    def verify(self) -> StoreVerdict:
        """Verify the whole stored ledger."""
        return verify_store(self.reader, self.vault, KEY.verifier)
