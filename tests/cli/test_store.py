"""`simojo store`: copy, status, migrate, check, as they stand behind the shell's prompt."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.domain.errors import Misconfigured
from gateway.store.engine import open_engine
from gateway.store.exclusive import HubLock
from gateway.store.schema import newest, prepare
from gateway.store.unit_of_work import whole
from tests.cli.conftest import Simojo
from tests.postgres import Server
from tests.store.versions.load import LEDGER_KEY, MASTER_KEY, at_revision, load, versions

TAG = list(versions())[-1]


@pytest.fixture
def office(empty: Path) -> Path:
    """A folder with the keys and the store of the last tagged version, as `simojo.db` (the default)."""
    keys = empty / "keys"
    keys.mkdir()
    for name, secret in (("master.key", MASTER_KEY), ("ledger.key", LEDGER_KEY)):
        (keys / name).write_bytes(base64.b64encode(secret))
    engine = open_engine("sqlite:///simojo.db")
    load(engine, versions()[TAG])
    engine.dispose()
    return empty


@pytest.fixture
def target(server: Server) -> Iterator[str]:
    """An empty database on PostgreSQL."""
    yield server.create("cli_copy")
    server.drop("cli_copy")


def test_an_office_is_moved_and_the_command_says_what_is_next(office: Path, target: str, simojo: Simojo) -> None:
    assert simojo("store", "migrate").code == 0
    done = simojo("store", "copy", target)
    assert done.code == 0, done
    for said in ("exchange_part", "verified: ", "Next: set SIMOJO_DATABASE_URL", f"Keep sqlite:///{office}/simojo.db"):
        assert said in done.out
    back = simojo("store", "copy", target, "sqlite:///back.db", "--json")
    assert back.code == 0, back
    said = json.loads(back.out)
    agencies = len(versions()[TAG].tables["agency"])
    assert (said["verified"], said["tables"]["agency"]["rows"], said["ledger"]["pending"] > 0) == (True, agencies, True)
    here, there = (json.loads(simojo("store", "status", url, "--json").out) for url in (target, "sqlite:///back.db"))
    for same in ("rows", "revision", "checkpoint", "unfinished"):
        assert here[same] == there[same]
    assert (here["engine"], here["unfinished"], here["size"] > 0) == ("postgresql", None, True)
    again = simojo("store", "copy", target)
    assert ("[target-not-empty]" in again.sentence, "name a new, empty database" in again.sentence) == (True, True)


def test_a_copy_that_is_not_verified_ends_with_1_and_no_hub_starts_on_it(
    office: Path, target: str, simojo: Simojo
) -> None:
    simojo("store", "migrate")
    engine = open_engine("sqlite:///simojo.db")
    with whole(engine) as connection:
        connection.execute(text("UPDATE exchange_part SET body = x'00' WHERE name = 'request'"))
    engine.dispose()
    done = simojo("store", "copy", target)
    assert (done.code, done.out.startswith("not verified: ")) == (1, True)
    status = simojo("store", "status", target)
    assert f"unfinished  copy of sqlite:///{office}/simojo.db" in status.out
    copied = open_engine(target)
    with pytest.raises(Misconfigured, match="simojo store copy"):
        prepare(copied)
    copied.dispose()


@pytest.mark.usefixtures("office")
def test_a_store_is_migrated_from_and_to_and_not_under_a_running_hub(simojo: Simojo) -> None:
    lock = HubLock("sqlite:///simojo.db")
    lock.take()
    assert "[store-in-use]" in simojo("store", "migrate").sentence
    lock.release()
    from_version = versions()[TAG].revision
    before = simojo("store", "status").out
    assert ("agency" in before, f"revision    {from_version}" in before) == (True, True)
    said = simojo("store", "migrate").out
    assert said.startswith(
        "the store is at" if from_version == newest() else f"migrated the store from revision {from_version}"
    )
    assert simojo("store", "migrate").out == f"the store is at revision {newest()} already: nothing to do\n"
    assert "no way back" in simojo("store", "migrate", "--help").out
    assert simojo("store", "check").out == "the tables are those of this version\n"


@pytest.mark.usefixtures("empty")
def test_an_older_store_is_told_apart(simojo: Simojo) -> None:
    engine = open_engine("sqlite:///old.db")
    at_revision(engine, "0001")
    engine.dispose()
    differ = simojo("store", "check", "sqlite:///old.db")
    assert (differ.code, "failed_proof" in differ.out) == (1, True)
    assert simojo("store", "migrate", "sqlite:///old.db").out == (
        f"migrated the store from revision 0001 to {newest()}\n"
    )
    for command in ("status", "check"):
        assert "there is no store" in simojo("store", command, "sqlite:///none.db").sentence
    assert not Path("none.db").exists()
