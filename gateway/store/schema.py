"""The shape of the database, and bringing one to it.

Migrations live in `gateway/store/migrations/versions` and are numbered 0001, 0002, ... To write the next one, change
the tables, add a file that revises the last, and run the tests: they compare the migrated database with the tables.
A database that has the newest form needs no alembic, which a hub would keep in memory for as long as it runs.
"""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, func, inspect, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlmodel import SQLModel

import gateway.store.tables  # noqa: F401 - declares the tables on SQLModel.metadata
from gateway.domain.errors import Misconfigured
from gateway.store.engine import is_shared
from gateway.store.soundness import refuse_old
from gateway.store.tables.partial import told_to
from gateway.store.unit_of_work import whole
from gateway.store.unit_of_work.bulk import MARK, unfinished

if TYPE_CHECKING:
    from alembic.config import Config

OPTIONS: dict[str, Any] = {
    "target_metadata": SQLModel.metadata,
    "compare_type": True,
    "render_as_batch": True,
    # `prepare` has begun the one transaction that all migrations share; alembic begins none of its own.
    "transactional_ddl": False,
}


VERSION_TABLE = "alembic_version"
_SCRIPT = re.compile(r"v([0-9]{4})_\w+\.py")

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


def prepare(engine: Engine, *, unfinished_too: bool = False) -> str:
    """Bring an empty or older database to the newest form, whole or not at all; does nothing to one that has it.

    Gives the revision that the database is at now. Several processes may call it at once. There is no way back: a
    backup from before is. Raises Misconfigured for a database that cannot be opened, that belongs to something else,
    that a newer version has migrated, or that is an unfinished copy (unless those are asked for too: by who copies).
    """
    name = engine.dialect.name
    try:
        with whole(engine) as connection:
            if is_shared(engine):
                _take_turn(connection)
            if not unfinished_too:
                _refuse_unfinished(connection)
            if not _is_newest(connection):
                _upgrade(connection)
            return newest()
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


def revision_of(connection: Connection) -> str | None:
    """The revision that a database is at; None before its first migration."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    at: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608 - ours
    return at


def newest() -> str:
    """The revision that this version brings a database to."""
    return _revisions()[-1]


def differences(engine: Engine) -> list[Any]:
    """What a database has otherwise than the tables of this version say, as alembic tells it; empty when nothing."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        told_to(SQLModel.metadata, connection)
        return list(compare_metadata(MigrationContext.configure(connection, opts=OPTIONS), SQLModel.metadata))


def _refuse_unfinished(connection: Connection) -> None:
    source = unfinished(connection)
    if source is not None:
        raise Misconfigured(
            f"this store is an unfinished copy of {source}: run `simojo store copy` again until it says verified, or"
            " point SIMOJO_DATABASE_URL at the store that is whole",
            code="copy-unfinished",
        )


def _is_newest(connection: Connection) -> bool:
    """Whether there is nothing to do. Refuses what an upgrade must not touch."""
    at = revision_of(connection)
    if at is None and (others := set(inspect(connection).get_table_names()) - {MARK}):
        raise Misconfigured(
            f"the database holds tables that no migration made ({', '.join(sorted(others)[:5])});"
            " point SIMOJO_DATABASE_URL at a new, empty database"
        )
    known = _revisions()
    if at is not None and at not in known:
        raise Misconfigured(
            f"the database is at revision {at}, which is newer than this version knows ({', '.join(known)});"
            " install the version that wrote it, or restore a backup from before"
        )
    return at == known[-1]


def _revisions() -> list[str]:
    """The revisions that this version knows, the newest last: the numbers of the files (`v0006_lanes.py` is 0006)."""
    names = [each.name for each in files("gateway.store.migrations.versions").iterdir()]
    return sorted(found[1] for name in names if (found := _SCRIPT.fullmatch(name)))


def _upgrade(connection: Connection) -> None:
    from alembic import command

    command.upgrade(_config(connection), "head")


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "gateway.store:migrations")
    return config
