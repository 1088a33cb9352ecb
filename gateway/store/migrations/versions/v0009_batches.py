"""Files of records: their manifests, their pieces and results, and the records that are put aside."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

COUNTS = ("received", "read", "position", "accepted", "declined", "invalid", "failed", "held", "result_size")
OFFICE_AT_WORK = "'making', 'sealing', 'announcing', 'sending', 'awaiting', 'fetching', 'applying', 'ending'"


def upgrade() -> None:
    """Add four tables."""
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "batch",
        *(
            sa.Column(name, sa.String(), nullable=False)
            for name in ("id", "direction", "agency", "interaction", "name", "agreement", "agreement_version")
        ),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("records", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ends_as", sa.String(), nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("ended_at", instant, nullable=True),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in COUNTS),
        sa.Column("result_sha256", sa.String(), nullable=True),
        sa.Column("due_at", instant, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", instant, nullable=True),
        sa.Column("wanted", sa.Text(), nullable=True),
        sa.Column("cursor", sa.String(), nullable=False),
        sa.Column("left_out", sa.BigInteger(), nullable=False),
        sa.Column("upload", sa.String(), nullable=True),
        sa.Column("piece_size", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("answer_size", sa.BigInteger(), nullable=False),
        sa.Column("lacking", sa.BigInteger(), nullable=False),
        sa.Column("stopped_in", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("batch_name", "batch", ["direction", "agency", "interaction", "name"], unique=True)
    op.create_index("batch_made", "batch", ["made_at", "id"])
    at_work = sa.text("state IN ('verifying', 'reading', 'closing')")
    op.create_index("batch_due", "batch", ["due_at", "id"], sqlite_where=at_work, postgresql_where=at_work)
    office = sa.text(f"state IN ({OFFICE_AT_WORK})")
    op.create_index("batch_due_office", "batch", ["due_at", "id"], sqlite_where=office, postgresql_where=office)
    op.create_table(
        "batch_piece",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "side", "position"),
    )
    op.create_table(
        "batch_held",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", instant, nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "number"),
    )
    op.create_table(
        "batch_left_out",
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("batch", "case_id"),
    )
