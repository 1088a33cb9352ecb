"""A copy of a template is what the template is, whatever the tests before did to theirs."""

from __future__ import annotations

import re
from pathlib import Path

from tests.databases import Behind, Databases
from tests.store.conftest import migrated

__all__ = ["migrated"]

LEAF = "INSERT INTO leaf (id, canonical, hash) VALUES ('a', :bytes, :bytes)"


def test_a_copy_is_what_its_template_is(databases: Databases, migrated: str) -> None:
    for _ in range(3):
        with databases.new(migrated) as url, Behind(url) as behind:
            assert [name for name, rows in behind.rows().items() if rows] == ["alembic_version"]
            behind.execute("INSERT INTO counter VALUES ('a', 1)")
            behind.execute(LEAF, bytes=b"a")
            assert behind.execute("SELECT serial FROM leaf").scalar_one() == 1  # sequences begin anew too
            behind.execute("DELETE FROM alembic_version")


def test_a_copy_whose_tables_were_changed_is_not_used_again(databases: Databases, migrated: str) -> None:
    for change in ("DROP TABLE counter", "ALTER TABLE counter ADD COLUMN more TEXT", "CREATE TABLE other (a INT)"):
        with databases.new(migrated) as url, Behind(url) as behind:
            behind.execute(change)
        with databases.new(migrated) as url, Behind(url) as behind:
            assert "other" not in behind.rows()
            behind.execute("INSERT INTO counter VALUES ('a', 1)")  # there, and of two columns


ONE_ENGINE = {
    "batch/office.py": "a hub process on a file, or on the database that it is given",
    "benchmarks/test_bench.py": "the bench furnishes its own stores, on either engine; one shows that its parts fit",
    "cli/test_refused_starts.py": "each engine refuses for causes of its own: files here, servers there",
    "cli/test_serve.py": "workers are PostgreSQL's case; signals are the same for both",
    "cli/test_start.py": "URLs that cannot be opened",
    "cli/test_store.py": "an office is moved from one engine to the other",
    "crash/test_crash.py": "one test for each engine",
    "databases.py": "makes them",
    "demo/plays.py": "the demo is played on SQLite, as people type it",
    "edge/test_hostile.py": "its twin on SQLite stands beside it",
    "erasing/test_erased_whole.py": "one test for each engine, with hubs that are processes",
    "exchange/stage.py": "SQLite where no URL is given: benchmarks and fuzzing",
    "office/house.py": "the same",
    "operations/test_store_fault.py": "a disk is filled here, and room is used there",
    "operations/test_store_copy.py": "copies go from each engine to the other",
    "postgres.py": "a real server",
    "recycling.py": "databases of PostgreSQL that are used again",
    "store/conftest.py": "a disk can be filled only where the store is a file",
    "store/test_engine.py": "how SQLite is opened, and URLs that cannot be",
    "store/test_exclusive.py": "the lock of a hub on its file, and that a server needs none",
    "store/test_faults.py": "a file whose pages are damaged",
    "store/test_leadership.py": "leaders are PostgreSQL's case; that the only process leads is SQLite's",
    "store/test_listening.py": "only a server can be listened to",
    "store/test_reading_often.py": "connections are kept where the store is a file",
    "store/test_schema.py": "what cannot be opened, and a server's encoding",
    "store/test_soundness.py": "what each engine promises",
    "store/test_two_processes.py": "a server that is killed; the rest of it has both engines",
    "store/test_unit_of_work.py": "a disk can be filled only where the store is a file",
    "store/versions/dump.py": "makes a file, not a test",
}
"""Test files that name an engine, and why: whatever else touches the store asks for `databases`, and so has both."""


def test_who_names_an_engine_says_why() -> None:
    root = Path(__file__).parent
    named = re.compile(r"sqlite://|sqlite_engine|server\.create\(|server: Server\b|open_town\(|database_away\(")
    apart = ("interop", "fuzz", "crash")  # make test-interop, make fuzz, make crash; of the last test_crash is a test
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        if named.search(path.read_text(encoding="utf-8"))
        and (path.relative_to(root).parts[0] not in apart or path.name == "test_crash.py")
        and path != Path(__file__)
    }
    assert found == set(ONE_ENGINE)
