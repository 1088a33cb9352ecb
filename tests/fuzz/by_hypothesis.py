"""The driver that needs nothing but what `make setup` installs: hypothesis draws seeds and steps, or any bytes."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.target import MOST_STEPS, Target, judge, keep

BATCH = 1_000
"""Examples of one hypothesis run: it remembers all of them, so that many runs are quicker than a long one."""
FEWEST = 30
"""Fewer would be the simplest recipes alone, which may make no input at all, over and over."""


@dataclass
class Tally:
    """What a run has seen."""

    inputs: int = 0
    seconds: float = 0.0
    worst: float = 0.0
    worst_bytes: int = 0
    said: Counter[str] = field(default_factory=Counter)

    def add(self, said: str, took: float, size: int) -> None:
        """Count one input."""
        self.inputs += 1
        self.said[said] += 1
        if took > self.worst:
            self.worst, self.worst_bytes = took, size


def recipes() -> st.SearchStrategy[bytes]:
    """Recipes (`Target.inputs`): nearly well inputs mostly, each a step further from a seed, and some of any bytes."""
    few, many = (st.binary(min_size=2 + 6 * least, max_size=2 + 6 * MOST_STEPS) for least in (0, 3))
    well, any_ = many.map(lambda numbers: b"\x01" + numbers), few.map(lambda numbers: b"\x03" + numbers)
    return st.one_of(well, well, well, well, well, any_, any_, st.binary(max_size=300).map(lambda data: b"\x00" + data))


def run(target: Target, inputs: int, number: int = 0, until: float = float("inf")) -> Tally:
    """Judge that many inputs (fewer when the clock `time.monotonic` passes `until`). Findings are kept and raised."""
    tally, began = Tally(), time.monotonic()
    batch = 0
    while tally.inputs < inputs and time.monotonic() < until:
        _batch(target, min(BATCH, max(FEWEST, (inputs - tally.inputs) // 3)), number * 1_000_003 + batch, tally)
        batch += 1
    tally.seconds = time.monotonic() - began
    return tally


def _batch(target: Target, examples: int, number: int, tally: Tally) -> None:
    last = [b""]

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(recipes())
    def every_input_keeps_the_property(recipe: bytes) -> None:
        last[0] = recipe
        for data in target.inputs(recipe):
            said, took = judge(target, data)
            tally.add(said, took, len(data))

    try:
        every_input_keeps_the_property()
    except Exception:
        keep(target, last[0])
        raise


def main(arguments: list[str]) -> None:
    """`python -m tests.fuzz.by_hypothesis TARGET INPUTS SECONDS SEED`: one target, its figures as a line of JSON."""
    from tests.fuzz.targets import TARGETS

    name, inputs, seconds, number = arguments
    target = next(each for each in TARGETS if each.name == name)
    for each in target.seeds():
        judge(target, each)  # what is read once and cached is not an input's time
    tally = run(target, int(inputs), int(number), time.monotonic() + float(seconds))
    figures = {"inputs": tally.inputs, "worst": tally.worst, "worst_bytes": tally.worst_bytes, "said": tally.said}
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
