"""Migrations of the database, by alembic. `gateway.store.schema.prepare` runs them; no alembic.ini is needed."""
