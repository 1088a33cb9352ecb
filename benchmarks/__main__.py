"""`python -m benchmarks [part ...]`: measures, prints the table, and writes benchmarks/latest.json.

Without words everything is measured, in about twenty minutes. Words pick: `rest` or `soap`, `sqlite` or `postgres`,
`2kb` or `100kb`, and of the parts `floor`, `reference`, `hub`, `cases`, `stored`, `deliveries`; BENCH_ONLY may hold
them as well, and BENCH_SECONDS the length of each measurement.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.choice import UnknownChoice, choose
from benchmarks.load import LoadFailed
from benchmarks.machine import LATEST, ROOT
from benchmarks.run import run


def main() -> int:
    """Measure what is asked for. Gives 1 when a measurement failed, 2 for words that name nothing."""
    try:
        choice = choose(sys.argv[1:])
    except UnknownChoice as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="simojo-bench-") as folder:
        try:
            outcome = run(choice, Path(folder), lambda text: print(text, flush=True))
        except LoadFailed as error:
            print(f"the measurement failed, there are no figures: {error}", file=sys.stderr)
            return 1
    outcome.write(LATEST)
    print(outcome.text())
    print(f"\nwritten to {LATEST.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
