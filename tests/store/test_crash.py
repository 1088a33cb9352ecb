"""A process killed at any line keeps what it had committed, whole, and nothing else."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway.store.reading import Reader
from gateway.store.unit_of_work import GroupCommit
from tests.store.plans import three_rows

CHILD = """
import os, signal, sys
import psycopg
from sqlalchemy import event
from gateway.store.engine import open_engine
from gateway.store.unit_of_work import GroupCommit
from tests.store.plans import three_rows

url, moment = sys.argv[1:]
engine = open_engine(url)
seen = []

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def trace(statement):
    \"\"\"A statement is about to run; the one before it has.\"\"\"
    if seen and moment == "after " + seen[-1].split()[0]:
        die()
    seen.append(statement)
    if moment == "before " + statement.split()[0] or moment == f"before statement {len(seen)}":
        die()

def watched(execute):
    def run(cursor, statement, *values, **more):
        if isinstance(statement, str):  # what SQLAlchemy asks of a new connection is composed
            trace(statement)
        return execute(cursor, statement, *values, **more)
    return run

writer = GroupCommit(engine)
if engine.dialect.name == "sqlite":
    event.listen(engine, "connect", lambda connection, _: connection.set_trace_callback(trace))
else:
    psycopg.Cursor.execute = watched(psycopg.Cursor.execute)
    psycopg.Cursor.executemany = watched(psycopg.Cursor.executemany)
writer.commit(three_rows())
die()
"""


def run_until_killed(url: str, moment: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, url, moment], cwd=root, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()


def kept(reader: Reader) -> tuple[bool, bool, bool]:
    return reader.counter("crash") is not None, reader.opening("d-1") is not None, reader.deadlines("c-1") != []


@pytest.mark.parametrize(
    "moment", ["after BEGIN", "before INSERT", "after INSERT", "before statement 4", "before COMMIT"]
)
def test_killed_before_commit_nothing_is_kept_and_the_plan_can_be_sent_again(engine: Engine, moment: str) -> None:
    run_until_killed(str(engine.url), moment)
    reader = Reader(engine)
    assert kept(reader) == (False, False, False)
    writer = GroupCommit(engine)
    writer.commit(three_rows())
    writer.close()
    assert kept(reader) == (True, True, True)


@pytest.mark.parametrize("moment", ["after COMMIT", "after the answer"])
def test_killed_after_commit_all_is_kept(engine: Engine, moment: str) -> None:
    run_until_killed(str(engine.url), moment)
    assert kept(Reader(engine)) == (True, True, True)
