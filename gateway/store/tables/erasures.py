"""Erasures of people's data: who ordered one and why, what was ended, and the leaves that say so. Nobody is named."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from gateway.store.types import UtcDateTime

UNDER_WAY = ("approved", "destroyed")
"""States in which there is still something to do for an erasure."""


class ErasureRow(SQLModel, table=True):
    """The erasure of one dossier, which `dossier` names by its random scope.

    `state`: `proposed`; `approved` once a second person said so, and nothing new begins under the dossier; `destroyed`
    once its keys are gone; `done` once the sealed bodies are blanked and the storage is swept; or `refused`. `basis` is
    the legal one, `reason` and `permit_reason` are the words of who proposed it (why a standing permit is not kept),
    `refused_because` those of who refused. `cases` counts those that it ended.
    """

    __tablename__ = "erasure"
    __table_args__ = (Index("erasure_proposed", "proposed_at", "id"), Index("erasure_state", "state"))

    id: str = Field(primary_key=True)
    dossier: str = Field(index=True)
    state: str
    basis: str
    reason: str = Field(sa_type=Text)
    permit_reason: str | None = Field(default=None, sa_type=Text)
    cases: int = 0
    proposed_by: str
    proposed_at: datetime = Field(sa_type=UtcDateTime)
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    refused_because: str | None = Field(default=None, sa_type=Text)
    destroyed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    swept_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ErasedRow(SQLModel, table=True):
    """Where the `erased` leaf of a scope is found: an index into the ledger, which alone proves it."""

    __tablename__ = "erased"

    leaf: str = Field(primary_key=True)
    scope: str = Field(index=True)


class ErasedFileRow(SQLModel, table=True):
    """A file of records whose bytes are removed: it named a case that was erased; "": its time of keeping is over."""

    __tablename__ = "erased_file"

    batch: str = Field(primary_key=True)
    case_id: str
