"""What this process claims of the deliveries that are due, and what it tells the others about an endpoint afterwards.

Lanes are looked up in the agreements in force; a look-up stands for a second, so that a batch of claims asks the store
for little. Everything that several workers share (leases, rates, circuits) is decided in `gateway.store.claims`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from gateway.contract.adapter import Outbound
from gateway.domain.calendar import local_date
from gateway.domain.errors import HubBusy
from gateway.exchange.directory import Directory
from gateway.store import circuits, claims
from gateway.store.circuits import CircuitPolicy, Failure, Turn
from gateway.store.claims import Claimed, Taken
from gateway.store.lanes import Lane
from gateway.store.outgoing import Provision, StoredFact
from gateway.store.pace import Pace
from gateway.store.plan import GENERATION
from gateway.store.reading import Reader
from gateway.store.soundness import APART_S

T = TypeVar("T")

LEASE_BEYOND_CALL = timedelta(seconds=30)
"""How much longer than the call's own deadline a worker may need before another takes over."""

LEASE_LEFT_AFTER_CALL = timedelta(seconds=2 * APART_S)
"""No call begins that could end later than this before its lease: by the clock of another process, as far from this
one's as two that deliver may be, the lease still stands then. The rest is for the way from preparing to the call."""

LOOKED_UP_FOR = timedelta(seconds=1)
"""How long the agreed limits of a lane stand without another look."""

LONGEST_HOLD = timedelta(days=1)
"""No agency is obeyed for longer when it says when to come again."""

_WITHOUT_TERMS_S = 30.0
"""The call's deadline where no agreement says one: nothing is called then, the delivery is only held back."""

_log = structlog.get_logger("simojo.claims")


class Within(Protocol):
    """Runs work in one writing transaction, which commits when the work returns. Raises HubBusy."""

    def __call__(self, work: Callable[[Connection], T], /) -> T:
        """Give what the work gives."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What an attempt's end says of the endpoint: `failure` why the call failed, None when an answer came.

    `hold_s`: the agency asked not to be called for so many seconds.
    """

    failure: str | None = None
    hold_s: int | None = None


class Claiming:
    """Claims. Safe to use from several threads, and from several processes on one store."""

    def __init__(
        self,
        *,
        reader: Reader,
        within: Within,
        directory: Directory,
        clock: Callable[[], datetime],
        concurrency: int,
        agency_concurrency: int,
        policy: CircuitPolicy,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._reader = reader
        self._within = within
        self._directory = directory
        self._clock = clock
        self._concurrency = concurrency
        self._agency_concurrency = agency_concurrency
        self._policy = policy
        self._jitter = jitter
        self._opened: frozenset[tuple[str, str]] = frozenset()
        self._looked_up: dict[tuple[str, str], tuple[datetime, Lane]] = {}

    def take(self, wanted: int) -> Taken:
        """Claim up to `wanted` of what is due. When nothing was, says when to look again, at the latest."""
        self._open_lanes()
        now = self._clock()
        keys = self._reader.due_lanes(now)
        taken = self._claim(keys, wanted, now)
        taken.claimed = self._provided(taken.claimed)
        if not taken.claimed and not taken.contended:
            due = self._reader.next_due(now)
            if due is not None:
                taken.wait_until(due)
        return taken

    def one(self, delivery: str) -> Claimed | None:
        """Claim this delivery; None when it may not be sent now (not due, held, in another worker's hand)."""
        row = self._reader.delivery(delivery)
        if row is None:
            return None
        self._open_lanes()
        taken = self._claim([(row.agency, row.interaction)], 1, self._clock(), only=delivery)
        return taken.claimed[0] if taken.claimed else None

    def release(self, claimed: Collection[Claimed]) -> None:
        """Give back what was not begun."""
        if claimed:
            self._within(lambda connection: claims.release(connection, list(claimed)))

    def release_all(self) -> None:
        """Take back every claim of which nothing came. For a process that begins, and is the only one on the store."""
        self._within(claims.release_all)

    def no_call(self, claimed: Claimed) -> None:
        """A claimed delivery came to no call: if it was a probe, another may go in its place."""
        endpoint = claimed.endpoint
        if claimed.probe and endpoint is not None:
            self._within(lambda connection: circuits.end_probe(connection, endpoint))

    def is_no_news(self, claimed: Claimed, ending: Ending) -> bool:
        """Whether an end says nothing of its lane and endpoint that is not known."""
        return ending.failure is None and ending.hold_s is None and not (claimed.probe or claimed.troubled)

    def ended(self, claimed: Claimed, ending: Ending) -> None:
        """Note what an attempt's end says of its lane and endpoint; writes nothing when it says nothing new."""
        if self.is_no_news(claimed, ending):
            return
        row, endpoint, now = claimed.delivery, claimed.endpoint, self._clock()

        def note(connection: Connection) -> Turn | None:
            if ending.hold_s is not None:
                wait = min(timedelta(seconds=ending.hold_s), LONGEST_HOLD)
                claims.hold(connection, row.agency, row.interaction, now, now + wait)
            if endpoint is None:
                return None
            if ending.failure is None:
                return circuits.succeeded(connection, endpoint, probe=claimed.probe)
            failure = Failure(cause=ending.failure, at=now, probe=claimed.probe, jitter=self._jitter())
            return circuits.failed(connection, endpoint, self._policy, failure)

        turn = self._within(note)
        if turn is not None:
            _log.warning(
                f"circuit-{turn}",
                agency=row.agency,
                endpoint=endpoint and endpoint.interaction,
                url=endpoint and endpoint.url,
                cause=ending.failure,
            )

    # --- within ---------------------------------------------------------------------------------------------------

    def _claim(self, keys: Collection[tuple[str, str]], wanted: int, now: datetime, only: str | None = None) -> Taken:
        if not keys:
            return Taken()
        lanes = [self._lane(agency, interaction, now) for agency, interaction in keys]
        random.shuffle(lanes)  # two workers begin at different ends; no lane is always the last
        return self._within(lambda connection: claims.take(connection, lanes, wanted, now, only=only))

    def _provided(self, claimed: list[Claimed]) -> list[Claimed]:
        """With what their preparation needs, read for all of them at once. A store that is away is asked again then."""
        if not claimed:
            return claimed
        cases = {each.delivery.case_id for each in claimed}
        unmapped = {each.delivery.case_id for each in claimed if not each.delivery.payload}
        try:
            generation = self._reader.counter(GENERATION)  # before the keys: it moves after one of them has gone
            keys = self._reader.data_keys([f"case/{case}" for case in cases])
            facts = self._reader.facts(unmapped) if unmapped else []
        except HubBusy:  # they are claimed, so they must come back to the caller
            return claimed
        by_case: dict[str, list[StoredFact]] = {}
        for fact in facts:
            by_case.setdefault(fact.case_id, []).append(fact)
        return [
            replace(
                each,
                provision=Provision(
                    generation, keys.get(f"case/{each.delivery.case_id}"), by_case.get(each.delivery.case_id, ())
                ),
            )
            for each in claimed
        ]

    def _open_lanes(self) -> None:
        lanes = frozenset(
            (agency, each.name)
            for agency, adapter in self._directory.adapters.items()
            for each in adapter.interactions
            if isinstance(each, Outbound)
        )
        if lanes != self._opened:
            self._within(lambda connection: claims.open_lanes(connection, sorted(lanes)))
            self._opened = lanes

    def _lane(self, agency: str, interaction: str, now: datetime) -> Lane:
        key = (agency, interaction)
        known = self._looked_up.get(key)
        if known is not None and timedelta(0) <= now - known[0] < LOOKED_UP_FOR:
            return known[1]
        agreement = self._directory.active_agreement(agency, local_date(now))
        agreed = agreement.interaction(interaction) if agreement is not None else None
        rate = agreed.rate_per_s if agreed is not None else None
        concurrency = (agreed.concurrency if agreed is not None else None) or self._concurrency
        # what was made under another version is called by that version's time-out
        timeout_s = max(self._directory.call_timeouts(agency, interaction), default=_WITHOUT_TERMS_S)
        longest_s = max(self._directory.call_timeouts(agency), default=_WITHOUT_TERMS_S)
        lane = Lane(
            agency=agency,
            interaction=interaction,
            lease=timedelta(seconds=timeout_s) + LEASE_BEYOND_CALL,
            concurrency=concurrency,
            agency_lease=timedelta(seconds=max(timeout_s, longest_s)) + LEASE_BEYOND_CALL,
            agency_concurrency=max(self._agency_concurrency, concurrency),
            pace=Pace(rate) if rate is not None else None,
        )
        self._looked_up[key] = (now, lane)
        return lane
