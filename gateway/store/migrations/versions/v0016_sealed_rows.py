"""Deliveries, files of records, PINs and reasons are sealed: what an older version stored is, when it is opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = (
    *("delivery", "attempt", "batch", "batch_piece", "batch_held", "batch_left_out", "pin_challenge"),
    *("reconciliation_piece", "reconciliation_settled", "restricted_read"),
)


def upgrade() -> None:
    """Note which of these tables have rows."""
    noted = [
        {"name": each}
        for each in TABLES
        if op.get_bind().execute(sa.select(sa.literal(1)).select_from(sa.table(each)).limit(1)).first() is not None
    ]
    if noted:
        op.bulk_insert(sa.table("to_seal", sa.column("name", sa.String())), noted)
