"""Who is killed when: from a seed, so that a run can be had again as far as a machine under load lets it."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass

from tests.crash.processes import Process
from tests.crash.town import Town

DOWN_S = (0.0, 0.4)
"""How long a victim stays down before it is started again."""

ALIVE_S = (0.05, 1.6)
"""How long everybody lives, once the last victim is there again, before the next is chosen."""

AT_ITS_START = 0.15
"""The share of kills that hit a process while it starts."""

WEIGHTS = {"hub": 4, "worker": 4, "database": 5}


@dataclass(frozen=True, kw_only=True)
class Kill:
    """One kill: `at_s` seconds after the first."""

    number: int
    at_s: float
    victim: str
    at_start: bool


class Killer:
    """Kills and starts again. `told` is called with each kill; `kinds` may be killed.

    `alive` lets about so many seconds go by with everybody alive; it may wait for something to happen instead.
    """

    def __init__(
        self,
        town: Town,
        seed: int,
        told: Callable[[Kill], None],
        kinds: Collection[str] = frozenset(WEIGHTS),
        *,
        alive: Callable[[float], object] = time.sleep,
    ) -> None:
        self._town = town
        self._alive = alive
        self._kinds = kinds
        self._chance = random.Random(seed)  # noqa: S311 - chance of a seed, no secret
        self._told = told
        self.kills: list[Kill] = []

    def counts(self) -> Counter[str]:
        """How many of each kind."""
        return Counter(kill.victim.partition("-")[0] for kill in self.kills)

    def run(self, kills: int) -> None:
        """Kill so many times."""
        begun = time.monotonic()
        while len(self.kills) < kills:
            at_start = self._chance.random() < AT_ITS_START
            if not at_start:
                self._await_service()
                self._alive(self._chance.uniform(*ALIVE_S))
            last = self.kills[-1].victim if self.kills else None
            victim = last if at_start and last is not None else self._choose()
            kill = Kill(number=len(self.kills) + 1, at_s=time.monotonic() - begun, victim=victim, at_start=at_start)
            self._kill(victim)
            self.kills.append(kill)
            self._told(kill)
            time.sleep(self._chance.uniform(*DOWN_S))
            self._start(victim)
            if at_start:
                time.sleep(self._chance.uniform(0.2, 2.5))
        self._await_service()

    def _choose(self) -> str:
        names = [process.name for process in self._town.processes]
        if self._town.grounds.server is not None:
            names.append("database")
        names = [name for name in names if name.partition("-")[0] in self._kinds]
        weights = [WEIGHTS[name.partition("-")[0]] for name in names]
        return self._chance.choices(names, weights)[0]

    def _kill(self, victim: str) -> None:
        server = self._town.grounds.server
        if victim == "database" and server is not None:
            server.kill()
        else:
            self._process(victim).kill()

    def _start(self, victim: str) -> None:
        server = self._town.grounds.server
        if victim == "database" and server is not None:
            server.start()
        else:
            self._process(victim).start()

    def _process(self, name: str) -> Process:
        return next(each for each in self._town.processes if each.name == name)

    def _await_service(self) -> None:
        """Wait until everything that was killed is there again; a process that ended by itself is started again."""
        for process in self._town.processes:
            if not process.is_running:
                process.start()
            process.await_ready()
