"""What an attempt leaves behind before anything leaves: the delivery as it stands then, the attempt, the exact bytes.

The exchange itself begins with the first attempt of its delivery.
"""

from __future__ import annotations

from datetime import datetime

from gateway.casework.leaves import Leaves
from gateway.exchange.records import OUT, headers_text, part
from gateway.exchange.speaking import Speech, Spoken
from gateway.ledger.leaf import LeafKind
from gateway.store.outgoing import StoredDelivery
from gateway.store.plan import Change, Insert, Plan, Update
from gateway.store.sealed_rows import sealed_with
from gateway.store.sealing import BodySeal
from gateway.store.tables import AttemptRow, DeliveryRow, ExchangeRow

_BEGUN = ("state", "attempts", "last_attempt", "fence", "lease_until", "payload", "cause", "outcome")
"""What an attempt changes of its delivery before it leaves; a claim has moved the fence already."""

_UNDER = ("agreement", "agreement_version")
"""What it changes beside that when it leaves under another version than it was made under."""


def leaving(
    leaves: Leaves,
    row: StoredDelivery,
    sent: StoredDelivery,
    speech: Speech,
    spoken: Spoken,
    key: bytes,
    *,
    due_at: datetime | None = None,
    taken_by: str | None = None,
) -> Plan:
    """The plan of an attempt: `row` is the delivery as it was read, which guards it, and `sent` as it stands then.

    `key` is the case's data key. `due_at`: when it is due again; None leaves it. `taken_by`: who came for it.
    """
    at, number = speech.at, sent.last_attempt
    name = f"sent-{number}"
    parts = {name: spoken.stored_body, f"{name}-headers": headers_text(spoken.stored_headers)}
    if spoken.stored_plain is not None:
        parts[f"{name}-plain"] = spoken.stored_plain  # nobody but its receiver could decrypt what left
    leaf = leaves.make(
        LeafKind.SENT,
        at=at,
        actor=f"agency/{row.agency}",
        exchange=row.id,
        case_id=row.case_id,
        agreement=speech.terms.reference,
        key=key,
        parts=parts,
        extra={"attempt": number, "interaction": row.interaction},
    )
    has_moved = sent.reference != row.reference
    begun = {name: getattr(sent, name) for name in (*_BEGUN, *(_UNDER if has_moved else ()))}
    if due_at is not None:
        begun["due_at"] = due_at
    scope, place = f"case/{row.case_id}", {"id": row.id}
    begun = sealed_with(scope, key, DeliveryRow, place, begun)
    changes: list[Change] = [Update(DeliveryRow, place, {"state": row.state, "fence": row.fence}, begun)]
    if row.last_attempt == 0:
        changes.append(Insert(ExchangeRow, _exchange(row, speech, sent.state)))  # the fence lets nobody do so twice
    elif has_moved:
        changes.append(Update(ExchangeRow, {"id": row.id}, {}, {"agreement": speech.terms.reference}))
    seal = BodySeal(scope, key, row.id)
    started: dict[str, object] = {"delivery": row.id, "number": number, "fence": sent.fence, "started_at": at}
    if taken_by is not None:
        started["detail"] = taken_by
    changes += [
        Insert(AttemptRow, sealed_with(scope, key, AttemptRow, started, started)),
        *(part(seal, each, body) for each, body in parts.items()),
        leaf.row,
    ]
    return Plan(tuple(changes))


def _exchange(row: StoredDelivery, speech: Speech, verdict: str) -> dict[str, object]:
    return {
        "id": row.id,
        "direction": OUT,
        "agency": row.agency,
        "interaction": row.interaction,
        "agreement": speech.terms.reference,
        "message_id": row.message_id,
        "case_id": row.case_id,
        "verdict": verdict,
        "at": speech.at,
    }
