"""`copy_store`: an office arrives whole on the other engine, or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from gateway.domain.errors import GatewayError, LedgerBroken, Misconfigured, Refused, Tampered
from gateway.operations.ledger_export import StoreVerdict, verify_store
from gateway.operations.store_copy import Copied, copy_store, name_of
from gateway.store import copying
from gateway.store.engine import open_engine
from gateway.store.exclusive import HubLock
from gateway.store.plan import Committed, Insert, Plan
from gateway.store.reading import Reader
from gateway.store.schema import differences, prepare
from gateway.store.tables import DocumentRow, LeafRow, PartRow
from gateway.store.unit_of_work import GroupCommit, whole
from gateway.store.vault import Vault
from tests.databases import ENGINES, Databases
from tests.operations import killed_copy
from tests.postgres import Server
from tests.store.versions.load import load, master, note_key, versions

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
OTHER = {"sqlite": "postgres", "postgres": "sqlite"}


def verify(reader: Reader, progress: Callable[[int], None]) -> StoreVerdict:
    return verify_store(reader, Vault(reader, master(), bytes), note_key().verifier, progress)


def copied(source: Engine, target: Engine, **more: Any) -> Copied:
    return copy_store(source, target, **{"at": AT, "verify": verify, **more})


@dataclass
class Pair:
    """An office, and where it is to go."""

    source: Engine
    target: Engine


def rows(engine: Engine) -> dict[str, list[Any]]:
    with whole(engine) as connection:
        return {
            table.name: [tuple(row) for batch in copying.batches(connection, table) for row in batch]
            for table in copying.tables()
        }


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory, server: Server) -> dict[str, Databases]:
    folder = tmp_path_factory.mktemp("copies")
    return {"sqlite": Databases(folder), "postgres": Databases(folder, server, prefix="copy")}


@pytest.fixture(scope="session")
def offices(both: dict[str, Databases]) -> Iterator[dict[str, str]]:
    """The office of the last tagged version on each engine, brought to the newest form: a row in every old table."""
    with ExitStack() as stack:
        urls = {}
        for name, databases in both.items():
            urls[name] = stack.enter_context(databases.new())
            engine = open_engine(urls[name])
            load(engine, list(versions().values())[-1])
            prepare(engine)
            engine.dispose()
        yield urls


@pytest.fixture
def opened(both: dict[str, Databases]) -> Iterator[Callable[..., Engine]]:
    """`opened("sqlite", template)`: a database on that engine, empty or a copy."""
    with ExitStack() as stack:

        def make(name: str, template: str | None = None) -> Engine:
            engine = open_engine(stack.enter_context(both[name].new(template)), connections=4)
            stack.callback(engine.dispose)
            return engine

        yield make


@pytest.fixture(params=ENGINES)
def pair(request: pytest.FixtureRequest, offices: dict[str, str], opened: Callable[..., Engine]) -> Pair:
    """From either engine to the other one."""
    return Pair(opened(request.param, offices[request.param]), opened(OTHER[request.param]))


@pytest.fixture
def moving(offices: dict[str, str], opened: Callable[..., Engine]) -> Pair:
    """From SQLite to PostgreSQL."""
    return Pair(opened("sqlite", offices["sqlite"]), opened("postgres"))


def test_every_row_arrives_and_the_hub_can_go_on(pair: Pair) -> None:
    before = rows(pair.source)
    steps: list[tuple[str, int, int]] = []
    done = copied(pair.source, pair.target, progress=lambda *said: steps.append(said))
    assert rows(pair.target) == before == rows(pair.source)
    assert done.rows == {name: len(found) for name, found in before.items()}
    last = Reader(pair.source).last_checkpoint()
    assert last is not None
    assert done.checkpoint == last.note
    assert (done.ledger.ledger.size, done.ledger.pending > 0) == (last.size, True)
    assert differences(pair.target) == []
    assert [step for step, finished, total in steps if finished == total] == ["copy", "compare", "ledger"]
    prepare(pair.target)  # no mark: a hub may start
    writer = GroupCommit(pair.target)
    leaf = {"id": "next", "canonical": b"x", "hash": b"y"}
    assert writer.commit(Plan.of(Insert(LeafRow, leaf))) == Committed()
    writer.close()
    made = Reader(pair.target).leaf("next")
    assert made is not None
    assert made.serial is not None
    assert made.serial > max(row[0] for row in before["leaf"])


def test_values_keep_their_bytes_and_their_microseconds_and_nothing_is_not_empty(pair: Pair) -> None:
    strange = "Ünï\u2028\t\\N\n\u202e🂡 ''\" \\. "
    instants = [datetime(2026, 1, 1, 0, 0, 0, n, tzinfo=UTC) for n in (0, 1, 999_999)]
    bodies = [b"", bytes(range(256)), b"\\x00\0" * 50_000]
    with_null = {"exchange": strange, "name": "", "body": b""}
    changes = [
        Insert(DocumentRow, {**_document(number), "kind": kind, "made_at": at, "body": body})
        for number, (kind, at, body) in enumerate(zip((strange, "", "\\N"), instants, bodies, strict=True))
    ]
    writer = GroupCommit(pair.source)
    leaves = [
        Insert(LeafRow, {"id": f"l-{n}", "exchange": said, "canonical": b"", "hash": b"\0"})
        for n, said in enumerate((None, "", strange))
    ]
    assert writer.commit(Plan.of(*changes, *leaves, Insert(PartRow, with_null))) == Committed()
    writer.close()
    before = rows(pair.source)
    copied(pair.source, pair.target, verify=lambda _reader, _progress: _VERDICT)
    assert rows(pair.target) == before


class _Unlooked:
    """A verdict of who did not look."""


_VERDICT: Any = _Unlooked()


def _document(number: int) -> dict[str, Any]:
    return {"case_id": f"c-{number}", "sha256": "00", "media_type": "application/pdf"}


# --- what is refused ----------------------------------------------------------------------------------------------


def refusal(source: Engine, target: Engine, **more: Any) -> GatewayError:
    """What a copy that must not be says; the source stays as it was."""
    with pytest.raises(GatewayError) as refused:
        copied(source, target, **more)
    return refused.value


def test_a_store_at_which_somebody_works_is_not_copied(moving: Pair, opened: Callable[..., Engine]) -> None:
    lock = HubLock(moving.source.url.render_as_string())
    lock.take()
    assert refusal(moving.source, moving.target).code == "store-in-use"
    lock.release()
    copied(moving.source, moving.target)
    session = open_engine(moving.target.url.render_as_string(hide_password=False), connections=4)
    with session.connect():
        back = refusal(moving.target, opened("sqlite"))
    session.dispose()
    assert (back.code, name_of(moving.target) in back.text) == ("store-in-use", True)
    copied(moving.target, opened("sqlite"))


def test_nobody_writes_to_the_source_meanwhile(pair: Pair) -> None:
    tried: list[str] = []
    other = open_engine(pair.source.url.render_as_string(hide_password=False), connections=4)

    def write(step: str, done: int, _total: int) -> None:
        if (step, done) != ("copy", 0):
            return
        with other.connect() as connection:
            quick = "PRAGMA busy_timeout=1" if other.dialect.name == "sqlite" else "SET lock_timeout = 1"
            connection.exec_driver_sql(quick)
            with pytest.raises(OperationalError, match="lock") as refused:
                connection.exec_driver_sql("UPDATE agency SET name = 'x'")
        tried.append(str(refused.value))

    copied(pair.source, pair.target, progress=write)
    assert len(tried) == 1
    with other.connect() as connection:
        assert connection.exec_driver_sql("UPDATE agency SET name = 'x' WHERE id = 'oss'").rowcount == 1
    other.dispose()


def test_a_target_with_rows_is_left_alone(moving: Pair) -> None:
    prepare(moving.target)  # freshly migrated is empty
    with whole(moving.target) as connection:
        connection.execute(text("INSERT INTO agency (id, name, kind) VALUES ('x', 'X', 'horizontal')"))
    refused = refusal(moving.source, moving.target)
    assert (refused.code, "agency" in refused.text) == ("target-not-empty", True)
    with whole(moving.target) as connection:
        assert connection.execute(text("SELECT id FROM agency")).scalars().all() == ["x"]
        connection.execute(text("DELETE FROM agency"))
    copied(moving.source, moving.target)
    assert refusal(moving.source, moving.target).code == "target-not-empty"
    assert refusal(moving.source, moving.source).code == "copy-to-itself"


def test_an_older_source_is_migrated_only_when_asked(opened: Callable[..., Engine]) -> None:
    source, target, missing = opened("sqlite"), opened("postgres"), opened("sqlite")
    load(source, versions()["v0.1.0"])
    refused = refusal(source, target)
    assert (refused.code, "simojo store migrate" in refused.text) == ("store-not-migrated", True)
    with target.connect() as connection:
        assert inspect(connection).get_table_names() == []
    copied(source, target, migrate_source=True)
    assert refusal(missing, target).code == "store-not-there"
    assert not Path(missing.url.database or "").exists()


def test_what_postgresql_cannot_hold_is_named(moving: Pair, offices: dict[str, str]) -> None:
    twists = {
        "UPDATE agency SET name = 'a' || char(0) || 'b' WHERE id = 'oss'": "row id='oss': column name",
        "UPDATE permit_case SET next_order = 4294967296": "column next_order",
        "UPDATE agency SET kind = x'00ff' WHERE id = 'oss'": "row id='oss': column kind",
        "UPDATE agency SET kind = cast(x'ff' AS text) WHERE id = 'oss'": "table agency",
        "UPDATE exchange SET at = 'gestern'": "table exchange",
    }
    for twist, named in twists.items():
        with moving.source.connect() as connection:
            connection.exec_driver_sql(twist)
        refused = refusal(moving.source, moving.target)
        assert isinstance(refused, Refused), twist
        assert named in refused.text
        assert "\0" not in refused.text
        moving.source.dispose()
        shutil.copyfile(make_url(offices["sqlite"]).database or "", moving.source.url.database or "")
    copied(moving.source, moving.target)


def test_what_did_not_arrive_as_it_was_sent_stays_marked(moving: Pair, opened: Callable[..., Engine]) -> None:
    other = open_engine(moving.target.url.render_as_string(hide_password=False), connections=4)

    def meddle(step: str, done: int, _total: int) -> None:
        if (step, done) == ("compare", 0):
            with other.connect() as connection:
                connection.exec_driver_sql("UPDATE agency SET name = 'x' WHERE id = 'oss'")

    different = refusal(moving.source, moving.target, progress=meddle)
    assert (type(different), different.code, "agency" in different.text) == (Tampered, "copy-differs", True)
    other.dispose()
    with pytest.raises(Misconfigured, match="unfinished copy"):
        prepare(moving.target)
    another = opened("sqlite", moving.source.url.render_as_string())
    assert refusal(another, moving.target).code == "target-not-empty"
    assert refusal(moving.target, opened("sqlite")).code == "copy-unfinished"
    copied(moving.source, moving.target)
    prepare(moving.target)


def test_a_server_that_goes_away_stops_the_copy_with_a_sentence(
    moving: Pair, both: dict[str, Databases], server: Server
) -> None:
    other = open_engine(server.url("postgres"))

    def cut(step: str, done: int, _total: int) -> None:
        if (step, done) == ("copy", 0):
            with other.connect() as connection:
                sessions = "FROM pg_stat_activity WHERE datname = :name"
                ended = text(f"SELECT pg_terminate_backend(pid) {sessions}")
                connection.execute(ended, {"name": moving.target.url.database})

    stopped = refusal(moving.source, moving.target, progress=cut)
    other.dispose()
    assert (type(stopped), stopped.code) == (Misconfigured, "copy-stopped")
    with pytest.raises(Misconfigured, match="unfinished copy"):
        prepare(moving.target)
    copied(moving.source, moving.target)


def test_a_damaged_ledger_is_no_verified_copy(moving: Pair) -> None:
    with moving.source.connect() as connection:
        connection.exec_driver_sql("UPDATE exchange_part SET body = x'00' WHERE name = 'request'")
    assert isinstance(refusal(moving.source, moving.target), LedgerBroken)
    with pytest.raises(Misconfigured, match="unfinished copy"):
        prepare(moving.target)


# --- killed -------------------------------------------------------------------------------------------------------


def test_a_copy_that_was_killed_is_run_again(pair: Pair) -> None:
    before = rows(pair.source)
    urls = [each.url.render_as_string(hide_password=False) for each in (pair.source, pair.target)]
    for engine in (pair.source, pair.target):
        engine.dispose()
    instants = killed_copy.INSTANTS if pair.source.dialect.name == "sqlite" else killed_copy.INSTANTS[1::3]
    done = subprocess.run(
        [sys.executable, "-m", killed_copy.__name__, *urls, *instants], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout)
    assert [each["instant"] for each in said] == list(instants)
    assert {each["signal"] for each in said} == {9}
    assert {each["refused"] for each in said} == {"copy-unfinished"}
    assert rows(pair.source) == before
    copied(pair.source, pair.target)
    assert rows(pair.target) == before
    prepare(pair.target)
