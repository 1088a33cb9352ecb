"""A target reads one input and says how it was judged. What it may not do is in `judge`.

- only a refusal of the gateway's own comes out, never another exception
- an input takes less than a second (at its second try, where another process had the processor at the first)
- what is accepted is what was signed (each target checks that itself)
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from gateway.domain.errors import GatewayError

CORPUS = Path(__file__).parent / "corpus"
SECONDS_PER_INPUT = 1.0
WORTH_A_SECOND_LOOK = 0.02
MOST_STEPS = 8

Step: TypeAlias = tuple[int, int, int]
"""A change: which one, and two numbers that say where and what. Any numbers are a change."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """`seeds` are inputs that are well, or nearly; `change` makes one step; `read` raises `refuses` or gives a word.

    `steps` is how many different changes there are, of which the first `structured` keep the input well-formed.
    `share` is its part of all inputs.
    """

    name: str
    what: str
    seeds: Callable[[], Sequence[bytes]]
    change: Callable[[bytes, Step], bytes]
    steps: int
    structured: int
    read: Callable[[bytes], str]
    refuses: type[GatewayError]
    share: float

    def made(self, seed: int, steps: Sequence[Step]) -> bytes:
        """The seed of that number after these changes."""
        seeds = self.seeds()
        data = seeds[seed % len(seeds)]
        for step in steps:
            data = self.change(data, step)
        return data

    def inputs(self, recipe: bytes) -> Iterator[bytes]:
        """The inputs of a recipe: what drivers vary and shrink, and what is kept of a finding.

        Behind an even byte stands one input as it is. Behind an odd one stand numbers of two bytes: a seed, then three
        for each step (1, 5, 9 ...: only changes that keep the form). Each step that changes something gives an input;
        no steps give the seed. Keys are made anew for each process, so it is the recipe that can be played again.
        """
        if not recipe or recipe[0] % 2 == 0:
            yield recipe[1:]
            return
        numbers = [int.from_bytes(recipe[at : at + 2]) for at in range(1, len(recipe), 2)]
        seeds, changes = self.seeds(), self.structured if recipe[0] % 4 == 1 else self.steps
        made = seeds[(numbers[0] if numbers else 0) % len(seeds)]
        if len(numbers) < 4:
            yield made
        for at in range(1, min(len(numbers) - 2, 3 * MOST_STEPS), 3):
            before = made
            made = self.change(made, (numbers[at] % changes, numbers[at + 1], numbers[at + 2]))
            if made != before:
                yield made


class TooSlow(AssertionError):
    """An input took longer than it may."""


def judge(target: Target, data: bytes) -> tuple[str, float]:
    """Read one input: the code of its refusal, or the target's word for what it accepted, and the seconds it took.

    Seconds of the processor: other processes have the machine too.

    Any other exception than the target's refusal is a finding and comes out as it is; so does TooSlow.
    """
    said, took = _timed(target, data)
    if took > WORTH_A_SECOND_LOOK:
        said, took = min((_timed(target, data) for _ in range(2)), key=lambda tried: tried[1])
    if took > SECONDS_PER_INPUT:
        raise TooSlow(f"{target.name}: {len(data)} bytes took {took:.2f} s")
    return said, took


def _timed(target: Target, data: bytes) -> tuple[str, float]:
    began = time.thread_time()
    try:
        said = target.read(data)
    except target.refuses as refusal:
        said = refusal.code
    return said, time.thread_time() - began


def keep(target: Target, recipe: bytes) -> Path:
    """Put the recipe of an input that broke a property into the corpus."""
    folder = CORPUS / target.name
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / f"{hashlib.sha256(recipe).hexdigest()[:16]}.bin"
    place.write_bytes(recipe)
    return place


def kept(target: Target) -> list[Path]:
    """The recipes of a target whose inputs once broke a property."""
    return sorted((CORPUS / target.name).glob("*.bin"))
