"""Witnesses of the ledger and their co-signatures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    """Add two tables."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "witness",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "verifier", "state", "proposed_by")),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("url", "agency", "approved_by")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("interval_s", "size", "failures")),
        sa.Column("proposed_at", instant, nullable=False),
        *(sa.Column(name, instant, nullable=True) for name in ("approved_at", "seen_at", "next_at", "alerted_at")),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("trouble", "refusal")),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "cosignature",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("witness", sa.String(), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("signed_at", instant, nullable=False),
        sa.PrimaryKeyConstraint("size", "witness"),
    )
