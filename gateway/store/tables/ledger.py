"""The ledger: leaves, the tiles of the tree, signed checkpoints, and the keys of the commitments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from gateway.store.tables.partial import partial
from gateway.store.types import Blob, Serial, UtcDateTime


class LeafRow(SQLModel, table=True):
    """A committed leaf: its canonical bytes and hash. `tree_index` is null until the integrator has placed it."""

    __tablename__ = "leaf"
    __table_args__ = (
        partial("leaf_pending", "tree_index IS NULL", "serial"),
        Index("leaf_exchange", "exchange"),
        Index("leaf_case", "case_id"),
    )

    serial: int | None = Field(default=None, sa_column=Column(Serial, primary_key=True, autoincrement=True))
    id: str = Field(unique=True)
    exchange: str | None = None
    case_id: str | None = None
    canonical: bytes = Field(sa_type=Blob)
    hash: bytes = Field(sa_type=Blob)
    tree_index: int | None = Field(default=None, unique=True)


class TileRow(SQLModel, table=True):
    """Up to 256 hashes of the tree at one level, as C2SP tlog-tiles lays them out."""

    __tablename__ = "tile"

    level: int = Field(primary_key=True)
    number: int = Field(primary_key=True)
    hashes: bytes = Field(sa_type=Blob)


class CheckpointRow(SQLModel, table=True):
    """A signed checkpoint, by the tree size that it covers; `previous` is the size of the one before it, or 0."""

    __tablename__ = "checkpoint"

    size: int = Field(primary_key=True)
    previous: int
    note: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=UtcDateTime)


class LedgerKeyRow(SQLModel, table=True):
    """A key that signs checkpoints, as its verifier key; `ended_at` is null while it does."""

    __tablename__ = "ledger_key"

    verifier: str = Field(primary_key=True)
    began_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class TreeHeadRow(SQLModel, table=True):
    """The single row that an integrator advances: the size of the tree."""

    __tablename__ = "tree_head"

    id: int = Field(primary_key=True)
    size: int


class DataKeyRow(SQLModel, table=True):
    """A key of one person, of one case, or of one day without a case; wrapped by the key of `under`, or the master key.

    An empty `wrapped` is what an erasure leaves of one.
    """

    __tablename__ = "data_key"

    scope: str = Field(primary_key=True)
    wrapped: bytes = Field(sa_type=Blob)
    under: str | None = Field(default=None, index=True)


class ToSealRow(SQLModel, table=True):
    """A table in which an older version left bodies in clear, or keys that no dossier wraps; gone once it is done."""

    __tablename__ = "to_seal"

    name: str = Field(primary_key=True)


class DossierRow(SQLModel, table=True):
    """Under which key the cases of a person stand, found by a keyed digest of the NIK, else of the NPWP."""

    __tablename__ = "dossier"

    digest: str = Field(primary_key=True)
    scope: str = Field(unique=True)
