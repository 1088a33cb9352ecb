"""Which `erased` leaf tells that the bodies of an exchange are gone: that leaf says exactly which ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Add `exchange.gone_by`; take `erased.until` away, which that leaf says itself."""
    op.add_column("exchange", sa.Column("gone_by", sa.String(), nullable=True))
    op.drop_column("erased", "until")
