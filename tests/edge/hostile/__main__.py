"""`make test-hostile`: every attack against one hub with its default limits; prints the figures and writes them.

The table goes into docs/security.md between its two markers. Ends with 1 when an attack did not end as it must.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from pathlib import Path

from tests.edge.hostile.bed import Grounds, HubProcess
from tests.edge.hostile.cases import CASES
from tests.edge.hostile.measure import Figures, check, measure

PAGE = Path(__file__).parents[3] / "docs" / "security.md"
BEGIN, END = "<!-- hostile: begin -->", "<!-- hostile: end -->"


def main(wanted: list[str]) -> int:
    """Run what is named, or all; only all is written down."""
    rows, wrong = [], 0
    with tempfile.TemporaryDirectory() as folder:
        hub = HubProcess(Grounds.furnish(Path(folder)))
        try:
            hub.await_ready()
            first = hub.memory()
            for name, case in CASES.items():
                if wanted and name not in wanted:
                    continue
                figures = measure(hub, case)
                rows.append(row(figures))
                sys.stdout.write(rows[-1] + "\n")
                for each in check(figures):
                    wrong += 1
                    sys.stdout.write(f"    WRONG: {each}\n")
                sys.stdout.flush()
            last = hub.memory()
            at_rest = f"Memory of the hub before the first: {first / 1e6:.0f} MB, after the last: {last / 1e6:.0f} MB."
        finally:
            hub.end()
        if "Traceback" in hub.said:
            sys.stdout.write(hub.said[hub.said.index("Traceback") :][:4000] + "\n")
            wrong += 1
    sys.stdout.write(at_rest + "\n")
    if not wanted and not wrong:
        write(rows, at_rest)
    return 1 if wrong else 0


HEAD = (
    "| attack | answer | seconds | peak memory | honest exchanges meanwhile (slowest) | health (slowest) |\n"
    "|---|---|---|---|---|---|"
)


def row(figures: Figures) -> str:
    """One line of the table."""
    said = ", ".join(
        f"{count} × {status} {code}".strip() if status else f"{count} × closed"
        for (status, code), count in sorted(figures.answers.items())
    )
    seen = figures.witness
    return (
        f"| {figures.case.name} | {said} | {figures.seconds:.2f} | +{figures.growth / 1e6:.0f} MB "
        f"| {seen.served} ({seen.slowest_s:.2f} s) | {seen.healthy} ({seen.slowest_health_s:.2f} s) |"
    )


def write(rows: list[str], at_rest: str) -> None:
    """Put the table into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    where = f"{at_rest} Python {platform.python_version()}, {platform.machine()}, two cores shared with the attacker."
    PAGE.write_text(f"{before}{BEGIN}\n{where}\n\n{HEAD}\n" + "\n".join(rows) + f"\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
