"""Dossier keys, and bodies that are sealed: those of an older store are sealed when it is opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = ("data_key", "case_event", "permit_case", "document", "exchange_part")


def upgrade() -> None:
    """Add a table and `data_key.under`; note that old bodies are to be sealed, where there are any."""
    op.create_table(
        "dossier",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
        sa.UniqueConstraint("scope"),
    )
    op.add_column("data_key", sa.Column("under", sa.String(), nullable=True))
    op.create_index("ix_data_key_under", "data_key", ["under"])
    to_seal = op.create_table(
        "to_seal", sa.Column("name", sa.String(), nullable=False), sa.PrimaryKeyConstraint("name")
    )
    keys = sa.table("data_key", sa.column("scope"))
    if op.get_bind().execute(sa.select(keys.c.scope).limit(1)).first() is not None:
        op.bulk_insert(to_seal, [{"name": each} for each in TABLES])
