"""A copy of a template is what the template is, whatever the tests before did to theirs."""

from __future__ import annotations

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
