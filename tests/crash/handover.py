"""Two workers on one PostgreSQL: what one leaves behind the other takes over, and nobody overwrites anybody."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from tests.crash.clients import Message
from tests.crash.grounds import CALL_TIMEOUT_S
from tests.crash.messages import application
from tests.crash.processes import Process
from tests.crash.seen import Seen
from tests.crash.town import Size, Town, open_town
from tests.crash.waiting import deliveries

NO_LOAD = Size(players=0, askers=0, carriers=2)
LEASE_S = CALL_TIMEOUT_S + 30
"""The call's own deadline and what a worker may need beyond it."""

CASES = 4


def worker_killed(folder: Path) -> Seen:
    """A worker is killed in the middle of its calls while another stands by."""
    seen = Seen(name="worker killed in its calls", engine="postgres")
    with open_town(folder, "postgres", size=NO_LOAD) as town:
        first, second = town.workers
        cases = _in_call(town, second)
        first.kill()
        second.go_on()
        killed = time.monotonic()
        town.agencies.delay_s.clear()
        taken = _until_answered(town, cases, within_s=LEASE_S + 20)
        took = time.monotonic() - killed
        seen.said.append(f"all {cases} deliveries were answered {took:.1f} s after the kill; the lease is {LEASE_S} s")
        seen.must(taken, f"after {LEASE_S + 20} s the other worker had not taken over")
        first.start()
        first.await_ready()
        town.begin()
        seen.end(town)
    return seen


def worker_paused(folder: Path) -> Seen:
    """A worker is stopped in the middle of its calls, for longer than its lease, and wakes."""
    seen = Seen(name="worker paused beyond its lease", engine="postgres")
    with open_town(folder, "postgres", size=NO_LOAD) as town:
        first, second = town.workers
        cases = _in_call(town, second)
        first.pause()
        second.go_on()
        town.agencies.delay_s.clear()
        taken = _until_answered(town, cases, within_s=LEASE_S + 20)
        seen.must(taken, f"after {LEASE_S + 20} s the other worker had not taken over")
        before = deliveries(town)
        first.go_on()
        time.sleep(4)
        after = deliveries(town)
        changed = [name for name, row in before.items() if after[name] != row]
        seen.said.append(f"{len(before)} deliveries before it woke; {len(changed)} are otherwise since")
        seen.must(not changed, f"the worker that woke has changed {len(changed)} deliveries")
        first.kill()
        first.start()
        first.await_ready()
        town.begin()
        seen.end(town)
    return seen


# --- within -------------------------------------------------------------------------------------------------------


def _in_call(town: Town, other: Process) -> int:
    """Make deliveries whose calls the first worker has in hand, unanswered, while the other sleeps; gives how many."""
    town.agencies.delay_s["dukcapil"] = 2.0
    other.pause()
    messages: list[Message] = [application(town.grounds, 800_000 + n, town.run)[0] for n in range(CASES)]
    for message in messages:
        town.clients.deliver(message)
    town.agencies.wait_for("dukcapil", 1)
    time.sleep(0.3)
    return CASES


def _until_answered(town: Town, cases: int, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        states = Counter(row["state"] for row in deliveries(town).values() if row["agency"] == "dukcapil")
        if states["answered"] == cases:
            return True
        time.sleep(0.2)
    return False
