"""`make soak`: hours at half load, and whether anything grew that should not.

SOAK_MINUTES (60), SOAK_ENGINE (postgres or sqlite), SOAK_SHARE (0.5) of the rate that a first minute at full load
reached: as much as these clients ask, who sign their messages on the same machine. How many processors they and the
hubs kept busy is told. Every ten seconds a line of figures; at the end verdicts that are computed from them. A run of
half an hour or more is written into docs/performance.md between its markers. Ends with 1 when a verdict is bad.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import date
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path

import httpx2
import psutil
from sqlalchemy import text

from gateway.store.engine import open_engine
from tests.crash.clients import TIMEOUT_S, NotYet
from tests.crash.ending import look_back
from tests.crash.judging import MB, Figures, Judged, judge
from tests.crash.messages import validity
from tests.crash.nursery import Outright
from tests.crash.town import Size, Town, open_town

EVERY_S = 10.0
FULL_S = 60.0
ASKERS = 8
PLAYERS = 1
PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- soak -->", "<!-- /soak -->"
WRITTEN_FROM_MIN = 30.0


class Line:
    """One connection that is kept: a client that takes little of the processor that the hubs need."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        """Post, and read the whole answer. Raises OSError and HTTPException; the next one connects anew."""
        try:
            self._connection.request("POST", path, body, dict(headers))
            answer = self._connection.getresponse()
            return httpx2.Response(answer.status, headers=answer.getheaders(), content=answer.read())
        except (OSError, HTTPException):
            self._connection.close()
            raise


class Load:
    """Clients that ask without end, at a pace that may be changed: `per_s` None is as fast as answers come."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.per_s: float | None = None
        self._took: list[float] = []
        self._failures = 0
        self._lock = threading.Lock()
        self._numbers = count(1)
        for number in range(ASKERS):
            threading.Thread(target=self._ask, args=(number,), name="soak-asker", daemon=True).start()

    def drawn(self) -> tuple[list[float], int]:
        """What was measured since the last look: seconds of each exchange, and how many failed."""
        with self._lock:
            took, failures = sorted(self._took), self._failures
            self._took, self._failures = [], 0
        return took, failures

    def _ask(self, number: int) -> None:
        town, due = self._town, time.monotonic()
        line = Line(town.hubs[number % len(town.hubs)].port)
        while not town.closing.is_set():
            if self.per_s is not None:
                due = max(due + ASKERS / self.per_s, time.monotonic() - 1)
                town.closing.wait(max(0.0, due - time.monotonic()))
            message = validity(town.grounds, f"s{number}-{next(self._numbers)}")
            begun = time.monotonic()
            try:
                good = message.send(line.post).status_code in message.good
            except (OSError, HTTPException):
                good = False
            with self._lock:
                self._took.append(time.monotonic() - begun)
                self._failures += not good


class Watch:
    """Takes the figures."""

    def __init__(self, town: Town, load: Load) -> None:
        self._town = town
        self._load = load
        self._begun = self._last = time.monotonic()
        self._engine = open_engine(town.grounds.url)
        self._used = self._seconds()

    def look(self) -> Figures:
        """The figures since the last look."""
        now = time.monotonic()
        took, failures = self._load.drawn()
        processes = {each.name: psutil.Process(each.pid) for each in self._town.processes}
        waiting, pending = self._queues()
        ports = {each.port for each in self._town.hubs}
        http = sum(each.laddr.port in ports for one in processes.values() for each in one.net_connections())
        database, store = self._store()
        used, self._used = self._used, self._seconds()
        hub_cpu, load_cpu = (
            (after - before) / (now - self._last) for before, after in zip(used, self._used, strict=True)
        )
        figures = Figures(
            at_s=now - self._begun,
            per_s=len(took) / (now - self._last),
            p50=_at(took, 0.5) * 1000,
            p99=_at(took, 0.99) * 1000,
            failures=failures,
            rss={name: one.memory_info().rss for name, one in processes.items()},
            database=database,
            http=http,
            threads=sum(one.num_threads() for one in processes.values()),
            files=sum(one.num_fds() for one in processes.values()),
            store=store,
            waiting=waiting,
            pending=pending,
            hub_cpu=hub_cpu,
            load_cpu=load_cpu,
        )
        self._last = now
        return figures

    def close(self) -> None:
        """Look no more."""
        self._engine.dispose()

    def _seconds(self) -> tuple[float, float]:
        """Processor seconds so far: of hubs and workers, and of clients and agencies (this process)."""
        hubs = (psutil.Process(each.pid).cpu_times() for each in self._town.processes)
        return sum(each.user + each.system for each in hubs), time.process_time()

    def _queues(self) -> tuple[int, int]:
        headers = {"Authorization": f"Bearer {self._town.grounds.tokens['agus']}"}
        try:
            waiting = self._town.clients.request("GET", "/admin/v1/deliveries/waiting", headers=headers).json()
            head = self._town.clients.request("GET", "/admin/v1/ledger/head", headers=headers).json()
        except NotYet:
            return -1, -1
        return int(waiting["waiting"]), int(head["pending"])

    def _store(self) -> tuple[int, int]:
        if self._town.grounds.server is None:
            return 0, sum(each.stat().st_size for each in self._town.grounds.store_file.parent.iterdir())
        with self._engine.connect() as connection:
            sessions = connection.execute(
                text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state IS NOT NULL")
            ).scalar_one()
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        return int(sessions) - 1, int(size)  # one is this look


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def soak(folder: Path, engine: str, minutes: float, share: float) -> tuple[list[Figures], list[Judged], float]:
    """Run; gives the figures, the verdicts, and the rate at full load."""
    size = Size(players=PLAYERS, askers=0, carriers=2)
    with open_town(folder, engine, size=size, nursery=Outright()) as town:
        load = Load(town)
        watch = Watch(town, load)
        town.begin()
        full_s = min(FULL_S, minutes * 60 / 5)
        time.sleep(full_s)
        full = watch.look()
        _say(f"full load: {full.line}")
        load.per_s = max(1.0, share * full.per_s)
        _say(f"from now on {load.per_s:.0f} exchanges a second")
        figures = []
        end = time.monotonic() + minutes * 60
        while time.monotonic() < end:
            time.sleep(min(EVERY_S, minutes * 60 / 12))
            figures.append(watch.look())
            _say(figures[-1].line)
        watch.close()
        verdicts = judge(figures)
        found = look_back(town)
        whole = not [each for each in found.findings if not each.text.startswith("dpupr 's")]
        text_ = f"afterwards: {found.leaves} leaves verified, {found.count('lost')} lost, {found.cases} cases"
        verdicts.append(Judged(good=whole, said=text_))
    return figures, verdicts, full.per_s


def written(
    engine: str, minutes: float, share: float, full: float, figures: Sequence[Figures], said: Sequence[Judged]
) -> str:
    """The section of the page."""
    shown = figures[:: max(1, len(figures) // 12)]
    rows = "\n".join(
        f"| {each.at_s / 60:.0f} | {each.per_s:.0f} | {each.p50:.1f} | {each.p99:.1f} "
        f"| {each.hub_cpu:.2f}, {each.load_cpu:.2f} "
        f"| {', '.join(f'{name} {size / MB:.0f}' for name, size in each.rss.items())} | {each.database} | {each.http} "
        f"| {each.threads} | {each.files} | {each.store / MB:.0f} | {each.waiting} | {each.pending} |"
        for each in shown
    )
    verdicts = "\n".join(f"- {'good' if each.good else '**BAD**'}: {each.said}" for each in said)
    model = next((line.partition(":")[2].strip() for line in _cpu_lines() if line.startswith("model name")), "")
    return (
        f"{date.today().isoformat()}, {engine}, {minutes:.0f} minutes at {share:g} of the {full:.0f} exchanges a second"  # noqa: DTZ011 - the day of whoever ran it
        f" that a first minute reached with {ASKERS} clients who ask without a pause;"
        f" {os.cpu_count()} x {model or platform.machine()}, shared with load generator and agencies;"
        f" Python {platform.python_version()}. Again: `make soak SOAK_ENGINE={engine}"
        f" SOAK_MINUTES={minutes:.0f} SOAK_SHARE={share:g}`.\n\n"
        "| minute | exchanges/s | p50 ms | p99 ms | processors: hub, load | memory MB "
        "| database connections | HTTP connections | threads | files | store MB "
        "| deliveries waiting | leaves waiting |\n"
        f"{'|---' * 13}|\n"
        f"{rows}\n\n{verdicts}"
    )


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def write(section: str) -> None:
    """Put it between the page's markers, or at its end with markers of its own."""
    text_ = PAGE.read_text(encoding="utf-8") if PAGE.exists() else "# Performance\n"
    if BEGIN not in text_:
        text_ = f"{text_.rstrip()}\n\n## An hour at half load\n\n{BEGIN}\n{END}\n"
    before, _, rest = text_.partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{section}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def main() -> int:
    """Soak, judge, write."""
    minutes = float(os.environ.get("SOAK_MINUTES") or 60)
    engine = os.environ.get("SOAK_ENGINE") or "postgres"
    share = float(os.environ.get("SOAK_SHARE") or 0.5)
    with tempfile.TemporaryDirectory(prefix="simojo-soak-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        figures, verdicts, full = soak(Path(folder), engine, minutes, share)
    for each in verdicts:
        _say(f"{'good' if each.good else 'BAD'}: {each.said}")
    if minutes >= WRITTEN_FROM_MIN:
        write(written(engine, minutes, share, full, figures, verdicts))
    return 0 if all(each.good for each in verdicts) else 1


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
