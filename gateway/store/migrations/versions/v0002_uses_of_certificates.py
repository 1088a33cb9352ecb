"""What a certificate is used for: signing, encryption, TLS. Those registered before were registered for signing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add `certificate.uses`."""
    with op.batch_alter_table("certificate") as table:
        table.add_column(sa.Column("uses", sa.String(), nullable=False, server_default="sign"))
