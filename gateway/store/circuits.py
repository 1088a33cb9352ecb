"""Circuit breakers: whether an endpoint, as staff set it, is called at all. In the store, so all workers share them.

    closed --- so many failures in a row ---> open --- its time is over ---> half-open: one probe, over all workers
       ^                                        ^                                |
       |                                        `------ it fails: longer --------|
       `-------------------- it succeeds ----------------------------------------'

A failure is one of the connection, a time-out or an HTTP 5xx; an agency that refuses, or answers nonsense, is there.
While a circuit is open its deliveries wait and use up no attempts. A row speaks of the URL that it was written for:
with another URL the endpoint has a clean slate. Staff may close one; that deed is a leaf of the ledger, the machine's
own openings and closings are logged and leave none (each failed attempt has its leaf already).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, select, update

from gateway.store.missing import insert_missing
from gateway.store.pace import rebased
from gateway.store.plan import table_of
from gateway.store.tables import CircuitRow

_CIRCUIT = table_of(CircuitRow)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where an agency listens, as staff set it: for one interaction, or `*` for all of them."""

    agency: str
    interaction: str
    url: str

    @property
    def key(self) -> tuple[str, str]:
        """Its place in the store."""
        return self.agency, self.interaction


@dataclass(frozen=True, kw_only=True)
class CircuitPolicy:
    """How many failures in a row open a circuit, and for how long: `first`, then twice as long each time, to `most`."""

    failures: int = 5
    first: timedelta = timedelta(seconds=15)
    most: timedelta = timedelta(minutes=10)

    def open_for(self, openings: int, jitter: float) -> timedelta:
        """How long the circuit stays open the `openings`-th time in a row: half of that to the whole, by `jitter`."""
        doubled: int = 2 ** min(openings - 1, 20)
        return min(self.first * doubled, self.most) * (0.5 + 0.5 * jitter)


class Standing(StrEnum):
    """What may go to an endpoint now."""

    CLOSED = "closed"
    """Everything."""
    OPEN = "open"
    """Nothing."""
    HALF_OPEN = "half-open"
    """One probe."""
    PROBING = "probing"
    """Nothing: the probe is on its way."""


class Turn(StrEnum):
    """What an attempt's end did to a circuit."""

    OPENED = "opened"
    CLOSED = "closed"


def standing(row: CircuitRow | None, url: str, now: datetime) -> Standing:
    """How a circuit stands for the endpoint's URL of today."""
    if row is None or row.url != url or row.opened_at is None or row.open_until is None:
        return Standing.CLOSED
    until, _ = rebased(row.open_until, row.opened_at, now)
    if now < until:
        return Standing.OPEN
    if row.probe_until is not None and now < row.probe_until:
        return Standing.PROBING
    return Standing.HALF_OPEN


def begin_probe(connection: Connection, endpoint: Endpoint, now: datetime, until: datetime) -> bool:
    """Take the one probe of a half-open circuit, until then; False when another worker has it or has just ended it."""
    row = _locked(connection, endpoint, wait=False)
    if row is None or standing(row, endpoint.url, now) is not Standing.HALF_OPEN:
        return False
    _write(connection, endpoint, {"probe_until": until})
    return True


def end_probe(connection: Connection, endpoint: Endpoint) -> None:
    """The probe came to no call (the delivery was held back, say): another may go."""
    _write(connection, endpoint, {"probe_until": None})


def restart(connection: Connection, row: CircuitRow, now: datetime) -> None:
    """On a clock that was set back, let the open time of a circuit begin anew."""
    if row.open_until is not None and row.opened_at is not None and now < row.opened_at:
        until, since = rebased(row.open_until, row.opened_at, now)
        key = (_CIRCUIT.c.agency == row.agency) & (_CIRCUIT.c.interaction == row.interaction)
        connection.execute(
            update(_CIRCUIT).where(key).values({"open_until": until, "opened_at": since, "probe_until": None})
        )


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A call that failed: why, when, whether it was a probe; `jitter` (0 to 1) spreads how long the circuit opens."""

    cause: str
    at: datetime
    probe: bool
    jitter: float


def failed(connection: Connection, endpoint: Endpoint, policy: CircuitPolicy, failure: Failure) -> Turn | None:
    """Count a failed call; OPENED when that opened the circuit, or opened it again after a probe."""
    now = failure.at
    blank = CircuitRow(agency=endpoint.agency, interaction=endpoint.interaction, url=endpoint.url)
    insert_missing(connection, CircuitRow, [blank.model_dump()])
    row = _locked(connection, endpoint, wait=True)
    if row is None or row.url != endpoint.url:  # another URL: what was counted for the old one counts no more
        row = blank
    stands = standing(row, endpoint.url, now)
    if stands is not Standing.CLOSED and not failure.probe:  # a call that had begun before it opened
        return None
    failures = row.failures + 1
    values: dict[str, Any] = {
        "url": endpoint.url,
        "failures": failures,
        "openings": row.openings,
        "cause": failure.cause[:300],
    }
    opens = stands is not Standing.CLOSED or failures >= policy.failures
    if opens:
        openings = row.openings + 1
        until = now + policy.open_for(openings, failure.jitter)
        values |= {"openings": openings, "opened_at": now, "open_until": until}
    else:
        values |= {"opened_at": None, "open_until": None}
    _write(connection, endpoint, {**values, "probe_until": None})
    return Turn.OPENED if opens else None


def succeeded(connection: Connection, endpoint: Endpoint, *, probe: bool) -> Turn | None:
    """The endpoint answered: the row of failures ends, and a probe closes the circuit (CLOSED).

    A call that had begun before the circuit opened closes nothing.
    """
    row = _locked(connection, endpoint, wait=True)
    if row is None or (row.opened_at is not None and not probe):
        return None
    _write(connection, endpoint, _CLEAN)
    return Turn.CLOSED if row.opened_at is not None else None


_CLEAN: dict[str, Any] = {
    "failures": 0,
    "openings": 0,
    "opened_at": None,
    "open_until": None,
    "probe_until": None,
    "cause": None,
}
"""A circuit of which nothing is known."""


def closed_by_staff() -> dict[str, Any]:
    """The values of a circuit that staff close after mending."""
    return dict(_CLEAN)


def _locked(connection: Connection, endpoint: Endpoint, *, wait: bool) -> CircuitRow | None:
    wanted = select(_CIRCUIT).where(_at(endpoint)).with_for_update(skip_locked=not wait)
    found = connection.execute(wanted).mappings().first()
    return CircuitRow(**found) if found is not None else None


def _write(connection: Connection, endpoint: Endpoint, values: dict[str, Any]) -> None:
    connection.execute(update(_CIRCUIT).where(_at(endpoint)).values(values))


def _at(endpoint: Endpoint) -> Any:
    return (_CIRCUIT.c.agency == endpoint.agency) & (_CIRCUIT.c.interaction == endpoint.interaction)
