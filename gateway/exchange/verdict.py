"""What an attempt's end means for its delivery.

the mapping accepts            answered (awaiting its callback, for a Request)
the mapping asks for a person  answered, and the case calls a person
  and for the same once more   dead: staff mend what is wrong on our side, and send it again; the lane is left alone
the mapping says retry         not sent: tried again when the agency said, or by the schedule
  and that it does not count   the same, and no attempt is used up, for a week; the lane is left alone meanwhile
no byte went out, agency busy  not sent: tried again by the schedule
it may have arrived            tried again where repeating is safe or the id is recognised; else a person decides
nonsense came back             the same: an answer came, and what was done is unknown
refused for good               dead
attempts used up               dead
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.contract.adapter import (
    Accept,
    AskPerson,
    Decline,
    Effect,
    Heard,
    Interaction,
    Outbound,
    Repeat,
    Request,
    Retry,
)
from gateway.domain.errors import AgencyUnavailable, GatewayError, MappingFault, Unauthorised
from gateway.exchange import sentences
from gateway.exchange.backoff import wait_before
from gateway.exchange.directory import Terms
from gateway.exchange.sentences import ASK_THE_AGENCY
from gateway.exchange.speaking import AgencyBusy, AgencyRefused
from gateway.exchange.states import Delivery
from gateway.transport.errors import NotSent

HELD_BACK = timedelta(minutes=1)
"""How long a delivery waits that staff have to make possible (an endpoint, a credential, an agreement)."""

LEFT_ALONE_S = 900
"""So long nothing is asked in an interaction at least, after an answer that says nothing of what was asked."""

UNCOUNTED = timedelta(days=7)
"""So long after a delivery was made, attempts of which the agency looks at nothing use up none of the agreed ones."""

ANSWERED = "answered"
"""The outcome of an attempt to which an answer came that could be read."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The delivery's next state, when it is due again, why, and what happens to the case.

    `hold_s`: the agency asked not to be called for so many seconds, for this delivery or for any other of its lane.
    `counts` False: the attempt uses up none of the agreed ones.
    """

    state: Delivery
    outcome: str
    due_at: datetime | None = None
    cause: str | None = None
    effects: tuple[Effect, ...] = ()
    attention: str | None = None
    hold_s: int | None = None
    counts: bool = True


@dataclass(frozen=True)
class Judge:
    """Judges ends of attempts; `jitter` gives 0 to 1."""

    jitter: Callable[[], float] = field()

    def heard(self, terms: Terms, heard: Heard | None, attempts: int, at: datetime, *, made_at: datetime) -> Verdict:
        """The agency answered, and the mapping (None: there is none) said what that means."""
        done = Delivery.AWAITING if isinstance(terms.interaction, Request) else Delivery.ANSWERED
        match heard:
            case None:
                return Verdict(state=done, outcome=ANSWERED)
            case Accept(effects=effects):
                return Verdict(state=done, outcome=ANSWERED, effects=effects)
            case AskPerson(text=text, again=True):
                return replace(_dead("refused", text), hold_s=LEFT_ALONE_S)
            case AskPerson(text=text) | Decline(text=text):
                return Verdict(state=Delivery.ANSWERED, outcome=ANSWERED, cause=text, attention=text)
            case Retry(text=text, after_s=after_s, counts=False):
                wait_s, counts = max(after_s or 0, LEFT_ALONE_S), at - made_at > UNCOUNTED
                return self._again(terms, Delivery.NOT_SENT, text, attempts, at, wait_s, counts=counts)
            case Retry(text=text, after_s=after_s):
                return self._again(terms, Delivery.NOT_SENT, text, attempts, at, after_s)

    def failed(self, terms: Terms, error: GatewayError, attempts: int, at: datetime) -> Verdict:
        """The call, or the reading of its answer, ended in an error."""
        cause = sentences.of_failure(error)
        match error:
            case NotSent() | AgencyBusy():
                return self._again(terms, Delivery.NOT_SENT, cause, attempts, at, error.after_s)
            case AgencyRefused():
                return _dead("refused", cause)
            case MappingFault():
                # the answer is kept; once the adapter is mended a person redrives or settles it
                return _dead("mapping-fault", cause)
            case AgencyUnavailable(after_s=after_s):
                return self._unknown(terms, cause, attempts, at, after_s)
            case _:
                return self._unknown(terms, cause, attempts, at, None)

    def fault_of_ours(self, kind: str) -> Verdict:
        """An answer came, and reading it ended in an error that nobody foresaw: it is kept, and nothing is repeated."""
        return _dead("hub-fault", sentences.of_unreadable(kind))

    def lease_ran_out(self, terms: Terms, attempts: int, at: datetime) -> Verdict:
        """A worker claimed it and never said how it ended."""
        return self._unknown(terms, sentences.WORKER_ENDED, attempts, at, None)

    def lease_ran_out_uncovered(self, interaction: Interaction | None, error: Unauthorised, at: datetime) -> Verdict:
        """The same, while nothing may leave: it waits for staff where repeating is agreed, as a queued one does.

        `interaction`: what the adapter declares, None when there is no adapter any more.
        """
        cause = sentences.of_hold(error)
        if interaction is None or not _may_repeat(interaction):
            return _dead("unknown", f"{cause} {ASK_THE_AGENCY}")
        return Verdict(state=Delivery.UNKNOWN, outcome="unknown", due_at=at + HELD_BACK, cause=cause)

    def _unknown(self, terms: Terms, cause: str, attempts: int, at: datetime, after_s: int | None) -> Verdict:
        if _may_repeat(terms.interaction):
            return self._again(terms, Delivery.UNKNOWN, cause, attempts, at, after_s)
        return _dead("unknown", f"{cause} {ASK_THE_AGENCY}")

    def _again(
        self,
        terms: Terms,
        state: Delivery,
        cause: str,
        attempts: int,
        at: datetime,
        after_s: int | None,
        *,
        counts: bool = True,
    ) -> Verdict:
        schedule = terms.agreed.retry
        if counts and attempts >= schedule.attempts:
            return replace(_dead("used-up", sentences.used_up(cause, attempts)), hold_s=after_s)
        due_at = at + wait_before(schedule, attempts, self.jitter, after_s)
        return Verdict(state=state, outcome=state.value, due_at=due_at, cause=cause, hold_s=after_s, counts=counts)


def _may_repeat(interaction: Interaction) -> bool:
    return isinstance(interaction, Outbound) and interaction.repeat in (Repeat.SAFE, Repeat.SAME_ID)


def _dead(outcome: str, cause: str) -> Verdict:
    return Verdict(state=Delivery.DEAD, outcome=outcome, cause=cause, attention=cause)
