"""Running one attack while somebody goes on with honest work, and what it cost the hub."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass

from tests.edge.hostile.bed import HubProcess, Witness
from tests.edge.hostile.cases import Case

MOST_HONEST_S = 6.0
"""What an honest exchange may take while the hub is under attack (and the machine busy with the attacker)."""

MOST_HEALTH_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What came of it. `answers` counts (status, code); memory in bytes, times in seconds."""

    case: Case
    answers: Counter[tuple[int, str]]
    seconds: float
    growth: int
    witness: Witness


def measure(hub: HubProcess, case: Case) -> Figures:
    """Attack, with a witness from shortly before until the last answer."""
    with Witness(hub.url, hub.grounds).watching() as witness:
        before = hub.memory()
        hub.forget_peak()
        begun = time.monotonic()
        found = case.attack(hub)
        seconds = max((each.took_s for each in found), default=time.monotonic() - begun)
        growth = hub.memory("VmHWM") - before
    answers = Counter((each.status, each.code) for each in found)
    return Figures(case=case, answers=answers, seconds=seconds, growth=max(0, growth), witness=witness)


def check(figures: Figures, patience: float = 1.0) -> list[str]:
    """What was wrong; empty when all is well. `patience` stretches times, for a machine that has other work too."""
    case, witness = figures.case, figures.witness
    wrong = list(witness.failures)
    if not figures.answers or set(figures.answers) - case.expected:
        wrong.append(f"answers {dict(figures.answers)}, expected are {sorted(case.expected)}")
    if figures.seconds > case.most_s * patience:
        wrong.append(f"{figures.seconds:.1f} s, {case.most_s} s are allowed")
    if figures.growth > case.most_bytes:
        wrong.append(f"{figures.growth / 1e6:.0f} MB more, {case.most_bytes / 1e6:.0f} MB are allowed")
    if witness.served == 0:
        wrong.append("nobody else was served")
    if witness.slowest_s > MOST_HONEST_S * patience or witness.slowest_health_s > MOST_HEALTH_S * patience:
        wrong.append(f"honest work took {witness.slowest_s:.1f} s, health {witness.slowest_health_s:.1f} s")
    return wrong
