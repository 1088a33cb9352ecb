"""Reconciliations: when a run last gave a sign, and the batch whose records it compares. Keys of the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0015"


def upgrade() -> None:
    """Add two columns and a table. A run from before is told broken off by the time at which it began."""
    op.add_column("reconciliation", sa.Column("alive_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reconciliation", sa.Column("batch", sa.String(), nullable=True))
    op.create_table(
        "ledger_key",
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("verifier"),
    )
