"""Claims by lane, circuit breakers, causes and answer times of deliveries; indexes that leave out what is done.

Attempts from before are numbered by their fence. What is dead gets its outcome from its exchange.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

PARTIAL = (
    ("delivery_due", ("agency", "interaction", "due_at", "id"), "state IN ('queued', 'not-sent', 'unknown')"),
    ("delivery_held", ("queue", "position"), "state NOT IN ('awaiting', 'answered', 'cancelled')"),
    ("delivery_leased", ("agency", "interaction", "lease_until"), "lease_until IS NOT NULL"),
    ("delivery_unfinished", ("state", "made_at", "id"), "state NOT IN ('answered', 'cancelled')"),
    ("delivery_reminder", ("remind_at",), "state = 'awaiting'"),
    ("delivery_overdue", ("answer_due_at",), "state = 'awaiting'"),
)


def upgrade() -> None:
    """Add four columns, two tables and six indexes; drop two."""
    instant = sa.DateTime(timezone=True)
    op.drop_index("delivery_due", "delivery")
    op.drop_index("delivery_queue", "delivery")
    for column in (
        sa.Column("last_attempt", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("answer_due_at", instant, nullable=True),
        sa.Column("remind_at", instant, nullable=True),
    ):
        op.add_column("delivery", column)
    delivery = sa.table("delivery", *(sa.column(each) for each in ("id", "state", "fence", "last_attempt", "outcome")))
    exchange = sa.table("exchange", sa.column("id"), sa.column("code"))
    code = sa.select(exchange.c.code).where(exchange.c.id == delivery.c.id).scalar_subquery()
    op.execute(sa.update(delivery).values(last_attempt=delivery.c.fence))
    op.execute(sa.update(delivery).where(delivery.c.state == "dead").values(outcome=code))
    for name, columns, condition in PARTIAL:
        where = sa.text(condition)
        op.create_index(name, "delivery", list(columns), sqlite_where=where, postgresql_where=where)
    op.create_table(
        "lane",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("interaction", sa.String(), nullable=False),
        sa.Column("paced_until", instant, nullable=True),
        sa.Column("held_until", instant, nullable=True),
        sa.Column("held_at", instant, nullable=True),
        sa.PrimaryKeyConstraint("agency", "interaction"),
    )
    op.create_table(
        "circuit",
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("interaction", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("opened_at", instant, nullable=True),
        sa.Column("open_until", instant, nullable=True),
        sa.Column("probe_until", instant, nullable=True),
        sa.Column("cause", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("agency", "interaction"),
    )
