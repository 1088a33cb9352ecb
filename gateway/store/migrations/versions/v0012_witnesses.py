"""Witnesses of the ledger, their co-signatures, and timestamps of checkpoints."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add three tables."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "witness",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("name", "verifier")),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("url", "agency")),
        sa.Column("interval_s", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("state", "proposed_by")),
        sa.Column("proposed_at", instant, nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", instant, nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("seen_at", instant, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", instant, nullable=True),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("trouble", "refusal")),
        sa.Column("alerted_at", instant, nullable=True),
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
    op.create_table(
        "timestamp_token",
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
