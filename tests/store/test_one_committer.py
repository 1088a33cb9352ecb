"""Only the unit of work says commit, and nothing else writes: the source is read to hold it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import gateway

ROOT = Path(gateway.__file__).parent
COMMITTER = Path("store/unit_of_work")
MIGRATIONS = Path("store/migrations")
WITHIN = {Path(f"store/{name}.py") for name in ("batches", "claims", "circuits", "missing", "set_back")}
"""What writes rows that it chooses while they are locked, in a transaction that the unit of work gives and commits."""
NOT_THE_STORE = {Path("operations/reconciling/sorted_list.py")}
"""What writes a temporary file of its own and never sees a connection to the store."""
WRITES = {"insert", "update", "delete", "Insert", "Update", "Delete"}
SESSION_WRITES = {"add", "add_all", "merge", "delete", "flush", "bulk_save_objects", "bulk_insert_mappings", "begin"}
STATEMENTS = ("COMMIT", "BEGIN", "INSERT INTO", "UPDATE ", "DELETE FROM", "DROP ", "ALTER ", "REPLACE INTO")


def names_of(node: ast.AST) -> str:
    """The dotted name that an expression spells, as far as it is one."""
    if isinstance(node, ast.Attribute):
        return f"{names_of(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def faults(source: str) -> list[str]:
    """What in a module commits on a connection or session, or writes without a plan."""
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in {"sqlalchemy", "sqlmodel"}:
            found += [f"imports {each.name}" for each in node.names if each.name in WRITES]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = names_of(node.func.value).split(".")[-1].lstrip("_")
            if node.func.attr == "commit" and owner not in {"unit_of_work", "writer"}:
                found.append(f"{owner}.commit()")
            if node.func.attr in SESSION_WRITES and owner in {"session", "connection"}:
                found.append(f"{owner}.{node.func.attr}()")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found += [f"says {each.strip()}" for each in STATEMENTS if node.value.startswith(each)]
    return found


def modules() -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def test_nothing_but_the_unit_of_work_commits_or_writes() -> None:
    guilty = {
        str(path): found
        for path in modules()
        if not {COMMITTER, MIGRATIONS} & set(path.parents)
        and path not in WITHIN | NOT_THE_STORE
        and (found := faults((ROOT / path).read_text()))
    }
    assert guilty == {}


def test_what_writes_within_a_transaction_of_the_unit_of_work_ends_none() -> None:
    for path in WITHIN:
        assert {fault for fault in faults((ROOT / path).read_text()) if not fault.startswith("imports ")} == set()


def test_the_unit_of_work_is_where_it_is_said() -> None:
    found = [fault for path in modules() if COMMITTER in path.parents for fault in faults((ROOT / path).read_text())]
    assert {"says COMMIT", "says BEGIN", "says INSERT INTO", "says UPDATE", "imports delete"} <= set(found)


def test_migrations_change_tables_and_never_commit() -> None:
    for path in modules():
        if MIGRATIONS in path.parents:
            assert [fault for fault in faults((ROOT / path).read_text()) if "commit" in fault.lower()] == []


@pytest.mark.parametrize(
    "source",
    [
        "session.commit()",
        "self._session.commit()",
        "connection.exec_driver_sql('COMMIT')",
        "engine.connect().commit()",
        "session.add(row)",
        "with engine.begin() as c: connection.begin()",
        "from sqlalchemy import insert",
        "from sqlmodel import select, delete as away",
        "connection.execute(text('DELETE FROM leaf'))",
        "connection.execute(text('UPDATE leaf SET hash = 1'))",
    ],
)
def test_each_way_around_it_is_found(source: str) -> None:
    assert faults(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""COMMIT."""',
        "unit_of_work.commit(plan)",
        "self._writer.commit(plan)",
        "seen.add(1)",
        "from sqlmodel import select",
    ],
)
def test_what_everybody_may_do_is_not(source: str) -> None:
    assert faults(source) == []
