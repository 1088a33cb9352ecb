"""What an official gives for one certified signature, held sealed for minutes; and the NIK that the service knows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add a table, its index, and `staff.nik`."""
    op.create_table(
        "held_secret",
        sa.Column("challenge", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("challenge"),
    )
    op.create_index("ix_held_secret_expires_at", "held_secret", ["expires_at"])
    op.add_column("staff", sa.Column("nik", sa.String(), nullable=True))
