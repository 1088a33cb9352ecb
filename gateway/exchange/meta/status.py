"""`meta.status`: what became of a message, of the agency's own or of one that we sent to it.

An agency sees its own messages and nobody else's, and of a case nothing: what it may know of one stands in the
exchange itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.contract.message import Json, Payload
from gateway.exchange.meta.inquiry import moment, plain
from gateway.exchange.states import WAITING, Delivery
from gateway.store.tables import AttemptRow, DeliveryRow, ExchangeRow, LeafRow

NOT_KNOWN = (
    "no message of yours or to you is bound to this id: it did not arrive, or it was refused before it was believed to "
    "be yours, or for want of an agreement, for its time or for a reused id; then the same id may be sent again"
)
ACCEPTED = "accepted: it took effect, and the same message gets the same answer"
REFUSED = "refused, for good under this message id: change the message and give it an id of its own"
NOT_BOUND = "refused without binding the message's id: mend what the code says, then the same id may be sent again"

SAID: Mapping[str, str] = {
    Delivery.QUEUED: "not sent yet: it waits for its turn, or for the office's staff",
    Delivery.SENDING: "being sent at this moment",
    Delivery.NOT_SENT: "not taken yet: you did not get it, or said that you cannot take it now; the hub tries again",
    Delivery.UNKNOWN: "sent, and no complete answer came back: it may have reached you; the hub sends it again",
    Delivery.LAID_DOWN: "it lies in your mailbox: collect it",
    Delivery.COLLECTED: "you collected it: acknowledge it, else you can collect it again",
    Delivery.AWAITING: "you acknowledged it; your answer is awaited",
    Delivery.ANSWERED: "you answered it; nothing more is done",
    Delivery.DEAD: "given up: the office's staff decide whether it is sent again",
    Delivery.CANCELLED: "cancelled by the office's staff: it is not sent any more",
}
"""What each state of a delivery means to its receiver."""

_TOLD_AS: Mapping[str, str] = {Delivery.LAID_DOWN: "queued", Delivery.COLLECTED: "sending"}
"""Version 1.0 of the reply has no words for a mailbox: what lies there was not sent yet, and what was collected is on
its way until it is acknowledged. The text says it exactly."""

_ABOUT_THE_CALL = frozenset({"not-sent", "unknown", "refused", "used-up", "lease-ran-out", "not-acknowledged"})
"""Outcomes whose detail speaks of the call and the agency's own answer; others speak of the hub's inside."""


@dataclass(frozen=True, kw_only=True)
class FromAgency:
    """A message of the agency's own, with the leaves of its exchange."""

    row: ExchangeRow
    leaves: Sequence[LeafRow]


@dataclass(frozen=True, kw_only=True)
class ToAgency:
    """A message of ours to the agency: its delivery with every attempt, and the leaves of its exchange."""

    row: DeliveryRow
    attempts: Sequence[AttemptRow]
    leaves: Sequence[LeafRow]


def status(found: Sequence[FromAgency | ToAgency]) -> Payload:
    """Answer what became of the messages that were found, all of them this agency's."""
    text = {0: NOT_KNOWN, 1: "one message has this id"}.get(
        len(found), "two messages have this id: you gave one of yours the id of one of ours"
    )
    messages: list[Json] = [_received(each) if isinstance(each, FromAgency) else _sent(each) for each in found]
    return {"known": bool(found), "text": text, "message": messages}


def _received(found: FromAgency) -> Json:
    row = found.row
    said: dict[str, Json] = {"direction": "from-you"}
    if row.message_id is not None:
        said["messageId"] = plain(row.message_id, 256)
    said |= {"exchange": row.id, "interaction": row.interaction}
    if row.agreement:
        said["agreement"] = row.agreement
    said |= {"at": moment(row.at), "state": row.verdict}
    if row.code is not None:
        said["code"] = row.code
    if row.status is not None:
        said["httpStatus"] = row.status
    refused = REFUSED if row.message_id is not None else NOT_BOUND
    said["text"] = ACCEPTED if row.verdict == "accepted" else refused
    said["leaf"] = list(_leaves(found.leaves))
    return said


def _sent(found: ToAgency) -> Json:
    row = found.row
    said: dict[str, Json] = {
        "direction": "to-you",
        "messageId": row.message_id,
        "exchange": row.id,
        "interaction": row.interaction,
        "agreement": f"{row.agreement}/{row.agreement_version}",
        "at": moment(row.made_at),
        "state": _TOLD_AS.get(row.state, row.state),
        "attempts": row.attempts,
    }
    if row.state in WAITING:
        said["nextDue"] = moment(row.due_at)
    said["text"] = SAID[Delivery(row.state)]
    said["attempt"] = [_attempt(each) for each in found.attempts]
    said["leaf"] = list(_leaves(found.leaves))
    return said


def _attempt(row: AttemptRow) -> Json:
    said: dict[str, Json] = {"number": row.number, "startedAt": moment(row.started_at)}
    if row.ended_at is not None:
        said["endedAt"] = moment(row.ended_at)
    if row.outcome is not None:
        said["outcome"] = row.outcome
    if row.detail and row.outcome in _ABOUT_THE_CALL:
        said["text"] = plain(row.detail, 1024)
    return said


def _leaves(rows: Sequence[LeafRow]) -> Iterator[Json]:
    for row in rows:
        place: dict[str, Json] = {} if row.tree_index is None else {"index": row.tree_index}
        yield {"hash": row.hash.hex(), **place}
