"""What the demo prints: who did what, and each exchange with time, direction, protocol, verdict and ledger index."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from gateway.domain.calendar import JAKARTA
from gateway.machine import now

FINAL = ("accepted", "refused", "answered", "awaiting", "dead", "cancelled")
_COLOURS: Mapping[str, str] = {"refused": "red", "dead": "red", "awaiting": "cyan"}


class Screen:
    """Prints lines; safe to use from two threads."""

    def __init__(self, protocols: Mapping[str, str]) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._protocols = protocols
        self._shown: set[str] = set()
        self._lock = threading.Lock()

    def title(self, text: str) -> None:
        """Begin a part."""
        self._console.rule(f"[bold]{text}", align="left")

    def say(self, text: str) -> None:
        """Print a sentence, without markup."""
        self._console.print(text, markup=False)

    def deed(self, who: str, what: str) -> None:
        """Print what somebody does."""
        self._console.print(f"{_time(now())}  [bold]{who}[/bold] {what}")

    def mishap(self, who: str, what: str) -> None:
        """Print what goes wrong, because the demo ordered it."""
        self._console.print(f"{_time(now())}  [yellow]{who} {escape(what)}[/yellow]")

    def told(self, attention: Sequence[str]) -> None:
        """Print what officers are told of a case."""
        for each in attention:
            self.say(f"          officers are told: {each}")

    def exchanges(self, items: list[dict[str, Any]]) -> None:
        """Print the exchanges that are over and in the ledger, and were not printed before."""
        with self._lock:
            for each in items:
                placed = each["leaves"] and None not in each["leaves"]
                if each["id"] in self._shown or each["verdict"] not in FINAL or not placed:
                    continue
                self._shown.add(each["id"])
                self._exchange(each)

    def skip(self, items: list[dict[str, Any]]) -> None:
        """These were printed by an earlier run."""
        self._shown |= {each["id"] for each in items if each["verdict"] in FINAL}

    def _exchange(self, each: dict[str, Any]) -> None:
        at = _time(datetime.fromisoformat(each["at"]))
        name = f"{each['agency']}/{each['interaction']}"
        arrow = "-->  " if each["direction"] == "out" else "  <--"
        colour = _COLOURS.get(each["verdict"], "green")
        said = each["verdict"] if each["code"] in (None, each["verdict"]) else f"{each['verdict']} ({each['code']})"
        indexes = ", ".join(str(index) for index in sorted(each["leaves"]))
        protocol = self._protocols.get(name, "")
        self._console.print(f"{at}  {arrow} {name:32} {protocol:22} [{colour}]{said:12}[/{colour}] ledger {indexes}")


def _time(at: datetime) -> str:
    return at.astimezone(JAKARTA).strftime("%H:%M:%S")


class Watch:
    """Fetches and prints exchanges while something else goes on."""

    def __init__(self, look: Callable[[], None]) -> None:
        self._look = look
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.25):
            self._look()
