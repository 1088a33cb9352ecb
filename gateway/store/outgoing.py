"""What a worker holds of a delivery: plain values. A row class of SQLModel costs as much to make as a statement.

StoredDelivery   the delivery as it was read, of its columns those that its sending asks for
Provision        what else its preparation needs, read for a whole batch of claims together
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

from gateway.store.tables import DeliveryRow


@dataclass(frozen=True, kw_only=True)
class StoredDelivery:
    """A delivery as it stood when it was read; the columns are those of DeliveryRow.

    One that was claimed has its texts sealed, until it is prepared; everybody else reads it opened.
    """

    id: str
    agency: str
    interaction: str
    agreement: str
    agreement_version: str
    case_id: str
    case_version: int
    ask_kind: str
    ask_body: str
    state: str
    message_id: str
    made_at: datetime
    attempts: int
    fence: int
    lease_until: datetime | None
    payload: str | None
    cause: str | None
    last_attempt: int
    outcome: str | None

    @property
    def reference(self) -> str:
        """`<agreement>/<version>` that it was made, or last sent, under."""
        return f"{self.agreement}/{self.agreement_version}"

    @classmethod
    def of(cls, row: DeliveryRow) -> StoredDelivery:
        """The same, of a row."""
        return cls(**{name: getattr(row, name) for name in COLUMNS})


COLUMNS = tuple(each.name for each in fields(StoredDelivery))
"""The columns that are read of a delivery."""


class StoredFact(NamedTuple):
    """Of a fact of a case what its reading needs, `seq` being its number in the case."""

    case_id: str
    seq: int
    kind: str
    body: str
    occurred_at: datetime


class WrappedKey(NamedTuple):
    """A stored data key: wrapped by the master key, or by the key `under`, whose own stored form is `outer`."""

    wrapped: bytes
    under: str | None
    outer: bytes | None

    @property
    def is_destroyed(self) -> bool:
        """Whether an erasure ended it, or what wraps it."""
        return not self.wrapped or self.outer == b""


class Provision(NamedTuple):
    """The facts of a delivery's case (they never change), and its sealed data key (None: there was none).

    The key was read after `generation`: while the registry still stands there, the key does too.
    """

    generation: int | None
    sealed_key: WrappedKey | None
    facts: Collection[StoredFact]
