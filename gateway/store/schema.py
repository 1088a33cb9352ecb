"""The shape of the database, and bringing one to it.

Migrations live in `gateway/store/migrations/versions` and are numbered 0001, 0002, ... To write the next one, change
the tables, add a file that revises the last, and run the tests: they compare the migrated database with the tables.
"""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import SQLModel

import gateway.store.tables  # noqa: F401 - declares the tables on SQLModel.metadata
from gateway.domain.errors import Misconfigured
from gateway.store.unit_of_work import whole

OPTIONS: dict[str, Any] = {
    "target_metadata": SQLModel.metadata,
    "compare_type": True,
    "render_as_batch": True,
    # `prepare` has begun the one transaction that all migrations share; alembic begins none of its own.
    "transactional_ddl": False,
}


def prepare(engine: Engine) -> str:
    """Bring an empty or older database to the newest form, whole or not at all; does nothing to one that has it.

    Gives the revision that the database is at now. Several processes may call it at once. Raises Misconfigured for a
    database that cannot be opened, that belongs to something else, or that a newer version has migrated.
    """
    scripts = ScriptDirectory.from_config(_config())
    try:
        with whole(engine) as connection:
            _check(connection, scripts)
            command.upgrade(_config(connection), "head")
            return str(MigrationContext.configure(connection).get_current_revision())
    except SQLAlchemyError as error:
        raise Misconfigured(
            f"the database cannot be opened or migrated ({error}); see that SIMOJO_DATABASE_URL names a file that this"
            " user may write, in a directory that exists and has space"
        ) from error


def differences(engine: Engine) -> list[Any]:
    """What a database has otherwise than the tables of this version say, as alembic tells it; empty when nothing."""
    with engine.connect() as connection:
        return list(compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), SQLModel.metadata))


def _check(connection: Connection, scripts: ScriptDirectory) -> None:
    """Refuse what an upgrade must not touch."""
    at = MigrationContext.configure(connection).get_current_revision()
    if at is None and (others := inspect(connection).get_table_names()):
        raise Misconfigured(
            f"the database holds tables that no migration made ({', '.join(sorted(others)[:5])});"
            " point SIMOJO_DATABASE_URL at a new file"
        )
    known = {script.revision for script in scripts.walk_revisions()}
    if at is not None and at not in known:
        raise Misconfigured(
            f"the database is at revision {at}, which is newer than this version knows ({', '.join(sorted(known))});"
            " install the version that wrote it, or restore a backup from before"
        )


def _config(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "gateway.store:migrations")
    return config
