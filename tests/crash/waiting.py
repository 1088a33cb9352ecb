"""Waiting for what happens in a town: by looking again and again, never for longer than a bound."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection

from sqlalchemy import select

from gateway.store.engine import open_engine
from gateway.store.plan import table_of
from gateway.store.tables import DeliveryRow
from tests.crash.clients import NotYet
from tests.crash.messages import application
from tests.crash.town import Town

GOOD = frozenset({200, 202})
ENOUGH = 20
"""So many answers, and a town is well under load, or well known to be broken."""


def until_more(town: Town, statuses: Collection[int], times: int, within_s: float = 60.0) -> None:
    """Wait until so many more answers with such a status have come. Raises AssertionError."""

    def so_far() -> int:
        return sum(number for (_, status), number in town.clients.statuses.copy().items() if status in statuses)

    enough = so_far() + times
    assert until(lambda: so_far() >= enough, within_s), f"no {times} answers {statuses} came within {within_s:.0f} s"


def until(holds: Callable[[], bool], within_s: float = 60.0) -> bool:
    """Look again and again; whether it holds in the end."""
    end = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def looks(town: Town, seconds: float) -> list[bool]:
    """Whether the first hub said that it is ready, at each of many looks."""
    end = time.monotonic() + seconds
    found = []
    while time.monotonic() < end:
        found.append(town.hubs[0].is_ready())
        time.sleep(0.2)
    return found


def until_served(town: Town, within_s: float = 60.0) -> float:
    """Seconds until an exchange that changes something is answered again."""
    begun = time.monotonic()
    message, _ = application(town.grounds, 900_000 + int(begun * 10) % 90_000, town.run)
    done = threading.Event()

    def send() -> None:
        town.clients.deliver(message)
        done.set()

    threading.Thread(target=send, daemon=True).start()
    done.wait(within_s)
    return time.monotonic() - begun


def until_warned(town: Town, again: Callable[[], None], within_s: float = 40.0) -> str:
    """Wait until a hub says that its store cannot be written; gives what it warns of. `again`: before each look."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        again()
        if not town.hubs[0].is_ready() and "store cannot" in (said := _warnings(town)):
            return said
        time.sleep(0.1)
    return ""


def deliveries(town: Town) -> dict[str, dict[str, object]]:
    """The rows of all deliveries, as the store has them now."""
    engine = open_engine(town.grounds.url)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(select(table_of(DeliveryRow))).mappings()]
    engine.dispose()
    return {str(row["id"]): row for row in rows}


def _warnings(town: Town) -> str:
    headers = {"Authorization": f"Bearer {town.grounds.tokens['agus']}"}
    try:
        said = town.clients.request("GET", "/admin/v1/health", headers=headers).json()
    except NotYet as error:
        return f"(health answered {error.status})"
    return "; ".join(said["warnings"])
