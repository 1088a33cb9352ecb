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
from sqlalchemy import Connection, Engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import SQLModel

import gateway.store.tables  # noqa: F401 - declares the tables on SQLModel.metadata
from gateway.domain.errors import Misconfigured
from gateway.store.engine import is_shared
from gateway.store.soundness import refuse_old
from gateway.store.unit_of_work import whole

OPTIONS: dict[str, Any] = {
    "target_metadata": SQLModel.metadata,
    "compare_type": True,
    "render_as_batch": True,
    # `prepare` has begun the one transaction that all migrations share; alembic begins none of its own.
    "transactional_ddl": False,
}


MIGRATING = 0x51_40_10
"""The advisory lock of who migrates; any number that nothing else uses."""

_HOW_IT_ORDERS = """
    SELECT pg_encoding_to_char(encoding), 'Z'::text < 'a'::text AND '~'::text < 'é'::text
    FROM pg_database WHERE datname = current_database()
"""

_TO_SEE = {
    "sqlite": "SIMOJO_DATABASE_URL names a file that this user may write, in a directory that exists and has space",
    "postgresql": "SIMOJO_DATABASE_URL names a server that runs, a database that exists, and a user who owns it",
}


def prepare(engine: Engine) -> str:
    """Bring an empty or older database to the newest form, whole or not at all; does nothing to one that has it.

    Gives the revision that the database is at now. Several processes may call it at once. Raises Misconfigured for a
    database that cannot be opened, that belongs to something else, or that a newer version has migrated.
    """
    scripts, name = ScriptDirectory.from_config(_config()), engine.dialect.name
    try:
        with whole(engine) as connection:
            if is_shared(engine):
                _take_turn(connection)
            _check(connection, scripts)
            command.upgrade(_config(connection), "head")
            return str(MigrationContext.configure(connection).get_current_revision())
    except SQLAlchemyError as error:
        # what the driver says, without the statement and the address of an essay that SQLAlchemy adds
        said = error.orig if isinstance(error, DBAPIError) and error.orig else error
        raise Misconfigured(f"the database cannot be opened or migrated ({said}); see that {_TO_SEE[name]}") from error


def _take_turn(connection: Connection) -> None:
    """Wait for whoever migrates this server's database now; and refuse one that would break what is stored.

    Orders of text and bytes must be the same everywhere (paging, the order of keys), and an index must outlive an
    upgrade of the system's C library: so the database's own order has to be that of bytes.
    """
    refuse_old(connection.dialect.server_version_info)
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SET LOCAL lock_timeout = 0"))
    connection.execute(select(func.pg_advisory_xact_lock(MIGRATING)))
    encoding, by_bytes = connection.execute(text(_HOW_IT_ORDERS)).one()
    if encoding != "UTF8" or not by_bytes:
        order = "bytes" if by_bytes else "a language"
        raise Misconfigured(
            f"the database has encoding {encoding} and orders text by {order}; UTF8 and the order of bytes are needed."
            " Make it with:"
            " CREATE DATABASE simojo ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0",
            code="database-collation",
        )


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
            " point SIMOJO_DATABASE_URL at a new, empty database"
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
