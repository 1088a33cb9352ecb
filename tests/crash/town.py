"""The whole town: a store, hubs and workers, agencies on both sides, and cases under way."""

from __future__ import annotations

import contextlib
import queue
import random
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from tests.crash.agencies import Agencies
from tests.crash.clients import Clients, Message, NotYet
from tests.crash.grounds import Grounds
from tests.crash.mailbox import Collector
from tests.crash.messages import recommendation, report, validity
from tests.crash.nursery import Nursery, Outright
from tests.crash.permits import Over, Player
from tests.crash.processes import Process, free_port
from tests.postgres import AS_IN_AN_OFFICE, Server

LOOPBACK = "127.0.0.1"
SETTLE_S = 300.0
HEAD_EVERY_S = 0.2
REPEATED = 0.2
"""The share of messages that are said twice at once, as by a client that lost the answer."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many of each: cases at once, clients that only ask, threads that carry what agencies say later.

    `collectors` come for what lies in Satpol PP's mailbox; without any it is not in the town.
    """

    players: int = 6
    askers: int = 2
    carriers: int = 4
    collectors: int = 0
    asks_per_s: float = 10.0


class Town:
    """Everything, from `open_town`. `hubs` serve; `workers` deliver where there are any."""

    def __init__(
        self, grounds: Grounds, agencies: Agencies, hubs: list[Process], workers: list[Process], size: Size, seed: int
    ) -> None:
        self.grounds = grounds
        self.agencies = agencies
        self.hubs = hubs
        self.workers = workers
        self.run = secrets.token_hex(3)
        self.closing = threading.Event()
        """No new cases and questions; what is under way goes on."""
        self.emptied = threading.Event()
        """Nobody comes to the mailbox any more: nothing lies there, or will."""
        self.over = threading.Event()
        """Nothing goes on."""
        self.clients = Clients([hub.url for hub in hubs], self.over)
        self.heads: dict[int, str] = {}
        """Every checkpoint that anybody was shown, by its size."""
        self._size = size
        self._seed = seed
        self._letters: queue.Queue[Message] = queue.Queue()
        self._carrying = 0
        self._numbers = count(1)
        self._lock = threading.Lock()
        pin_lock = threading.Lock()
        self.players = [Player(grounds, self.clients, agencies, pin_lock) for _ in range(size.players)]
        self._threads: list[threading.Thread] = []
        self._collectors = [
            Collector(grounds, self.clients, agencies, name=f"{self.run}-c{n}", seed=seed, recommend=self._letters.put)
            for n in range(size.collectors)
        ]
        agencies.on_recommendation = lambda message, case: self._letters.put(recommendation(grounds, message, case))
        agencies.on_message = lambda reference: self._letters.put(report(reference))

    @property
    def processes(self) -> list[Process]:
        """Hubs and workers."""
        return [*self.hubs, *self.workers]

    def begin(self) -> None:
        """Let the load begin."""
        self._threads = [
            *(threading.Thread(target=self._play, args=(player,), name="player") for player in self.players),
            *(threading.Thread(target=self._ask, args=(n,), name="asker") for n in range(self._size.askers)),
            *(threading.Thread(target=self._carry, args=(n,), name="carrier") for n in range(self._size.carriers)),
            *(threading.Thread(target=each.run, args=(self.emptied,), name="collector") for each in self._collectors),
            threading.Thread(target=self._watch, name="watcher"),
        ]
        for thread in self._threads:
            thread.daemon = True
            thread.start()

    def settle(self, within_s: float = SETTLE_S) -> list[str]:
        """Begin nothing more, and wait until all that was begun has ended; gives what has not."""
        self.closing.set()
        end = time.monotonic() + within_s
        left = self._settled(end)
        self.emptied.set()  # nobody comes to the mailbox any more: the last collection has leaves as well
        for thread in self._threads:
            if thread.name == "collector":
                thread.join(30)
        left = left or self._settled(end)
        self.over.set()
        for thread in self._threads:
            thread.join(30)
        return left

    def again(self) -> int:
        """Say every message once more, as a client would that lost its answer; gives how many were said."""
        self.over.clear()
        records = list(self.clients.records.values())
        waiting: queue.SimpleQueue[Message] = queue.SimpleQueue()
        for record in records:
            waiting.put(record.message)

        def work() -> None:
            with contextlib.suppress(queue.Empty):
                while True:
                    self.clients.deliver(waiting.get_nowait())

        threads = [threading.Thread(target=work, daemon=True) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SETTLE_S)
        self.over.set()
        return len(records)

    # --- within ---------------------------------------------------------------------------------------------------

    def _settled(self, end: float) -> list[str]:
        """Look until nothing is left, or it is time; gives what is left."""
        left = ["not looked at"]
        while left and time.monotonic() < end:
            time.sleep(0.3)
            left = self._left()
        return left

    def _play(self, player: Player) -> None:
        with contextlib.suppress(Over):
            while not self.closing.is_set():
                with self._lock:
                    number = next(self._numbers)
                player.play(number, self.run, self.over)

    def _ask(self, asker: int) -> None:
        chance = random.Random(f"{self._seed}/asker/{asker}")  # noqa: S311 - chance of a seed, no secret
        for number in count(1):
            if self.closing.is_set():
                return
            twice = chance.random() < REPEATED
            self.clients.deliver(validity(self.grounds, f"{self.run}-{asker}-{number}"), times=1 + twice)
            self.closing.wait(chance.uniform(0, 2 * self._size.askers / self._size.asks_per_s))

    def _carry(self, carrier: int) -> None:
        chance = random.Random(f"{self._seed}/carrier/{carrier}")  # noqa: S311 - chance of a seed, no secret
        while not self.over.is_set():
            try:
                message = self._letters.get(timeout=0.2)
            except queue.Empty:
                continue
            with self._lock:
                self._carrying += 1
            self.clients.deliver(message, times=1 + (chance.random() < REPEATED))
            with self._lock:
                self._carrying -= 1

    def _watch(self) -> None:
        headers = {"Authorization": f"Bearer {self.grounds.tokens['agus']}"}
        while not self.over.is_set():
            with contextlib.suppress(NotYet):
                head = self.clients.request("GET", "/admin/v1/ledger/head", headers=headers).json()
                if head.get("checkpoint"):
                    note: str = head["checkpoint"]
                    self.heads[int(note.split("\n")[1])] = note
            self.over.wait(HEAD_EVERY_S)

    def _left(self) -> list[str]:
        busy = [thread.name for thread in self._threads if thread.name in ("player", "asker") and thread.is_alive()]
        if busy:
            return [f"{len(busy)} clients"]
        with self._lock:
            if self._carrying or not self._letters.empty():
                return ["messages of agencies"]
        headers = {"Authorization": f"Bearer {self.grounds.tokens['agus']}"}
        try:
            told = self.clients.request("GET", "/admin/v1/deliveries/waiting", headers=headers).json()
            waiting = told["waiting"] + told["inMailboxes"]
            pending = self.clients.request("GET", "/admin/v1/ledger/head", headers=headers).json()["pending"]
        except NotYet:
            return ["no hub answers"]
        said = [f"{waiting} deliveries"] if waiting else []
        return said + ([f"{pending} leaves"] if pending else [])


@contextmanager
def open_town(
    folder: Path,
    engine: str,
    *,
    size: Size | None = None,
    seed: int = 0,
    hubs: int | None = None,
    workers: int | None = None,
    server: Server | None = None,
    clock: Path | None = None,
    nursery: Nursery | Outright | None = None,
    **settings: str,
) -> Iterator[Town]:
    """A town in `folder` whose processes are ready; on SQLite one hub, on PostgreSQL two and two workers unless told.

    `server`: one that somebody else started, in place of an own durable one. `clock`: a file that says by how many
    seconds the clock of all processes is wrong. `nursery`: where processes are born, if somebody has one. `settings`
    are those of all processes.
    """
    shared = engine == "postgres"
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if shared and server is None:
            server = stack.enter_context(Server(durable=True, settings=AS_IN_AN_OFFICE))
        database = f"town-{secrets.token_hex(4)}"
        if shared and server is not None:
            server.create(database)
        if nursery is None:
            nursery = Nursery()
            stack.callback(nursery.close)
        agencies = Agencies()
        stack.callback(agencies.close)
        ports = [free_port() for _ in range(hubs if hubs is not None else 1 + shared)]
        grounds = Grounds(
            folder=folder,
            agencies_url=agencies.url,
            hub_url=f"http://{LOOPBACK}:{ports[0]}",
            server=server if shared else None,
            database=database,
            more=settings,
            mailbox=bool((size or Size()).collectors),
        )
        grounds.furnish()
        agencies.dpupr = grounds.dpupr
        helpers = workers if workers is not None else 2 * shared
        own: dict[str, Any] = {"WORKERS": "0"} if helpers else {}
        serving = [
            Process(grounds, nursery, f"hub-{n + 1}", port=port, clock=clock, **own) for n, port in enumerate(ports)
        ]
        delivering = [Process(grounds, nursery, f"worker-{n + 1}", is_worker=True, clock=clock) for n in range(helpers)]
        town = Town(grounds, agencies, serving, delivering, size or Size(), seed)
        stack.callback(town.clients.close)
        for process in town.processes:
            stack.callback(process.end)
            process.start()
        for process in town.processes:
            process.await_ready()
        yield town
        town.closing.set()
        town.emptied.set()
        town.over.set()
