"""A database is brought to the form that the tables say, whole or not at all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect
from sqlmodel import SQLModel

import gateway.store.migrations.versions as versions
from gateway.domain.errors import Misconfigured
from gateway.store.engine import open_engine
from gateway.store.schema import differences, prepare
from tests.databases import Databases
from tests.postgres import Server

WORDED = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL",
    "postgresql": """
        SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT * FROM (
            SELECT table_name, concat(column_name, data_type, is_nullable, column_default)
            FROM information_schema.columns
            WHERE table_schema = 'public' ORDER BY table_name, ordinal_position
        ) AS columns""",
}
HEAD = max(path.name[1:5] for path in Path(versions.__file__).parent.glob("v*.py"))


@pytest.fixture
def empty(databases: Databases) -> Iterator[Engine]:
    with databases.new() as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


def run(engine: Engine, statement: str) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)


def written(engine: Engine) -> dict[str, str]:
    """Each table and index as the database itself words it, without white space, quotes and names of keys."""
    asked = WORDED[engine.dialect.name]
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(asked).all()
    found: dict[str, str] = {}
    for name, said in rows:
        found[name] = found.get(name, "") + "".join(said.split()).replace('"', "")
    return {name: said for name, said in found.items() if not name.startswith("alembic_version")}


def test_an_empty_database_gets_every_table_as_the_models_say(empty: Engine) -> None:
    assert prepare(empty) == HEAD
    assert set(inspect(empty).get_table_names()) == {*SQLModel.metadata.tables, "alembic_version"}
    assert differences(empty) == []


def test_the_migrated_database_is_word_for_word_the_one_that_the_models_make(
    empty: Engine, databases: Databases
) -> None:
    prepare(empty)
    with databases.new() as url:
        direct = open_engine(url)
        SQLModel.metadata.create_all(direct)
        assert written(empty) == written(direct)
        direct.dispose()


def test_differences_names_what_is_missing_or_too_much(engine: Engine) -> None:
    run(engine, "DROP INDEX exchange_identity")
    run(engine, "ALTER TABLE agency ADD COLUMN extra TEXT")
    assert {each[0] for each in differences(engine)} == {"add_index", "remove_column"}


def test_preparing_again_changes_nothing(empty: Engine) -> None:
    prepare(empty)
    before = written(empty)
    run(empty, "INSERT INTO counter (name, value) VALUES ('kept', 7)")
    assert prepare(empty) == HEAD
    assert written(empty) == before
    with empty.connect() as connection:
        assert connection.exec_driver_sql("SELECT value FROM counter").scalar_one() == 7


def test_many_may_prepare_at_once(databases: Databases) -> None:
    with databases.new() as url:
        engines = [open_engine(url) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(prepare, engines)) == [HEAD] * 4
        assert differences(engines[0]) == []
        for engine in engines:
            engine.dispose()


def test_a_database_newer_than_the_code_is_refused_and_left_alone(engine: Engine) -> None:
    run(engine, "UPDATE alembic_version SET version_num = '9999'")
    before = written(engine)
    with pytest.raises(Misconfigured, match="9999, which is newer"):
        prepare(engine)
    assert written(engine) == before


def test_a_database_of_something_else_is_refused_and_left_alone(empty: Engine) -> None:
    run(empty, "CREATE TABLE recipes (id INTEGER PRIMARY KEY)")
    with pytest.raises(Misconfigured, match="recipes"):
        prepare(empty)
    assert inspect(empty).get_table_names() == ["recipes"]


def test_a_migration_that_fails_leaves_nothing_behind(empty: Engine) -> None:
    run(empty, "CREATE VIEW permit_case AS SELECT 1")
    with pytest.raises(Misconfigured, match="permit_case"):
        prepare(empty)
    assert inspect(empty).get_table_names() == []
    run(empty, "DROP VIEW permit_case")
    assert prepare(empty) == HEAD


def test_a_file_that_cannot_be_opened_is_misconfigured(tmp_path: Path) -> None:
    missing = open_engine(f"sqlite:///{tmp_path / 'no' / 'such' / 'simojo.db'}")
    with pytest.raises(Misconfigured, match="SIMOJO_DATABASE_URL"):
        prepare(missing)
    (tmp_path / "letter.txt").write_text("not a database, but long enough to be looked at " * 100)
    letter = open_engine(f"sqlite:///{tmp_path / 'letter.txt'}")
    with pytest.raises(Misconfigured, match="SIMOJO_DATABASE_URL"):
        prepare(letter)


def test_a_server_that_is_not_there_is_misconfigured(tmp_path: Path) -> None:
    nobody = open_engine(f"postgresql://simojo@/simojo?host={tmp_path}")
    with pytest.raises(Misconfigured, match="names a server that runs"):
        prepare(nobody)


def test_a_database_in_another_encoding_is_refused_and_told_how_to_make_one(server: Server) -> None:
    engine = open_engine(server.create("ordered", how="LOCALE 'C' ENCODING 'LATIN1'"))
    with pytest.raises(Misconfigured, match="CREATE DATABASE simojo") as refused:
        prepare(engine)
    assert refused.value.code == "database-collation"
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    server.drop("ordered")


def _is_execute(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Attribute) and node.func.attr == "execute"


def test_migrations_use_no_type_or_statement_of_one_engine() -> None:
    files = list(Path(versions.__file__).parent.glob("v*.py"))
    assert files
    for path in files:
        tree = ast.parse(path.read_text())
        modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert modules <= {"__future__", "alembic"}, path
        called = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not called & {"dialects", "sqlite"}, path
        spoken = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_execute(node)]
        assert not [node for node in spoken if not isinstance(node.args[0], ast.Call)], path  # built, never spelled out
