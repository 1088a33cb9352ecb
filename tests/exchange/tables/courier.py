"""A courier that is given an order: closed, failing, unproven, refusing."""

from __future__ import annotations

from functools import partial

from gateway.domain import events as e
from gateway.domain.case import Stage as At
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange.stage import Stage
from tests.exchange.tables.answers import answered, retried
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import brought, signs
from tests.exchange.town import Answer, raw, says

BY_COURIER = e.HandOverChosen(method=e.HandOver.COURIER)


def ordered(stage: Stage) -> DeliveryRow:
    """An order for a permit that waits for nothing but its courier."""
    case = brought(stage, At.PRINTED, journeys.SURVEYED, BY_COURIER)
    return stage.delivery(case.id, "courier")


def _acknowledgement(message_id: str) -> dict[str, str]:
    return {"messageId": message_id, "receivedAt": "2026-03-02T10:00:00+07:00", "exchange": "JX-0000017"}


def acknowledges(stage: Stage) -> Answer:
    """The courier takes the order."""
    return signs(stage, _acknowledgement)


_answered = partial(answered, to=ordered)
_again = partial(retried, to=ordered)

ANSWERS: tuple[Row, ...] = (
    _answered(
        name="the order is taken",
        wire="a signed acknowledgement",
        does=Does.TAKE,
        state="awaiting",
        hub="its answer is awaited",
        says=acknowledges,
    ),
    _again("closed", "HTTP 503", "not-sent", "it was not taken; by the schedule", lambda _: raw(b"", 503)),
    _again(
        "it fails",
        "HTTP 500",
        "unknown",
        "nobody knows whether it was taken: the courier keeps one order for each message id",
        lambda _: raw(b"oops", 500),
    ),
    _again(
        "an acknowledgement that nobody signed",
        "no JWS",
        "unknown",
        "the same: it proves nothing",
        lambda _: says(_acknowledgement("urn:uuid:x")),
    ),
    _again(
        "an acknowledgement of another order",
        "another `messageId`, signed",
        "unknown",
        "the same",
        lambda stage: signs(stage, lambda _: _acknowledgement("urn:uuid:other")),
    ),
    _answered(
        name="the order is refused",
        wire="HTTP 400",
        does=Does.ASK,
        state="dead",
        hub="a dead letter",
        says=lambda _: raw(b"no", 400),
        attention="Instansi menolak pesan",
        staff="take another courier, or mend it and redrive",
    ),
)
