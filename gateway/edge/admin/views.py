"""What the admin API and the console show of stored rows. No personal data: ids, states, times and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.operations.endpoints import EndpointSeen
from gateway.operations.evidence.views import View
from gateway.operations.letters import Many
from gateway.store.reads.mailboxes import MailboxLoad
from gateway.store.tables import AttemptRow, BatchRow, CaseRow, DeliveryRow, ExchangeRow, LeafRow, RestrictedReadRow


def instant(value: datetime | None) -> str | None:
    """Write an instant in UTC."""
    return None if value is None else value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def case_view(row: CaseRow) -> dict[str, Any]:
    """A case."""
    return {
        "id": row.id,
        "service": row.service,
        "origin": row.origin,
        "stage": row.stage,
        "ended": row.ended,
        "version": row.version,
        "openedAt": instant(row.opened_at),
        "changedAt": instant(row.changed_at),
    }


def exchange_view(row: ExchangeRow, leaves: list[LeafRow]) -> dict[str, Any]:
    """An exchange with the places of its leaves; null for one that is not integrated yet."""
    return {
        "id": row.id,
        "direction": row.direction,
        "agency": row.agency,
        "interaction": row.interaction,
        "agreement": row.agreement,
        "case": row.case_id,
        "verdict": row.verdict,
        "code": row.code,
        "at": instant(row.at),
        "leaves": [leaf.tree_index for leaf in leaves],
    }


def batch_view(row: BatchRow) -> dict[str, Any]:
    """A file of records, how far it is, and the account of its records."""
    return {
        "id": row.id,
        "direction": row.direction,
        "agency": row.agency,
        "interaction": row.interaction,
        "name": row.name,
        "agreement": f"{row.agreement}/{row.agreement_version}",
        "format": row.format,
        "state": row.state,
        "endsAs": row.ends_as,
        "cause": row.cause,
        "madeAt": instant(row.made_at),
        "endedAt": instant(row.ended_at),
        "bytes": row.size,
        "received": row.received,
        "records": row.records,
        "read": row.read,
        "accepted": row.accepted,
        "declined": row.declined,
        "invalid": row.invalid,
        "failed": row.failed,
        "held": row.held,
        **(
            {"leftOut": row.left_out, "tries": row.tries, "stoppedIn": row.stopped_in} if row.direction == "out" else {}
        ),
    }


def delivery_view(row: DeliveryRow) -> dict[str, Any]:
    """A delivery."""
    return {
        "id": row.id,
        "agency": row.agency,
        "interaction": row.interaction,
        "case": row.case_id,
        "ask": row.ask_kind,
        "state": row.state,
        "attempts": row.attempts,
        "madeAt": instant(row.made_at),
        "dueAt": instant(row.due_at),
        "cause": row.cause,
        "outcome": row.outcome,
        "answerDueAt": instant(row.answer_due_at),
    }


def mailbox_view(load: MailboxLoad, now: datetime) -> dict[str, Any]:
    """An agency's mailbox: items to collect, items collected and not acknowledged, and how old the oldest is.

    `mostCollections`: how often the one was collected that was most often; `lastCollectedBy` names the proof.
    """
    return {
        "agency": load.agency,
        "lying": load.lying,
        "collected": load.collected,
        "oldestAt": instant(load.oldest_at),
        "oldestS": int((now - load.oldest_at).total_seconds()),
        "mostCollections": load.most_collections,
        "lastCollectedAt": instant(load.last_at),
        "lastCollectedBy": load.last_by,
    }


def endpoint_view(seen: EndpointSeen) -> dict[str, Any]:
    """An endpoint, its circuit, and the lanes that lead there."""
    return {
        "agency": seen.agency,
        "interaction": seen.interaction,
        "url": seen.url,
        "circuit": seen.standing.value,
        "failures": seen.failures,
        "since": instant(seen.since),
        "until": instant(seen.until),
        "cause": seen.cause,
        "lanes": [
            {
                "interaction": lane.interaction,
                "waiting": lane.waiting,
                "inHand": lane.in_hand,
                "heldUntil": instant(lane.held_until),
            }
            for lane in seen.lanes
        ],
    }


def many_view(many: Many) -> dict[str, int]:
    """What became of many deliveries."""
    return {"done": many.done, "passedOver": many.passed_over, "left": many.left}


def counts_view(counts: Mapping[tuple[str, str, str], int]) -> dict[str, Any]:
    """What a filter means, before anything is done."""
    groups = [
        {"agency": agency, "interaction": interaction, "outcome": outcome or None, "count": count}
        for (agency, interaction, outcome), count in counts.items()
    ]
    return {"total": sum(counts.values()), "groups": groups}


def attempt_view(row: AttemptRow) -> dict[str, Any]:
    """An attempt."""
    return {
        "number": row.number,
        "startedAt": instant(row.started_at),
        "endedAt": instant(row.ended_at),
        "outcome": row.outcome,
        "detail": row.detail,
    }


def shown_view(view: View) -> dict[str, Any]:
    """A message as it is shown, masked; `why` says why its content is not."""
    return {"name": view.name, "content": view.payload, "why": view.why or None, "headers": dict(view.headers)}


def read_view(row: RestrictedReadRow, *, stands: bool) -> dict[str, Any]:
    """Who looked at unmasked data, and why; `stands`: it is still what its leaf commits to."""
    return {
        "id": row.id,
        "at": instant(row.at),
        "actor": row.actor,
        "what": row.what,
        "subject": row.subject,
        "reason": row.reason,
        "leaf": row.leaf,
        "stands": stands,
    }
