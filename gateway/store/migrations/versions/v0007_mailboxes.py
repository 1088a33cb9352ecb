"""Mailboxes: what lies in them, what was collected, and until when the agency is expected to do either.

Two indexes that stood on `awaiting` alone stand on the states of a mailbox as well.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_OWED = "state IN ('awaiting', 'laid-down', 'collected')"
PARTIAL = (
    ("delivery_reminder", ("remind_at",), _OWED),
    ("delivery_overdue", ("answer_due_at",), _OWED),
    ("delivery_mailbox", ("agency", "made_at", "id"), "state IN ('laid-down', 'collected')"),
    ("delivery_collected", ("due_at",), "state = 'collected'"),
)


def upgrade() -> None:
    """Make two indexes anew, and add two."""
    for name in ("delivery_reminder", "delivery_overdue"):
        op.drop_index(name, "delivery")
    for name, columns, condition in PARTIAL:
        where = sa.text(condition)
        op.create_index(name, "delivery", list(columns), sqlite_where=where, postgresql_where=where)
