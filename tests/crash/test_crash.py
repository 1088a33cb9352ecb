"""The short version of `make crash`: real processes, real engines, real kill -9; and that it can fail."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.store.engine import open_engine
from tests.crash.__main__ import closing
from tests.crash.agencies import Heard
from tests.crash.ending import audited, look_back
from tests.crash.failures import database_away
from tests.crash.grounds import now
from tests.crash.judging import Figures, judge
from tests.crash.killing import Kill, Killer
from tests.crash.merkle import roots
from tests.crash.nursery import Nursery
from tests.crash.town import Size, Town, open_town
from tests.crash.waiting import GOOD, until_more

SEED = 17
FEW = Size(players=2, askers=1, carriers=2)


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that a database server of another user may enter."""
    made = Path(tempfile.mkdtemp(prefix="simojo-crash-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


def answered(town: Town) -> Callable[[float], None]:
    """Instead of so many seconds: until about as many answers have come as clients get in them."""
    return lambda seconds: until_more(town, GOOD, math.ceil(10 * seconds))


def killed(town: Town, kills: int) -> list[Kill]:
    killer = Killer(town, SEED, lambda _kill: None, alive=answered(town))
    town.begin()
    killer.run(kills)
    return killer.kills


def test_nothing_is_lost_when_the_hub_is_killed_and_an_audit_finds_what_is(folder: Path, nursery: Nursery) -> None:
    with open_town(folder, "sqlite", size=replace(FEW, collectors=1), seed=SEED, nursery=nursery) as town:
        killed(town, 2)
        verdict = look_back(town, 60)
        assert verdict.findings == []
        assert verdict.leaves > 50
        assert verdict.checkpoints > 1
        assert verdict.deliveries > 4
        whole = town.grounds.store_file.read_bytes()
        for kind, spoil in SPOILT.items():
            town.grounds.store_file.write_bytes(whole)
            undo = spoil(town)
            found = {each.kind for each in audited(town).findings}
            assert kind.partition(":")[0] in found, f"nobody noticed: {kind} ({found})"
            undo()
        town.grounds.store_file.write_bytes(whole)
        assert audited(town).findings == []


def test_nothing_is_lost_when_postgresql_dies_or_goes_away(folder: Path, nursery: Nursery) -> None:
    seen = database_away(folder, 0.0, FEW, kills=2, alive=answered, hubs=1, workers=1, nursery=nursery)
    assert seen.findings == [], seen.said


# --- what an audit must notice ------------------------------------------------------------------------------------


def nothing() -> None:
    """The store is put back by the test itself."""


def sql(statement: str) -> Callable[[Town], Callable[[], None]]:
    """The store is changed behind the hub's back."""

    def spoil(town: Town) -> Callable[[], None]:
        engine = open_engine(town.grounds.url)
        with engine.connect() as connection:
            assert connection.execute(text(statement)).rowcount > 0, statement
        engine.dispose()
        return nothing

    return spoil


def heard_once_more(town: Town) -> Callable[[], None]:
    first = town.agencies.calls[0]
    town.agencies.calls.append(Heard(agency=first.agency, key=first.key, at=now(), body=first.body))
    return lambda: town.agencies.calls.remove(town.agencies.calls[-1])


def never_stored(town: Town) -> Callable[[], None]:
    """A client that was answered, and of whose message the store knows nothing."""
    key, record = next(iter(town.clients.records.items()))
    other = (key[0], f"{key[1]}-other")
    town.clients.records[other] = type(record)(
        message=type(record.message)(**{**vars(record.message), "stored_as": other[1]}), answers=list(record.answers)
    )

    def undo() -> None:
        del town.clients.records[other]

    return undo


def never_answered(town: Town) -> Callable[[], None]:
    record = next(iter(town.clients.records.values()))
    kept = list(record.answers)
    record.answers.clear()
    return lambda: record.answers.extend(kept)


def answered_otherwise(town: Town) -> Callable[[], None]:
    record = next(each for each in town.clients.records.values() if len(each.answers) > 1)
    last = record.answers[-1]
    record.answers[-1] = type(last)(**{**vars(last), "content": b"otherwise"})

    def undo() -> None:
        record.answers[-1] = last

    return undo


def rolled_back(town: Town) -> Callable[[], None]:
    """A checkpoint that was shown and of which the ledger knows no more: here, one of another ledger's root."""
    size, note = max(town.heads.items())
    town.heads[size + 1_000] = note

    def undo() -> None:
        del town.heads[size + 1_000]

    return undo


def counted_twice(town: Town) -> Callable[[], None]:
    """The second word about an item counted as well."""
    records = town.clients.records.values()
    record = next(each for each in records if each.answers and b'"already"' in each.answers[0].content)
    first = record.answers[0]
    content = first.content.replace(b'"already"', b'"acknowledged"')
    record.answers[0] = type(first)(**{**vars(first), "content": content})

    def undo() -> None:
        record.answers[0] = first

    return undo


SPOILT: Mapping[str, Callable[[Town], Callable[[], None]]] = {
    "lost: a message of which nothing is stored": never_stored,
    "lost: a message that was never answered": never_answered,
    "lost: an exchange without its row": sql("UPDATE exchange SET message_id = 'x' WHERE rowid = 1"),
    "lost: a sealed message was cut": sql(
        "UPDATE exchange_part SET body = substr(body, 1, length(body) - 1) WHERE rowid = 1"
    ),
    "lost: a sealed fact was changed": sql("UPDATE case_event SET body = substr(body, 1, 40) WHERE seq = 2"),
    "lost: a fact is gone": sql("DELETE FROM case_event WHERE seq = 2"),
    "doubled: an agency heard something once more": heard_once_more,
    "doubled: an acknowledgement counted twice": counted_twice,
    "lost: an item that lies there still": sql("UPDATE delivery SET state = 'laid-down' WHERE agency = 'satpolpp'"),
    "doubled: a fact twice": sql("UPDATE case_event SET kind = 'ApplicationRegistered' WHERE seq = 2"),
    "doubled: a number was counted and given to nobody": sql(
        "UPDATE counter SET value = value + 1 WHERE name LIKE 'tt/%'"
    ),
    "changed: a repeat got something else": answered_otherwise,
    "ledger: a leaf is otherwise": sql("UPDATE leaf SET canonical = CAST(canonical || 'x' AS BLOB) WHERE serial = 3"),
    "ledger: a checkpoint was taken back": rolled_back,
}


def test_the_last_line_names_what_was_not_looked_at() -> None:
    assert closing(good=True, left_out=[]) == "all as it must be"
    said = closing(good=True, left_out=["full-sqlite", "read-only-sqlite"])
    assert said.startswith("all as it must be; LEFT OUT: full-sqlite, read-only-sqlite (")
    assert closing(good=False, left_out=["full-sqlite"]).startswith("NOT as it must be; LEFT OUT: full-sqlite (")


def test_the_root_of_a_tree_is_that_of_its_leaves() -> None:
    """RFC 9162: the tests' own derivation against values worked out by hand from its definition."""
    import hashlib

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    a, b, c = (bytes([each]) * 32 for each in (1, 2, 3))
    assert roots([a, b, c], {1, 2, 3, 4}) == {1: a, 2: node(a, b), 3: node(node(a, b), c)}


# --- verdicts of a soak -------------------------------------------------------------------------------------------


def figures(at: int, *, rss: float = 100.0, p50: float = 5.0, http: int = 8, failures: int = 0) -> Figures:
    return Figures(
        at_s=at * 10.0,
        per_s=100,
        p50=p50,
        p99=3 * p50,
        failures=failures,
        rss={"hub-1": int(rss * 1e6)},
        database=8,
        http=http,
        threads=20,
        files=30,
        store=10**6,
        waiting=0,
        pending=10,
        hub_cpu=0.5,
        load_cpu=0.3,
    )


def test_a_soak_is_good_when_all_is_flat_and_bad_for_each_thing_that_grows() -> None:
    hour = range(360)
    assert all(each.good for each in judge([figures(at, rss=100 + at % 3) for at in hour]))
    growing = {
        "memory of hub-1": [figures(at, rss=100 + at * 0.1) for at in hour],
        "p50": [figures(at, p50=5 + at * 0.05) for at in hour],
        "http": [figures(at, http=8 + at // 10) for at in hour],
        "failures": [figures(at, failures=at == 7) for at in hour],
    }
    for name, series in growing.items():
        assert [each.said for each in judge(series) if not each.good and each.said.startswith(name)], name
