"""Runs migrations on the connection that `gateway.store.schema` hands over, inside its transaction."""

from __future__ import annotations

from alembic import context

from gateway.store.schema import OPTIONS

context.configure(connection=context.config.attributes["connection"], **OPTIONS)
context.run_migrations()
