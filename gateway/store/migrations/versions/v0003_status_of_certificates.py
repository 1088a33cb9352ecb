"""Chains, revocation status, challenges, the hub's own certificates, alerts. Certificates from before have no chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add `certificate.chain` and four tables."""
    instant = sa.DateTime(timezone=True)
    with op.batch_alter_table("certificate") as table:
        table.add_column(sa.Column("chain", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "certificate_status",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("asked_at", instant, nullable=False),
        sa.Column("this_update", instant, nullable=True),
        sa.Column("next_update", instant, nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("revoked_at", instant, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_table(
        "possession_challenge",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("nonce", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("made_at", instant, nullable=False),
        sa.Column("used_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("fingerprint", "nonce"),
    )
    op.create_table(
        "hub_certificate",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("signs_from", instant, nullable=True),
        sa.Column("signs_until", instant, nullable=True),
        sa.PrimaryKeyConstraint("fingerprint"),
    )
    op.create_table(
        "certificate_alert",
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("at", instant, nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", "days"),
    )
