"""What lies in the mailboxes of agencies that have no endpoint."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, false
from sqlmodel import col, func, or_, select

from gateway.store.reads.base import Reads
from gateway.store.tables import AttemptRow, CaseRow, DeliveryRow
from gateway.store.tables.outbox import IN_MAILBOX, words

_state, _due_at = col(DeliveryRow.state), col(DeliveryRow.due_at)
_laid_down, _collected = (_state == word for word in words(IN_MAILBOX))
_in_mailbox = _state.in_(words(IN_MAILBOX))
_before = col(DeliveryRow.last_attempt) > 0


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


@dataclass(frozen=True, kw_only=True)
class Lying:
    """Items that lie in a mailbox to be collected and stand under the same terms.

    `ask` is the kind of Ask that they answer, `service` that of their cases; `collected`: they were before.
    """

    agency: str
    agreement: str
    version: str
    interaction: str
    ask: str
    service: str
    collected: bool


@dataclass(frozen=True, kw_only=True)
class MailboxLoad:
    """How one agency's mailbox stands: items to collect, and items collected and not acknowledged.

    `oldest_at`: when the oldest of all was made. `most_collections`: how often the one was collected that was collected
    most. `last_at` and `last_by`: when one of them was collected last, and who came (None: none was).
    """

    agency: str
    lying: int
    collected: int
    oldest_at: datetime
    most_collections: int
    last_at: datetime | None = None
    last_by: str | None = None


class MailboxReads(Reads):
    """Items that lie there, and items that were collected and not acknowledged."""

    def in_mailbox(
        self, agency: str, terms: Collection[Posted], now: datetime, limit: int, skip: int = 0
    ) -> list[DeliveryRow]:
        """What an agency may collect now under any of these terms, in the order in which it was made, without `skip`.

        A collected item is there again from its `due_at` on. One that would be there later than any that is collected
        now was collected before the clock was set back, and is there as well.
        """
        if not terms:
            return []
        wanted = select(DeliveryRow).where(
            _in_mailbox, col(DeliveryRow.agency) == agency, or_(*(_posted(each, now) for each in terms))
        )
        return self._all(wanted.order_by(col(DeliveryRow.made_at), col(DeliveryRow.id)).offset(skip).limit(limit))

    def mailboxes_with_items(self, agencies: Collection[str], now: datetime) -> set[str]:
        """Those of these agencies for which something can be collected now, under whatever terms."""
        there = (_in_mailbox, col(DeliveryRow.agency).in_(agencies), or_(_laid_down, _due_at <= now))
        return set(self._all(select(DeliveryRow.agency).where(*there).distinct()))

    def lying(self) -> list[Lying]:
        """The terms under which anything lies in mailboxes, to be collected."""
        under: tuple[Any, ...] = (
            col(DeliveryRow.agency),
            col(DeliveryRow.agreement),
            col(DeliveryRow.agreement_version),
            col(DeliveryRow.interaction),
            col(DeliveryRow.ask_kind),
            col(CaseRow.service),
        )
        columns = (*under, _before)
        wanted = select(*columns).join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
        found = self._all(wanted.where(_in_mailbox, _laid_down).distinct().order_by(*under))
        return [
            Lying(
                agency=agency,
                agreement=agreement,
                version=version,
                interaction=interaction,
                ask=ask,
                service=service,
                collected=bool(collected),
            )
            for agency, agreement, version, interaction, ask, service, collected in found
        ]

    def lying_under(self, lying: Lying, limit: int, skip: int = 0) -> list[DeliveryRow]:
        """The items that stand so, in the order in which they were made, without the first `skip`."""
        wanted = (
            select(DeliveryRow)
            .join(CaseRow, col(CaseRow.id) == col(DeliveryRow.case_id))
            .where(
                _in_mailbox,
                _laid_down,
                col(DeliveryRow.agency) == lying.agency,
                col(DeliveryRow.agreement) == lying.agreement,
                col(DeliveryRow.agreement_version) == lying.version,
                col(DeliveryRow.interaction) == lying.interaction,
                col(DeliveryRow.ask_kind) == lying.ask,
                col(CaseRow.service) == lying.service,
                _before if lying.collected else ~_before,
            )
        )
        ordered = wanted.order_by(col(DeliveryRow.made_at), col(DeliveryRow.id))
        return self._all(ordered.offset(skip).limit(limit))

    def mailbox_loads(self) -> list[MailboxLoad]:
        """How the mailboxes stand in which anything is, by agency."""
        agency = col(DeliveryRow.agency)
        figures: tuple[Any, ...] = (
            func.sum(case((_laid_down, 1), else_=0)),
            func.count(),
            func.min(DeliveryRow.made_at),
            func.max(DeliveryRow.last_attempt),
        )
        counted = select(agency, *figures).where(_in_mailbox).group_by(agency).order_by(agency)
        return [self._load(*row) for row in self._all(counted)]

    def _load(self, agency: str, lying: int, there: int, oldest_at: datetime, most: int) -> MailboxLoad:
        load = MailboxLoad(
            agency=agency,
            lying=int(lying),
            collected=there - int(lying),
            oldest_at=oldest_at,
            most_collections=most,
        )
        last = self._last_collection(agency) if most else None
        return load if last is None else replace(load, last_at=last.started_at, last_by=last.detail)

    def _last_collection(self, agency: str) -> AttemptRow | None:
        last = (col(AttemptRow.delivery) == col(DeliveryRow.id)) & (
            col(AttemptRow.number) == col(DeliveryRow.last_attempt)
        )
        wanted = select(AttemptRow).join(DeliveryRow, last).where(_in_mailbox, col(DeliveryRow.agency) == agency)
        found: AttemptRow | None = self._first(wanted.order_by(col(AttemptRow.started_at).desc()).limit(1))
        return found

    def unacknowledged(self, now: datetime, limit: int = 100, skip: int = 0) -> list[DeliveryRow]:
        """Items that were collected and not acknowledged in time, longest over it first, without the first `skip`."""
        wanted = select(DeliveryRow).where(_collected, _due_at <= now)
        return self._all(wanted.order_by(_due_at, col(DeliveryRow.id)).offset(skip).limit(limit))


def _posted(terms: Posted, now: datetime) -> ColumnElement[bool]:
    given = [each for each, is_given in ((~_before, terms.never_collected), (_before, terms.collected)) if is_given]
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
