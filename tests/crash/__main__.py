"""`make crash`: kill -9 of hub, worker and database at random instants under load, and what is left afterwards.

CRASH_KILLS (100) is the number of kills on each engine, CRASH_ENGINES (sqlite,postgres) names them, CRASH_SEED
repeats a run. Then the failures of `tests.crash.scenarios` in turn: CRASH_FAILURES names some (`none` for none), and
CRASH_AWAY_SECONDS (30) is how long PostgreSQL is stopped. A kill is told as it happens, a failure when it begins
and when it was looked at. Ends with 1 when anything was lost, happened twice or did not go on, with 2 for a name that
nobody knows.
The last line names the failures that were left out, for which file systems have to be mounted (root alone may).
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.crash.disks import can_mount
from tests.crash.ending import look_back
from tests.crash.finding import Finding, Verdict
from tests.crash.killing import Kill, Killer
from tests.crash.scenarios import NEED_MOUNTS, SCENARIOS
from tests.crash.seen import Seen
from tests.crash.town import Size, open_town
from tests.databases import ENGINES

HEAD = (
    "| engine | kills (hub, worker, database) | seconds | messages | answers | put off | permits | deliveries | calls "
    "| lost | doubled | changed | leaves | checkpoints |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One engine's part."""

    engine: str
    kills: Counter[str]
    seconds: float
    permits: int
    put_off: int
    verdict: Verdict

    @property
    def is_good(self) -> bool:
        """Whether everything is as it must be."""
        return not self.verdict.findings

    @property
    def row(self) -> str:
        """Its line of the table."""
        found = self.verdict
        by_kind = ", ".join(str(self.kills[each]) for each in ("hub", "worker", "database"))
        cells = (
            self.engine,
            f"{self.kills.total()} ({by_kind})",
            f"{self.seconds:.0f}",
            found.messages,
            found.answers,
            self.put_off,
            self.permits,
            found.deliveries,
            found.calls,
            found.count("lost"),
            found.count("doubled"),
            found.count("changed"),
            found.leaves,
            found.checkpoints,
        )
        return f"| {' | '.join(str(each) for each in cells)} |"


def run(folder: Path, engine: str, kills: int, seed: int) -> Run:
    """Kill so many times on one engine, let everything settle, say everything again, and look."""
    begun = time.monotonic()
    with open_town(folder, engine, size=Size(collectors=2), seed=seed) as town:
        killer = Killer(town, seed, _tell)
        town.begin()
        try:
            killer.run(kills)
            verdict = look_back(town)
        except AssertionError as error:  # somebody did not come back: that is a finding, and the others go on
            verdict = Verdict(findings=[Finding(kind="failure", text=str(error))])
        return Run(
            engine=engine,
            kills=killer.counts(),
            seconds=time.monotonic() - begun,
            permits=sum(len(player.played) for player in town.players),
            put_off=sum(record.put_off.total() for record in town.clients.records.values()),
            verdict=verdict,
        )


def main() -> int:
    """Run on every engine and print the table."""
    kills = int(os.environ.get("CRASH_KILLS") or 100)
    engines = [each for each in (os.environ.get("CRASH_ENGINES") or ",".join(ENGINES)).split(",") if each]
    wanted = os.environ.get("CRASH_FAILURES") or ",".join(SCENARIOS)
    names = [] if wanted == "none" else wanted.split(",")
    if unknown := [*(set(names) - set(SCENARIOS)), *(set(engines) - set(ENGINES))]:
        _say(f"nobody knows {', '.join(sorted(unknown))}: there are {', '.join((*ENGINES, *SCENARIOS))}")
        return 2
    seed = int(os.environ.get("CRASH_SEED") or secrets.randbelow(10**6))
    _say(f"CRASH_SEED={seed} CRASH_KILLS={kills} CRASH_ENGINES={','.join(engines)}")
    runs = []
    for number, engine in enumerate(engines if kills else []):
        _say(f"{engine}: {kills} kills")
        with tempfile.TemporaryDirectory(prefix="simojo-crash-", ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o755)
            runs.append(run(Path(folder), engine, kills, seed + number))
        _say(f"\n{engine} has settled in {runs[-1].seconds:.0f} s")
    if runs:
        _say("\n".join(["", HEAD, *(each.row for each in runs)]))
    for each in runs:
        for found in each.verdict.findings[:40]:
            _say(f"    {each.engine} {found.kind.upper()}: {found.text}")
    lost, doubled = (sum(each.verdict.count(kind) for each in runs) for kind in ("lost", "doubled"))
    leaves = sum(each.verdict.leaves for each in runs)
    verified = "verified" if not any(each.verdict.count("ledger") for each in runs) else "NOT VERIFIED"
    total = sum(each.kills.total() for each in runs)
    if runs:
        _say(f"\n{total} kills, {lost} lost, {doubled} doubled, ledger of {leaves} leaves {verified}")
    left_out = [name for name in names if name in NEED_MOUNTS] if not can_mount() else []
    good = fail([name for name in names if name not in left_out]) and all(each.is_good for each in runs)
    _say(closing(good=good, left_out=left_out))
    return 0 if good else 1


def closing(*, good: bool, left_out: Sequence[str]) -> str:
    """The last line: how it ended, and what was not looked at."""
    ended = "all as it must be" if good else "NOT as it must be"
    if not left_out:
        return ended
    return f"{ended}; LEFT OUT: {', '.join(left_out)} (file systems cannot be mounted here: run it as root)"


def fail(names: Sequence[str]) -> bool:
    """Let these failures happen, each on its own town; whether all ended well."""
    good = True
    for name in names:
        with tempfile.TemporaryDirectory(prefix="simojo-crash-", ignore_cleanup_errors=True) as folder:
            Path(folder).chmod(0o755)  # the database server may be another user
            _say(f"{name} ...")
            seen = _seen(name, Path(folder))
        good = good and not seen.findings
        _say(f"{seen.name} ({seen.engine}): {'as it must be' if not seen.findings else 'WRONG'}")
        for text in seen.said:
            _say(f"    {text}")
        for found in seen.findings[:20]:
            _say(f"    {found.kind.upper()}: {found.text}")
    return good


def _seen(name: str, folder: Path) -> Seen:
    try:
        return SCENARIOS[name](folder)
    except AssertionError as error:  # what was waited for did not come
        return Seen(name=name, engine="-", findings=[Finding(kind="failure", text=str(error)[:3000])])


def _tell(kill: Kill) -> None:
    at_start = " (starting)" if kill.at_start else ""
    sys.stdout.write(f"{kill.number}: {kill.at_s:.1f} s {kill.victim}{at_start}; ")
    sys.stdout.flush()


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
