"""Failures of the store and of the clock: each on a town of its own, with what was seen and what was wrong.

database_away        PostgreSQL is stopped for a while and comes back
disk_full            the file system of the store has no room, and later has
read_only            PostgreSQL lets nobody write for a while
started_read_only    a hub is started on a file system that cannot be written
clock_back           the hub's clock jumps back by an hour
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import text

from gateway.store.engine import open_engine
from tests.crash.clients import NotYet
from tests.crash.disks import fill, mounted, remount
from tests.crash.killing import Killer
from tests.crash.messages import application, recommendation
from tests.crash.seen import Seen
from tests.crash.town import Size, Town, open_town
from tests.postgres import Server

SMALL = Size(players=3, askers=2, carriers=3)
LONGEST_S = 20.0
"""Nobody waits longer for an answer, whatever is broken."""

BACK_S = 15.0
"""When the cause is gone the town serves again within this time, without a restart."""


def database_away(folder: Path, seconds: float = 30.0, size: Size = SMALL, *, kills: int = 0, **how: Any) -> Seen:
    """PostgreSQL stops, everybody is told 503 meanwhile, and all goes on by itself when it is back.

    `kills`: so often hub or database are killed before. `how` is for `open_town`.
    """
    seen = Seen(name=f"PostgreSQL stopped for {seconds:g} s", engine="postgres")
    with open_town(folder, "postgres", size=size, **how) as town:
        server = _server(town)
        town.begin()
        Killer(town, kills, lambda _kill: None, ("hub", "database")).run(kills)
        time.sleep(2)
        pids = [process.pid for process in town.processes]
        town.clients.statuses.clear()
        town.clients.slowest_s = 0.0
        server.stop()
        time.sleep(0.5)
        before = town.clients.statuses.copy()
        soap = _soap_answer(town)
        seen.must(
            soap == (503, True, True), f"SOAP got (status, Fault, Retry-After) {soap} while the database was away"
        )
        time.sleep(max(0.0, seconds - 0.5))
        meanwhile = town.clients.statuses - before
        slowest = town.clients.slowest_s
        server.start()
        back = _until_served(town)
        seen.said.append(f"answers meanwhile: {_counted(meanwhile)}; the slowest took {slowest:.1f} s")
        seen.said.append(f"served again {back:.1f} s after it was back, by the same processes")
        seen.must(not set(meanwhile) & {500, None}, f"answers while the database was away: {_counted(meanwhile)}")
        seen.must(meanwhile[503] > 0, "nobody was told 503")
        seen.must(slowest < LONGEST_S, f"somebody waited {slowest:.1f} s for an answer")
        seen.must(back < BACK_S, f"it took {back:.1f} s to serve again")
        time.sleep(2)
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
            time.sleep(2)
            ballast = small / "ballast"
            _while_broken(town, seen, "full", lambda: fill(ballast), ballast.unlink)
            seen.end(town)
    return seen


def read_only(folder: Path) -> Seen:
    """PostgreSQL lets nobody write for a while."""
    seen = Seen(name="read-only", engine="postgres")
    with open_town(folder, "postgres", size=SMALL) as town:
        town.begin()
        time.sleep(2)
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
            time.sleep(2)
            hub.kill()
            remount(small, "ro")
            before = len(hub.log)
            hub.start()
            ended = hub.await_end(30)
            said = hub.log[before:].strip()
            remount(small, "rw")
            hub.start()
            back = _until_served(town)
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
    """The clock is an hour ahead, and is set right while a delivery waits for its next try."""
    seen = Seen(name="clock an hour back", engine=engine)
    folder.mkdir(parents=True, exist_ok=True)
    clock = folder / "clock"
    clock.write_text("0", encoding="ascii")
    with open_town(folder / "town", engine, size=SMALL, clock=clock) as town:
        town.clients.waits_on_time = True
        town.begin()
        time.sleep(2)
        town.agencies.down.add("sms")
        clock.write_text("3600", encoding="ascii")
        time.sleep(3)
        heard = len(town.agencies.calls)
        clock.write_text("0", encoding="ascii")
        town.agencies.down.clear()
        begun = time.monotonic()
        town.agencies.wait_for("sms", town.agencies.heard("sms") + 1, within_s=60)
        first = time.monotonic() - begun
        back = _until_served(town)
        warned = any("clock" in process.log for process in town.processes)
        seen.said.append(
            f"deliveries went on {first:.1f} s after the jump, exchanges {back:.1f} s; {heard} calls before"
        )
        seen.must(warned, "nobody said that the clock jumped")
        seen.must(max(first, back) < BACK_S, f"it took {max(first, back):.1f} s to go on")
        seen.end(town)
    return seen


# --- within -------------------------------------------------------------------------------------------------------


def _while_broken(town: Town, seen: Seen, word: str, cause: Callable[[], None], undo: Callable[[], None]) -> None:
    """Look at a town whose store cannot be written until `undo`. `cause`: again and again until health says `word`."""
    warnings = _until_warned(town, cause)
    town.clients.statuses.clear()
    time.sleep(3)
    meanwhile = town.clients.statuses.copy()
    undo()
    back = _until_served(town)
    seen.said.append(f"answers meanwhile: {_counted(meanwhile)}; health said: {warnings}")
    seen.said.append(f"served again {back:.1f} s after it could be written")
    seen.must(not set(meanwhile) & {500, None}, f"answers while the store was {word}: {_counted(meanwhile)}")
    seen.must(word in warnings, f"health did not say that the store is {word}: {warnings!r}")
    seen.must(back < BACK_S, f"it took {back:.1f} s to serve again")


def _make_read_only(town: Town, *, is_read_only: bool) -> None:
    """Every session that begins from now on may only read, or may write again; the others are ended."""
    engine = open_engine(town.grounds.url)
    with engine.connect() as connection:
        word = "on" if is_read_only else "off"
        connection.execute(text("SET default_transaction_read_only = off"))
        connection.execute(text(f'ALTER DATABASE "{town.grounds.database}" SET default_transaction_read_only = {word}'))
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


def _counted(statuses: Mapping[int | None, int]) -> str:
    named = {("no answer" if each is None else str(each)): count for each, count in statuses.items() if count}
    return ", ".join(f"{count} x {name}" for name, count in sorted(named.items())) or "none"


def _soap_answer(town: Town) -> tuple[int, bool, bool]:
    """What a SOAP message gets now: its status, whether it is a Fault, whether it says when to come again."""
    answers: list[tuple[int, bool, bool]] = []

    def post(path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        answer = town.clients._http.post(f"{town.hubs[0].url}{path}", content=body, headers=dict(headers))
        answers.append((answer.status_code, b"Fault" in answer.content, "Retry-After" in answer.headers))
        return answer

    recommendation(town.grounds, "urn:uuid:00000000-0000-0000-0000-000000000000", "K-0").send(post)
    return answers[0]


def _until_served(town: Town, within_s: float = 60.0) -> float:
    """Seconds until an exchange that changes something is answered again."""
    begun = time.monotonic()
    message, _ = application(town.grounds, 900_000 + int(begun * 10) % 90_000, town.run)
    done = threading.Event()

    def send() -> None:
        town.clients.deliver(message)
        done.set()

    threading.Thread(target=send, daemon=True).start()
    done.wait(within_s)
    return time.monotonic() - begun


def _until_warned(town: Town, again: Callable[[], None], within_s: float = 40.0) -> str:
    """Wait until a hub says that its store cannot be written; gives what it warns of. `again`: before each look."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        again()
        if not town.hubs[0].is_ready() and "store cannot" in (said := _warnings(town)):
            return said
        time.sleep(0.1)
    return ""


def _warnings(town: Town) -> str:
    headers = {"Authorization": f"Bearer {town.grounds.tokens['agus']}"}
    try:
        said = town.clients.request("GET", "/admin/v1/health", headers=headers).json()
    except NotYet as error:
        return f"(health answered {error.status})"
    return "; ".join(said["warnings"])
