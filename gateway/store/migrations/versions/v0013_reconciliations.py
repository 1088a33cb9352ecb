"""Reconciliations with agencies' lists, their results, and the differences that were settled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add three tables."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "reconciliation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("until", instant, nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("source", "actor", "state")),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        sa.Column("list_sha256", sa.String(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("differences", "unsettled", "tree_size", "result_size")
        ),
        sa.Column("result_sha256", sa.String(), nullable=True),
        sa.Column("kept_until", instant, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("reconciliation_made", "reconciliation", ["made_at", "id"])
    op.create_table(
        "reconciliation_piece",
        sa.Column("reconciliation", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("reconciliation", "number"),
    )
    op.create_table(
        "reconciliation_settled",
        sa.Column("reconciliation", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("reconciliation", "number"),
    )
