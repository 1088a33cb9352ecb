"""`make drill`: 200 random damages to real stores of both engines, each of which has to be found and named.

DRILL_DAMAGES (200) is the number on both engines together, DRILL_SEED repeats a run. Prints a table by kind, writes it
into docs/ledger-verify.md, and ends with 1 when a damage was not found or not named right.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from pathlib import Path

from tests.databases import ENGINES, Databases
from tests.drill.drill import Outcome, strikes, table
from tests.drill.grounds import copies
from tests.postgres import Server

DAMAGES = int(os.environ.get("DRILL_DAMAGES") or 200)
PAGE = Path(__file__).parents[2] / "docs/ledger-verify.md"
BEGIN, END = "<!-- table of make drill: begin -->", "<!-- table of make drill: end -->"


def main() -> int:
    """Damage, verify, and account for it."""
    seed = int(os.environ.get("DRILL_SEED") or secrets.randbelow(1_000_000))
    print(f"seed {seed}: {DAMAGES} damages on {' and '.join(ENGINES)}", flush=True)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="simojo-drill-") as folder:
        outcomes += _on(Databases(Path(folder)), DAMAGES - DAMAGES // 2, seed)
        with Server() as server:
            outcomes += _on(Databases(Path(folder), server), DAMAGES // 2, seed + 1)
    for each in outcomes:
        if not each.named:
            print(f"NOT NAMED RIGHT: {each.kind.name}, number {each.number}: {each.said}")
    told = table(outcomes)
    print(told)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\nSeed {seed}, on both engines.\n\n{told}\n{END}{after}")
    return 0 if all(each.named for each in outcomes) else 1


def _on(databases: Databases, count: int, seed: int) -> list[Outcome]:
    with copies(databases) as grounds:
        return list(strikes(grounds, count, seed))


if __name__ == "__main__":
    sys.exit(main())
