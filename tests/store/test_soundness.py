"""What a server or a file system promises, and what is said when it promises too little."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.domain.errors import HubBusy, Misconfigured
from gateway.store import engine as engine_module
from gateway.store.engine import open_engine
from gateway.store.reading import Reader
from gateway.store.soundness import OLDEST, apart, apart_sentence, doubts, refuse_network, refuse_old
from gateway.store.tables import CounterRow
from tests.postgres import Server

MOUNTS = """\
/dev/vda / ext4 rw 0 0
server:/export /srv/office\\040data nfs4 rw 0 0
/dev/vdb /srv/office\\040data/local xfs rw 0 0
"""


def test_a_server_that_may_forget_is_doubted_by_each_setting_and_a_durable_one_is_not(server: Server) -> None:
    engine = open_engine(server.create("soundness"))
    assert [each.split(":")[0] for each in doubts(engine)] == [
        "PostgreSQL runs with fsync = off",
        "PostgreSQL runs with full_page_writes = off",
    ]
    with Server(durable=True) as durable:
        other = open_engine(durable.create("simojo"))
        assert doubts(other) == ()
        other.dispose()
    engine.dispose()
    server.drop("soundness")


def test_how_far_the_clocks_are_apart_is_told_and_the_question_itself_is_no_difference(
    server: Server, tmp_path: Path
) -> None:
    def set_by(**off: float) -> Callable[[], datetime]:
        return lambda: datetime.now(UTC) + timedelta(**off)

    engine = open_engine(server.create("skew"))
    times = [datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)]
    assert apart(engine, lambda: times.pop(0)) == 0  # the server was asked within two hours
    assert abs(apart(engine, set_by())) < 1  # on one machine
    for hours, said in ((1, "3600 s ahead of the database server's"), (-1, "3600 s behind the database server's")):
        found = apart(engine, set_by(hours=hours))
        assert found == pytest.approx(hours * 3600, abs=5)
        assert said in apart_sentence(hours * 3600)
    engine.dispose()
    server.drop("skew")
    assert apart(open_engine(f"sqlite:///{tmp_path}/a.db"), set_by(hours=1)) == 0


def test_an_old_server_is_refused_and_the_oldest_that_serves_is_not() -> None:
    refuse_old((OLDEST, 0))
    for version in ((OLDEST - 1, 9), None):
        with pytest.raises(Misconfigured, match=f"{OLDEST} or newer") as caught:
            refuse_old(version)
        assert caught.value.code == "database-too-old"


def test_a_file_over_a_network_is_refused_and_one_on_a_disk_below_it_is_not(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    for url in (
        "sqlite:////srv/simojo.db",
        "sqlite:////srv/office data/local/simojo.db",
        "sqlite:////srv/office data2/simojo.db",
        "postgresql://a/b",
    ):
        refuse_network(url, mounts)
    with pytest.raises(Misconfigured, match="type nfs4") as caught:
        refuse_network("sqlite:////srv/office data/simojo.db", mounts)
    assert caught.value.code == "store-on-network"
    refuse_network("sqlite:////srv/office data/simojo.db", tmp_path / "there is none")


def test_connections_that_the_server_has_ended_are_not_handed_out_and_a_pool_in_use_is_busy(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "CONNECTION_WAIT_S", 0.05)
    engine = open_engine(server.create("pool"), connections=2)
    with engine.connect() as connection:
        CounterRow.metadata.create_all(connection)
    reader = Reader(engine)
    with engine.connect() as first, engine.connect() as second:
        for each in (first, second):
            each.execute(text("SELECT 1"))
        with pytest.raises(HubBusy, match=r"cannot be read now \(TimeoutError\)"):
            reader.counter("a")
    server.end_sessions("pool")
    assert [reader.counter("a") for _ in range(3)] == [None] * 3
    engine.dispose()
    server.drop("pool")
