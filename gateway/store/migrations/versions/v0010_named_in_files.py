"""What agencies' files have named and what they should have; payments by their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add a table and an index. Cases that earlier files named are not in it."""
    op.create_table(
        "batch_named",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("agency", "interaction", "case_id", "batch")),
        sa.Column("is_named", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agency", "interaction", "case_id"),
    )
    op.create_index("batch_named_batch", "batch_named", ["batch", "case_id"])
    by_time = sa.text("kind IN ('PaymentReceived')")
    op.create_index(
        "case_event_at",
        "case_event",
        ["occurred_at", "case_id", "seq"],
        sqlite_where=by_time,
        postgresql_where=by_time,
    )
