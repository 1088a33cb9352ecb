"""The key of each certificate, so that a revoked key is known again. Rows from before have none: it is in their PEM."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add `certificate.spki_sha256`."""
    with op.batch_alter_table("certificate") as table:
        table.add_column(sa.Column("spki_sha256", sa.String(), nullable=True))
