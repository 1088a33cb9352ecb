"""The way of a delivery to an agency, once a worker has claimed it (`gateway.exchange.claiming`):

    1. prepare   `gateway.exchange.attempt`: map once, seal now, commit the bytes under the claim's fence and the
                 registry's generation; anew when the registry has moved meanwhile. What its agency collects is laid
                 down here, and called by nobody (`gateway.exchange.mailbox`)
    2. call      `gateway.exchange.calling`: with a hard deadline, which the lease outlasts; no transaction is open
    3. hear      decrypt what came encrypted, verify, validate, map
    4. conclude  the reply's bytes, its leaf, the case's facts and the delivery's next state, as one plan
    5. tell      what the call says of the endpoint: its circuit, and an agency that asked not to be called for a while

The claim carries a fence that grows: a worker whose lease ran out may still finish, and what it brings counts only
while nobody else is calling. Whatever goes wrong with one delivery, foreseen or not, it waits for its time again or
becomes a dead letter, and the others go on.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from gateway.casework.desk import Casework
from gateway.domain.errors import (
    HubBusy,
    MappingFault,
    Misconfigured,
    Refused,
    Tampered,
    Unauthorised,
)
from gateway.exchange.attempt import Attempt, Entries, Laid, Preparing
from gateway.exchange.calling import Calling
from gateway.exchange.claiming import Claiming, Ending
from gateway.exchange.concluding import Concluding, Result
from gateway.exchange.ends import Ends, Store
from gateway.exchange.holding_back import HoldingBack, Unsent
from gateway.exchange.recovering import Recovering
from gateway.exchange.sentences import of_hold
from gateway.exchange.verdict import Judge
from gateway.store.claims import Claimed
from gateway.store.conflicts import Moved, prepared_again
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Committed, Conflict, Outcome

_log = structlog.get_logger("simojo.outbound")


@dataclass
class Begun:
    """An attempt that is prepared, or why there is none: `submit` it, and once its outcome is there, `call`."""

    outbound: Outbound
    claimed: Claimed
    attempt: Attempt | Unsent
    outcome: Future[Outcome] | None = None

    def submit(self) -> Future[Outcome] | None:
        """Hand its plan over to the store; None when there is no attempt. Raises HubBusy."""
        if isinstance(self.attempt, Attempt):
            self.outcome = self.outbound.submit(self.attempt)
        return self.outcome

    def call(self) -> Called | None:
        """Call the agency; None when it was not called, since there is no attempt on record, or it is too late.

        Where there is no attempt, this commits why. Raises HubBusy then.
        """
        if not isinstance(self.attempt, Attempt):
            self.outbound.send_nothing(self.claimed, self.attempt)
            return None
        assert self.outcome is not None  # noqa: S101 - what leaves is on record first
        return self.outbound.call(self.claimed, self.attempt, self.outcome)


@dataclass(frozen=True)
class Called:
    """A call that is over. `outcome` is that of its end; None where it is to be concluded here and now."""

    outbound: Outbound
    claimed: Claimed
    result: Result
    ending: Ending | None
    outcome: Future[Outcome] | None

    def is_kept(self) -> bool:
        """Whether its end is durable; waits until that is known. Raises nothing."""
        if self.outcome is None:
            return False
        return self.outcome.exception() is None and isinstance(self.outcome.result(), Committed)

    def conclude(self) -> None:
        """Conclude what is not kept, however long the store takes."""
        self.outbound.conclude(self.claimed, self.result, self.ending)


class Outbound:
    """Delivers. Safe to use from several worker threads: the claim decides who sends.

    `pause` waits so many seconds and gives False when the process is to end: then a store that cannot be written to
    is waited for no longer. `laid_down` is told of each agency for which something lies in its mailbox since now.
    """

    def __init__(
        self,
        *,
        claiming: Claiming,
        preparing: Preparing,
        concluding: Concluding,
        casework: Casework,
        unit_of_work: Store,
        calling: Calling,
        judge: Judge,
        clock: Callable[[], datetime],
        pause: Callable[[float], bool],
        laid_down: Callable[[str], None] = lambda _agency: None,
    ) -> None:
        self._claiming = claiming
        self._laid_down = laid_down
        self._preparing = preparing
        self._concluding = concluding
        self._casework = casework
        self._unit_of_work = unit_of_work
        self._calling = calling
        self._judge = judge
        self._clock = clock
        self._holding_back = HoldingBack(
            concluding=concluding,
            reader=casework.reader,
            vault=casework.vault,
            unit_of_work=unit_of_work,
            judge=judge,
        )
        self._ends = Ends(
            concluding=concluding, reader=casework.reader, unit_of_work=unit_of_work, judge=judge, pause=pause
        )
        self._recovering = Recovering(
            claiming=claiming,
            concluding=concluding,
            reader=casework.reader,
            unit_of_work=unit_of_work,
            judge=judge,
            clock=clock,
        )

    def deliver(self, delivery: str) -> bool:
        """Claim a delivery and make one attempt of it; False when there was none to make."""
        claimed = self._claiming.one(delivery)
        return claimed is not None and self.attempt(claimed)

    def attempt(self, claimed: Claimed) -> bool:
        """Make one attempt of a claimed delivery, from beginning to end; False when the agency was not called."""
        begun = self.prepare(claimed)
        begun.submit()
        called = begun.call()
        if called is None:
            return False
        if not called.is_kept():
            called.conclude()
        return True

    def preparer(self) -> Callable[[Claimed], Begun]:
        """What prepares several attempts at once: each agency as the registry stood at its first one."""
        return partial(self.prepare, entries={})

    def prepare(self, claimed: Claimed, *, entries: Entries | None = None) -> Begun:
        """1. prepare, up to the plan. Reads only, and waits for no COMMIT. Raises HubBusy."""
        return Begun(self, claimed, self._answered_before(claimed.delivery) or self._prepared(claimed, entries))

    def send_nothing(self, claimed: Claimed, unsent: Unsent) -> None:
        """Write down why there is no attempt. Raises HubBusy."""
        unsent()
        self._claiming.no_call(claimed)

    def submit(self, attempt: Attempt) -> Future[Outcome]:
        """Hand the plan of an attempt over to the store. Raises HubBusy as that does."""
        return self._unit_of_work.submit(attempt.plan)

    def call(self, claimed: Claimed, attempt: Attempt, outcome: Future[Outcome]) -> Called | None:
        """2. call and 3. hear, once the attempt's plan is durable; hand over 4. None when the agency was not called.

        Where 5. has nothing to tell, the plan of 4 is left to the store, and nobody waits for it.
        """
        recorded = self._recorded(claimed, attempt, outcome)
        if recorded is None or not self._in_time(recorded):
            self._claiming.no_call(claimed)
            return None
        ended = self._calling.call(recorded)
        result = Result(
            attempt=recorded,
            reply=ended.reply,
            verdict=ended.verdict,
            at=self._clock(),
            plain=ended.plain,
            standing=ended.standing,
        )
        ending = None if ended.neutral else Ending(failure=ended.failure, hold_s=ended.verdict.hold_s)
        quiet = ending is not None and self._claiming.is_no_news(claimed, ending)
        return Called(self, claimed, result, ending, self._ends.handed_over(result) if quiet else None)

    def conclude(self, claimed: Claimed, result: Result, ending: Ending | None) -> None:
        """4. conclude, however long the store takes, and 5. tell; `ending` is None when there is nothing to tell."""
        self._ends.conclude(result)
        if ending is None:
            self._claiming.no_call(claimed)
        else:
            self._claiming.ended(claimed, ending)

    def recover(self, limit: int = 100, *, alone: bool = False) -> int:
        """Take back what workers left behind: a claim whose lease ran out. Gives how many were taken back.

        One that cannot be (its history is broken, say) is logged and stays; the others are not kept waiting by it.
        `alone`: this process has just begun and is the only one on the store, so nobody holds any lease.
        """
        return self._recovering.recover(limit, alone=alone)

    # --- before the call ------------------------------------------------------------------------------------------

    def _answered_before(self, row: StoredDelivery) -> Unsent | None:
        """Where an earlier attempt was answered after all, that answer counts, and nobody is called."""
        if row.attempts == 0:  # the first, or the first since a person decided that it is sent again
            return None
        at = self._concluding.answered_at(row)
        if at is None:
            return None
        try:
            terms = self._concluding.terms_of(row)
        except Unauthorised:
            return None  # it waits for staff, as it does without an answer
        return partial(self._holding_back.count_answer, self._casework.reader.opened(row), terms, at)

    def _prepared(self, claimed: Claimed, entries: Entries | None) -> Attempt | Unsent:
        row, now = claimed.delivery, self._clock()
        try:
            prepared = self._preparing.prepare(row, now, claimed.provision, entries)
            return partial(self._lay_down, claimed, prepared) if isinstance(prepared, Laid) else prepared
        except HubBusy:
            raise
        except (Unauthorised, Misconfigured, MappingFault, Tampered) as held:
            return partial(self._holding_back.until_staff_act, row, of_hold(held), now)
        except Refused as refusal:
            return partial(self._holding_back.give_up, row, refusal, now)
        except Exception as fault:  # noqa: BLE001 - one poisoned delivery must not stop the others, whatever it raises
            return partial(self._holding_back.unprepared, row, fault, now)

    def _lay_down(self, claimed: Claimed, laid: Laid) -> None:
        """Into the mailbox. Where the registry has moved, it may be claimed again at once. Raises HubBusy."""
        if isinstance(self._unit_of_work.commit(laid.plan), Committed):
            self._laid_down(laid.row.agency)
        else:
            self._claiming.release([claimed])  # what another holds by now stays as it is

    def _recorded(self, claimed: Claimed, attempt: Attempt, outcome: Future[Outcome]) -> Attempt | None:
        """The attempt that is on record: this one, or one prepared anew since the registry has moved.

        None when the delivery was cancelled, answered, or claimed by another since, or is not to be sent any more.
        Raises Moved when the registry does not come to rest.
        """
        try:
            return self._kept(claimed, attempt, outcome)
        except Moved:
            return prepared_again(lambda: self._prepared_anew(claimed))

    def _prepared_anew(self, claimed: Claimed) -> Attempt | None:
        attempt = self._prepared(claimed, None)
        if isinstance(attempt, Attempt):
            return self._kept(claimed, attempt, self.submit(attempt))
        attempt()
        return None

    def _kept(self, claimed: Claimed, attempt: Attempt, outcome: Future[Outcome]) -> Attempt | None:
        """The attempt if it is on record. Raises Moved when only the registry kept it from that."""
        try:
            told = outcome.result()
        except HubBusy:
            raise
        except Exception as fault:  # noqa: BLE001 - as above
            self._holding_back.unprepared(claimed.delivery, fault, self._clock())
            return None
        if isinstance(told, Conflict) and told.change == attempt.stands_on:
            raise Moved("the registry changed while a delivery was prepared")
        return attempt if isinstance(told, Committed) else None

    def _in_time(self, attempt: Attempt) -> bool:
        """Whether the lease outlasts the call; a worker that woke too late gives the delivery back, uncalled."""
        now = self._clock()
        if attempt.outlasts(now):
            return True
        _log.warning("woke-too-late", delivery=attempt.row.id, agency=attempt.row.agency)
        self._unit_of_work.commit(self._concluding.not_called(attempt, now))  # a conflict: another has it by now
        return False
