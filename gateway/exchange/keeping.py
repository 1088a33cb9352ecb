"""Step 9 of an inbound message: the answer is sealed and planned with everything else, or given again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from gateway.casework.desk import Casework
from gateway.dialect.party import Hub
from gateway.domain.errors import Misconfigured
from gateway.exchange.answering import Outcome
from gateway.exchange.authorising import recipient
from gateway.exchange.directory import Directory
from gateway.exchange.identity import Seen
from gateway.exchange.records import (
    Received,
    answered_leaf,
    exchange_changes,
    first_leaf,
    part,
    sealed_parts,
    stored_sealed,
)
from gateway.exchange.wire import Answer, Sealed, Sealing
from gateway.store.pending import Prepared
from gateway.store.plan import Plan, Update, unmoved
from gateway.store.tables import ExchangeRow

SEALED_AGAIN_AFTER = timedelta(seconds=240)
"""A stored answer's own timestamp is fresh for 300 s; before that runs out the same body is sealed anew."""

SET_BACK = timedelta(seconds=60)
"""An answer that was sealed later than this from now was sealed by a clock that was wrong."""


class Keeping:
    """Prepares what is kept of exchanges. One for the process; safe to use from many threads."""

    def __init__(
        self,
        *,
        directory: Directory,
        casework: Casework,
        hub: Hub,
        deliveries_made: Callable[[], None],
    ) -> None:
        self._directory = directory
        self._casework = casework
        self._hub = hub
        self._deliveries_made = deliveries_made

    def keep(
        self,
        seen: Seen,
        exchange: str,
        answer: Answer,
        *,
        outcome: Outcome | None = None,
        code: str | None = None,
        binds: bool,
    ) -> Prepared[Sealed]:
        """Seal an answer: what leaves, once everything that belongs to the exchange is committed.

        `code` names a refusal; `binds`: whether the message id now stands for this outcome.
        """
        case_id = outcome.case_id if outcome else None
        received = _received(seen, exchange, code=code, case_id=case_id, binds=binds)
        key = self._casework.vault.key_under(seen.entry.generation, case_id, seen.at)
        first = first_leaf(self._casework.leaves, received, answer, key.key)
        sealed = seen.wire.seal(answer, _sealing(seen, first.hash), self._hub, seen.at)  # 9. seal
        parts = sealed_parts(sealed, "answer")
        second = answered_leaf(self._casework.leaves, received, parts, key.key)
        effects = outcome.plan.changes if outcome is not None else ()
        seal = self._casework.vault.exchange_seal(exchange, case_id, seen.at, key.key)
        own = exchange_changes(received, answer, sealed, parts, seal)
        guard = unmoved(seen.entry.generation)
        plan = Plan((guard, *key.plan.changes, *own, first.row, second.row, *effects))
        return Prepared(plan, sealed, self._deliveries_made) if effects else Prepared(plan, sealed)

    def again(self, seen: Seen, row: ExchangeRow) -> Sealed | Prepared[Sealed]:
        """The stored bytes while they are fresh; later the identical body, sealed anew and recorded.

        It is sealed anew as well where it is stored in clear and has to be encrypted now. Raises Moved when the
        registry has moved since the sender was judged.
        """
        parts = {each.name: each.body for each in self._casework.reader.parts(row.id)}
        sealed_at = 0 if row.sealed_at is None else int(row.sealed_at.timestamp())
        latest = f"answer-at-{sealed_at}" if f"answer-at-{sealed_at}" in parts else "answer"
        age = None if row.sealed_at is None else seen.at - row.sealed_at
        # sealed by a clock that has been set back since: its timestamp lies in the future, where nobody believes it
        fresh = age is not None and -SET_BACK < age < SEALED_AGAIN_AFTER
        exposed = seen.is_confidential and f"{latest}-plain" not in parts
        if fresh and not exposed:
            self._directory.hold(seen.entry)
            return stored_sealed(parts[f"{latest}-headers"], parts[latest])
        first = stored_sealed(parts["answer-headers"], b"")
        answer = Answer(
            status=first.status,
            body=parts["answer-body"],
            media_type=first.plain_type or first.headers.get("Content-Type", ""),
        )
        received = _received(seen, row.id, code=row.code, case_id=row.case_id, binds=True)
        sealed = seen.wire.seal(answer, _sealing(seen, self._leaf_named(row)), self._hub, seen.at)
        name = f"answer-at-{int(seen.at.timestamp())}"
        key = self._casework.vault.exchange_key(row.case_id, row.at)
        again = sealed_parts(sealed, name)
        seal = self._casework.vault.exchange_seal(row.id, row.case_id, row.at, key.key)
        leaf = answered_leaf(self._casework.leaves, received, again, key.key)
        plan = key.plan + Plan.of(
            unmoved(seen.entry.generation),
            Update(ExchangeRow, {"id": row.id}, {"sealed_at": row.sealed_at}, {"sealed_at": seen.at}),
            *(part(seal, each, body) for each, body in again.items()),
            leaf.row,
        )
        return Prepared(plan, sealed)

    def _leaf_named(self, row: ExchangeRow) -> str:
        leaves = self._casework.reader.leaves_of_exchange(row.id)
        return leaves[0].hash.hex()  # the first leaf of an exchange is the one that its answers name


def _received(seen: Seen, exchange: str, *, code: str | None, case_id: str | None, binds: bool) -> Received:
    return Received(
        exchange=exchange,
        message=seen.message,
        actor=seen.proven.actor,
        interaction=seen.message.interaction,
        agreement=seen.agreement,
        message_id=seen.message_id if binds else None,
        relates_to=seen.proven.relates_to,
        content=seen.content,
        case_id=case_id,
        code=code,
        at=seen.at,
        plain=seen.proven.plain,
    )


def _sealing(seen: Seen, leaf: str) -> Sealing:
    try:
        to = recipient(seen)
    except Misconfigured:  # step 3 has refused for it, and this is that refusal
        to = None
    return Sealing(message=seen.message, proven=seen.proven, agreement=seen.agreement, leaf=leaf, recipient=to)
