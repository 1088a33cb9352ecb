"""A store that cannot write says why in words of ours, keeps nothing of it, and goes on when it can."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from gateway.domain.errors import HubBusy
from gateway.store.engine import connect_alone
from gateway.store.plan import Committed, Plan
from gateway.store.reading import Reader
from gateway.store.unit_of_work import GroupCommit
from tests.store.held import held_writer
from tests.store.plans import advance, counter, deadline

READ_ONLY = {
    "sqlite": {True: "PRAGMA query_only=ON", False: "PRAGMA query_only=OFF"},
    "postgresql": {
        True: "SET default_transaction_read_only = on",
        False: "SET default_transaction_read_only = off",
    },
}
STATES = {
    "53100": "its disk is full",
    "58030": "its disk gives an error",
    "57P03": "the database server is going down or coming up",
    "08006": "the database server does not answer",
    "22012": "DataError",
}
"""SQLSTATE and what is said of it; the last is none that an operator can mend, so its kind is named."""


def test_a_store_that_is_read_only_says_so_and_goes_on_when_it_can_be_written(
    engine: Engine, reader: Reader, writer: GroupCommit
) -> None:
    is_read_only = [True]
    said = READ_ONLY[engine.dialect.name]
    event.listen(
        engine, "engine_connect", lambda connection: connection.exec_driver_sql(said[is_read_only[0]]) and None
    )
    with pytest.raises(HubBusy, match=r"cannot write now \(it is read-only\); nothing was kept") as told:
        writer.commit(Plan.of(counter("a")))
    assert told.value.after_s
    assert reader.counter("a") is None
    is_read_only[0] = False
    assert writer.commit(Plan.of(counter("a"))) == Committed()


# A file is read-only for whoever opens it then; a connection that failed is given up.
@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_sessions_that_were_opened_while_the_server_was_read_only_are_not_used_when_it_is_no_more(
    engine: Engine, reader: Reader, writer: GroupCommit
) -> None:
    name = engine.url.database
    alone = connect_alone(engine, "operator")
    with closing(alone), ExitStack() as held:
        alone.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        engine.dispose()
        with pytest.raises(HubBusy, match="it is read-only"):
            writer.commit(Plan.of(counter("a")))
        for _ in range(4):
            held.enter_context(engine.connect())
        held.close()
        assert reader.counter("a") is None
        with pytest.raises(HubBusy, match="it is read-only"):
            writer.within(lambda connection: connection.execute(text("DELETE FROM counter")))
        alone.execute("SET default_transaction_read_only = off")
        alone.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    for _ in range(6):
        writer.within(lambda connection: connection.execute(text("DELETE FROM counter")))
    assert writer.commit(Plan.of(counter("a"))) == Committed()


# SQLite has no SQLSTATE: its errors are told above and in test_unit_of_work.
@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_the_states_of_postgresql_are_told_in_words_and_never_in_its_own(writer: GroupCommit) -> None:
    for state, said in STATES.items():

        def fail(connection: Connection, state: str = state) -> None:
            connection.execute(text(f"DO $$ BEGIN RAISE EXCEPTION 'Siti' USING ERRCODE = '{state}'; END $$"))

        with pytest.raises(HubBusy) as told:
            writer.within(fail)
        assert f"({said})" in told.value.text
        assert "Siti" not in told.value.text


# SQLite has undone what it could not commit.
@pytest.mark.parametrize("databases", ["postgres"], indirect=True)
def test_a_commit_that_the_server_answers_by_ending_the_session_is_unknown_and_one_that_it_refuses_is_not(
    engine: Engine, writer: GroupCommit
) -> None:
    wanted = {"57P01": "commit-unknown", "57P05": "commit-unknown", "57014": "hub-busy", "53100": "hub-busy"}
    told: dict[str, str] = {}
    for state in wanted:
        with engine.begin() as connection:
            connection.execute(
                text(
                    "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger AS"
                    f" $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$ LANGUAGE plpgsql;"
                    " DROP TRIGGER IF EXISTS refusing ON counter;"
                    " CREATE CONSTRAINT TRIGGER refusing AFTER INSERT OR UPDATE ON counter"
                    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()"
                )
            )
        with pytest.raises(HubBusy) as busy:
            writer.commit(Plan.of(counter("a")))
        told[state] = busy.value.code
    assert told == wanted


def test_damage_that_is_met_behind_the_first_row_of_an_answer_is_busy_for_all(sqlite_engine: Engine) -> None:
    """SQLite gives the first row when it is asked, and looks for the others when they are fetched."""
    names = [f"guard-{number:04}" for number in range(2000)]
    with closing_writer(sqlite_engine) as writer:
        assert writer.commit(Plan(tuple(counter(name) for name in names))) == Committed()
    sqlite_engine.dispose()
    damage_index_leaf(str(sqlite_engine.url.database), names[-1])
    with held_writer(sqlite_engine) as (writer, _):
        futures = [writer.submit(Plan.of(advance(names[0], 1), advance(names[-1], 1), deadline("c-1")))]
        futures += [writer.submit(Plan.of(counter(f"a-{number}"))) for number in range(3)]
    for future in futures:
        with pytest.raises(HubBusy, match="its file is damaged"):
            future.result(0)
    assert writer.trouble() != ""
    assert Reader(sqlite_engine).counter("a-0") is None


@contextmanager
def closing_writer(engine: Engine) -> Iterator[GroupCommit]:
    writer = GroupCommit(engine)
    yield writer
    writer.close()


def damage_index_leaf(file: str, value: str) -> None:
    """Make the page of an index unreadable that holds this value."""
    alone = sqlite3.connect(file)
    alone.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = alone.execute("PRAGMA page_size").fetchone()[0]
    alone.close()
    whole = bytearray(Path(file).read_bytes())
    leaves = [at for at in range(0, len(whole), size) if whole[at] == 10 and value.encode() in whole[at : at + size]]
    assert len(leaves) == 1
    whole[leaves[0] : leaves[0] + size] = b"\xff" * size
    Path(file).write_bytes(whole)


def test_what_the_driver_itself_raises_is_busy(writer: GroupCommit) -> None:
    def asks_the_driver(connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        driver.execute("SELECT nothing FROM nowhere")

    with pytest.raises(HubBusy, match="cannot write now"):
        writer.within(asks_the_driver)
    assert writer.commit(Plan.of(counter("a"))) == Committed()
