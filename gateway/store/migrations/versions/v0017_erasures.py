"""Erasures of people's data, and where the leaves stand that prove them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add three tables."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "erasure",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("id", "dossier", "state", "basis")),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("permit_reason", sa.Text(), nullable=True),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", instant, nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", instant, nullable=True),
        sa.Column("refused_because", sa.Text(), nullable=True),
        *(sa.Column(name, instant, nullable=True) for name in ("destroyed_at", "swept_at", "done_at")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("erasure_proposed", "erasure", ["proposed_at", "id"])
    op.create_index("erasure_state", "erasure", ["state"])
    op.create_index("ix_erasure_dossier", "erasure", ["dossier"])
    op.create_table(
        "erased",
        sa.Column("leaf", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("until", instant, nullable=True),
        sa.PrimaryKeyConstraint("leaf"),
    )
    op.create_index("ix_erased_scope", "erased", ["scope"])
    op.create_table(
        "erased_file",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("batch"),
    )
