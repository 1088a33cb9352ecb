"""All failures that are let happen, by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.crash.failures import clock_back, database_away, disk_full, read_only, started_read_only
from tests.crash.handover import worker_killed, worker_paused
from tests.crash.seen import Seen

SCENARIOS: Mapping[str, Callable[[Path], Seen]] = {
    "database": lambda folder: database_away(folder, float(os.environ.get("CRASH_AWAY_SECONDS") or 30)),
    "worker-killed": worker_killed,
    "worker-paused": worker_paused,
    "full-sqlite": lambda folder: disk_full(folder, "sqlite"),
    "full-postgres": lambda folder: disk_full(folder, "postgres"),
    "read-only-sqlite": started_read_only,
    "read-only-postgres": read_only,
    "clock-sqlite": lambda folder: clock_back(folder, "sqlite"),
    "clock-postgres": lambda folder: clock_back(folder, "postgres"),
}
NEED_MOUNTS = frozenset({"full-sqlite", "full-postgres", "read-only-sqlite"})
