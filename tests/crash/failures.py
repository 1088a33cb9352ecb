"""Failures of the store and of the clock: each on a town of its own, with what was seen and what was wrong.

database_away        PostgreSQL is stopped for a while and comes back
disk_full            the file system of the store has no room, and later has
read_only            PostgreSQL lets nobody write for a while
started_read_only    a hub is started on a file system that cannot be written
clock_back           the hub's clock jumps back by an hour
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text

from gateway.store.engine import open_engine
from gateway.store.tables.outbox import SENDABLE
from tests.crash.clients import Told, counted
from tests.crash.disks import fill, mounted, remount
from tests.crash.grounds import now
from tests.crash.killing import Killer
from tests.crash.messages import recommendation
from tests.crash.seen import Seen
from tests.crash.town import Size, Town, open_town
from tests.crash.waiting import ENOUGH, GOOD, deliveries, looks, until, until_more, until_served, until_warned
from tests.postgres import Server

SMALL = Size(players=3, askers=2, carriers=3)
LONGEST_S = 20.0
"""Nobody waits longer for an answer, whatever is broken."""

BACK_S = 15.0
"""When the cause is gone the town serves again within this time, without a restart."""

DRAWN_IN_S = 10.0
"""The same for deliveries when a clock was set right: that is looked at each second, and the longest retry is 2 s."""

SAY_504 = frozenset({"oss", "bank"})
"""Agencies whose own protocols say 504 where others say 503."""

BROKEN_S = 3.0
"""How long a town is looked at while its store cannot be written."""


def database_away(
    folder: Path,
    seconds: float = 30.0,
    size: Size = SMALL,
    *,
    kills: int = 0,
    alive: Callable[[Town], Callable[[float], object]] = lambda _town: time.sleep,
    **how: Any,
) -> Seen:
    """PostgreSQL stops for so long at least, all are told 503 meanwhile, and all goes on by itself when it is back.

    `kills`: so often hub or database are killed before; `alive` gives what `Killer` calls so. `how`: for `open_town`.
    """
    seen = Seen(name="PostgreSQL stopped", engine="postgres")
    with open_town(folder, "postgres", size=size, **how) as town:
        server = _server(town)
        town.begin()
        Killer(town, kills, lambda _kill: None, ("hub", "database"), alive=alive(town)).run(kills)
        until_more(town, GOOD, ENOUGH)
        pids = [process.pid for process in town.processes]
        town.clients.slowest_s = 0.0
        server.stop()
        gone = time.monotonic()
        until_more(town, {503}, 1)
        before = town.clients.statuses.copy()
        soap = _soap_answer(town)
        seen.must(
            soap == (503, True, True), f"SOAP got (status, Fault, Retry-After) {soap} while the database was away"
        )
        until_more(town, {503}, ENOUGH)
        time.sleep(max(0.0, gone + seconds - time.monotonic()))
        meanwhile = town.clients.statuses.copy() - before
        slowest = town.clients.slowest_s
        away = time.monotonic() - gone
        server.start()
        back = until_served(town)
        seen.said.append(f"{away:.0f} s; answers meanwhile: {counted(meanwhile)}; the slowest took {slowest:.1f} s")
        seen.said.append(f"served again {back:.1f} s after it was back, by the same processes")
        seen.must(not _strange(meanwhile), f"answers while the database was away: {counted(meanwhile)}")
        seen.must(slowest < LONGEST_S, f"somebody waited {slowest:.1f} s for an answer")
        seen.must(back < BACK_S, f"it took {back:.1f} s to serve again")
        until_more(town, GOOD, ENOUGH)
        seen.must([process.pid for process in town.processes] == pids, "a process was started again")
        seen.must(all(process.is_running for process in town.processes), "a process has ended")
        seen.end(town)
    return seen


def disk_full(folder: Path, engine: str) -> Seen:
    """The store's file system is filled up, and emptied again."""
    seen = Seen(name="disk full", engine=engine)
    with ExitStack() as stack:
        size_mb = 24 if engine == "sqlite" else 160
        small = stack.enter_context(mounted(folder / "small", size_mb))
        settings = {"max_wal_size": "32MB", "min_wal_size": "32MB", "wal_recycle": "off"}
        server = None
        if engine == "postgres":
            (small / "server").mkdir()
            server = stack.enter_context(Server(small / "server", durable=True, settings=settings))
        home = folder / "town"
        if engine == "sqlite":
            home.mkdir(parents=True)
            (small / "store").mkdir()
            (home / "store").symlink_to(small / "store")
        with open_town(home, engine, size=SMALL, server=server) as town:
            town.begin()
            until_more(town, GOOD, ENOUGH)
            ballast = small / "ballast"

            def make_room() -> None:
                ballast.unlink()
                if server is not None and server.has_ended:  # without room for its log PostgreSQL stops itself
                    server.start()
                    seen.said.append("PostgreSQL had stopped itself, and was started when there was room")

            _while_broken(town, seen, "full", lambda: fill(ballast), make_room)
            seen.end(town)
    return seen


def read_only(folder: Path) -> Seen:
    """PostgreSQL lets nobody write for a while."""
    seen = Seen(name="read-only", engine="postgres")
    with open_town(folder, "postgres", size=SMALL) as town:
        town.begin()
        until_more(town, GOOD, ENOUGH)
        _make_read_only(town, is_read_only=True)
        _while_broken(town, seen, "read-only", lambda: None, lambda: _make_read_only(town, is_read_only=False))
        seen.end(town)
    return seen


def started_read_only(folder: Path) -> Seen:
    """A hub ends while its file system becomes read-only, and is started on that: it says why it cannot."""
    seen = Seen(name="started on a read-only file system", engine="sqlite")
    with mounted(folder / "small", 64) as small:
        home = folder / "town"
        home.mkdir(parents=True)
        (small / "store").mkdir()
        (home / "store").symlink_to(small / "store")
        with open_town(home, "sqlite", size=SMALL) as town:
            hub = town.hubs[0]
            town.begin()
            until_more(town, GOOD, ENOUGH)
            hub.kill()
            remount(small, "ro")
            before = len(hub.log)
            hub.start()
            ended = hub.await_end(30)
            said = hub.log[before:].strip()
            remount(small, "rw")
            hub.start()
            back = until_served(town)
            seen.said.append(f"the hub said: {said[-300:]}")
            seen.said.append(f"served again {back:.1f} s after it was started on a file system that can be written")
            seen.must(ended, "a hub that cannot write its store went on")
            seen.must(
                "read-only" in said.lower() and "Traceback" not in said,
                f"it did not say why in a sentence: {said[-600:]}",
            )
            seen.end(town)
    return seen


def clock_back(folder: Path, engine: str) -> Seen:
    """The clock is an hour ahead, and is set right while deliveries wait for their next try.

    No circuit opens: an endpoint that failed so often rests for its time (7.5 to 15 s at first), counted anew from the
    jump on, and what is measured here is how soon deliveries are drawn in.
    """
    seen = Seen(name="clock an hour back", engine=engine)
    folder.mkdir(parents=True, exist_ok=True)
    clock = folder / "clock"
    clock.write_text("0", encoding="ascii")
    with open_town(folder / "town", engine, size=SMALL, clock=clock, CIRCUIT_FAILURES="1000") as town:
        town.clients.waits_on_time = True
        town.begin()
        until_more(town, GOOD, ENOUGH)
        town.agencies.down.add("sms")
        clock.write_text("3600", encoding="ascii")
        time.sleep(3)
        clock.write_text("0", encoding="ascii")
        town.agencies.down.clear()
        begun = time.monotonic()
        ahead = _due_after(town, now() + timedelta(minutes=30))
        back = until_served(town)
        warned = until(lambda: any("clock-set-back" in process.log for process in town.processes), DRAWN_IN_S)
        until(lambda: not ahead & _due_after(town, now()))
        first = time.monotonic() - begun
        seen.said.append(
            f"{len(ahead)} deliveries that were due in an hour went on within {first:.1f} s, exchanges {back:.1f} s"
        )
        seen.must(bool(ahead), "no delivery was waiting for a time that was never meant")
        seen.must(warned, "nobody said that the clock jumped")
        seen.must(first < DRAWN_IN_S, f"deliveries went on after {first:.1f} s")
        seen.must(back < BACK_S, f"exchanges went on after {back:.1f} s")
        seen.end(town)
    return seen


# --- within -------------------------------------------------------------------------------------------------------


def _while_broken(town: Town, seen: Seen, word: str, cause: Callable[[], None], undo: Callable[[], None]) -> None:
    """Look at a town whose store cannot be written until `undo`. `cause`: again and again until health says `word`."""
    warnings = until_warned(town, cause)
    before = town.clients.statuses.copy()
    said_ready = looks(town, BROKEN_S)
    meanwhile = town.clients.statuses.copy() - before
    undo()
    begun = time.monotonic()
    back = until_served(town)
    ready = until(lambda: all(process.is_ready() for process in town.processes))
    took = time.monotonic() - begun
    seen.said.append(f"answers meanwhile: {counted(meanwhile)}; health said: {warnings}")
    seen.said.append(f"served again {back:.1f} s after it could be written, all were ready after {took:.1f} s")
    seen.must(not _strange(meanwhile), f"answers while the store was {word}: {counted(meanwhile)}")
    seen.must(word in warnings, f"health did not say that the store is {word}: {warnings!r}")
    seen.must(
        not any(said_ready),
        f"health said {sum(said_ready)} of {len(said_ready)} times that all is well while it was {word}",
    )
    seen.must(back < BACK_S, f"it took {back:.1f} s to serve again")
    seen.must(ready and took < BACK_S, f"after {took:.1f} s not all were ready again")


def _due_after(town: Town, moment: datetime) -> frozenset[str]:
    """The deliveries that wait for a time after this moment."""
    return frozenset(
        name
        for name, row in deliveries(town).items()
        if row["state"] in SENDABLE and isinstance(row["due_at"], datetime) and row["due_at"] > moment
    )


def _make_read_only(town: Town, *, is_read_only: bool) -> None:
    """Every session that begins from now on may only read, or may write again.

    Those that may write are ended; those that may only read are not, as nobody ends them for an operator either.
    """
    engine = open_engine(town.grounds.url)
    with engine.connect() as connection:
        word = "on" if is_read_only else "off"
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f'ALTER DATABASE "{town.grounds.database}" SET default_transaction_read_only = {word}'))
        if is_read_only:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
    engine.dispose()


def _server(town: Town) -> Server:
    assert town.grounds.server is not None
    return town.grounds.server


def _strange(meanwhile: Mapping[Told, int]) -> bool:
    """Whether somebody got 500, no answer, or a 504 whose agreement does not say so."""
    return any(status in {500, None} or (status == 504 and who not in SAY_504) for who, status in meanwhile)


def _soap_answer(town: Town) -> tuple[int, bool, bool]:
    """What a SOAP message gets now: its status, whether it is a Fault, whether it says when to come again."""
    answers: list[tuple[int, bool, bool]] = []

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        answer = town.clients._http.post(f"{town.hubs[0].url}{path}", content=body, headers=dict(headers))
        answers.append((answer.status_code, b"Fault" in answer.content, "Retry-After" in answer.headers))
        return answer

    recommendation(town.grounds, "urn:uuid:00000000-0000-0000-0000-000000000000", "K-0").send(post)
    return answers[0]
