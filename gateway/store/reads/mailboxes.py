"""What lies in the mailboxes of agencies that have no endpoint."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false
from sqlmodel import col, or_, select

from gateway.store.reads.base import Reads
from gateway.store.tables import DeliveryRow
from gateway.store.tables.outbox import IN_MAILBOX, words

_state, _due_at = col(DeliveryRow.state), col(DeliveryRow.due_at)
_laid_down, _collected = (_state == word for word in words(IN_MAILBOX))
_in_mailbox = _state.in_(words(IN_MAILBOX))


@dataclass(frozen=True, kw_only=True)
class Posted:
    """Under which version of an agreement items of an interaction lie in a mailbox.

    No item that is collected now is hidden for longer than `longest`, and none is given again that was collected
    `attempts` times. `never_collected` and `collected` say which items are given: new ones, and those given before.
    """

    agreement: str
    version: str
    interaction: str
    longest: timedelta
    attempts: int
    never_collected: bool = True
    collected: bool = True


class MailboxReads(Reads):
    """Items that lie there, and items that were collected and not acknowledged."""

    def in_mailbox(self, agency: str, terms: Collection[Posted], now: datetime, limit: int) -> list[DeliveryRow]:
        """What an agency may collect now under any of these terms, in the order in which it was made.

        A collected item is there again from its `due_at` on. One that would be there later than any that is collected
        now was collected before the clock was set back, and is there as well.
        """
        if not terms:
            return []
        wanted = select(DeliveryRow).where(
            _in_mailbox, col(DeliveryRow.agency) == agency, or_(*(_posted(each, now) for each in terms))
        )
        return self._all(wanted.order_by(col(DeliveryRow.made_at), col(DeliveryRow.id)).limit(limit))

    def mailboxes_with_items(self, agencies: Collection[str], now: datetime) -> set[str]:
        """Those of these agencies for which something can be collected now, under whatever terms."""
        there = (_in_mailbox, col(DeliveryRow.agency).in_(agencies), or_(_laid_down, _due_at <= now))
        return set(self._all(select(DeliveryRow.agency).where(*there).distinct()))

    def unacknowledged(self, now: datetime, limit: int = 100, skip: int = 0) -> list[DeliveryRow]:
        """Items that were collected and not acknowledged in time, longest over it first, without the first `skip`."""
        wanted = select(DeliveryRow).where(_collected, _due_at <= now)
        return self._all(wanted.order_by(_due_at, col(DeliveryRow.id)).offset(skip).limit(limit))


def _posted(terms: Posted, now: datetime) -> ColumnElement[bool]:
    before = col(DeliveryRow.last_attempt) > 0
    given = [each for each, is_given in ((~before, terms.never_collected), (before, terms.collected)) if is_given]
    return and_(
        or_(false(), *given),
        col(DeliveryRow.agreement) == terms.agreement,
        col(DeliveryRow.agreement_version) == terms.version,
        col(DeliveryRow.interaction) == terms.interaction,
        or_(
            _laid_down,
            and_(col(DeliveryRow.attempts) < terms.attempts, or_(_due_at <= now, _due_at > now + terms.longest)),
        ),
    )
