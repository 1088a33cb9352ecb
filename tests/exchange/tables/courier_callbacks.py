"""A courier's answers to an order: late, twice, never, crossed, returned, after the hand-over."""

from __future__ import annotations

from typing import Any

from gateway.domain import events as e
from gateway.domain.calendar import JAKARTA
from gateway.domain.case import Stage as At
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.stage import RINA, Stage
from tests.exchange.tables.courier import BY_COURIER, acknowledges, ordered
from tests.exchange.tables.row import Does, Row, row
from tests.exchange.tables.scenes import ACTOR, COUNTED, brought, refused, row_of, says_signed


def _awaiting(stage: Stage) -> DeliveryRow:
    order = ordered(stage)
    stage.town.next("courier", acknowledges(stage))
    assert stage.hub.outbound.deliver(order.id)
    assert row_of(stage, order).state == "awaiting"
    return order


def _said(stage: Stage, order: DeliveryRow, status: str = "delivered") -> dict[str, Any]:
    at = stage.clock().astimezone(JAKARTA).isoformat(timespec="seconds")
    said = {"case": order.case_id, "waybill": "JX-17", "status": status, "at": at}
    if status == "delivered":
        return said | {"receivedBy": "Budi Contoh", "proof": "POD-17"}
    return said | {"reason": "rumah kosong"}


def _tells(stage: Stage, order: DeliveryRow, answer: dict[str, Any], number: int = 1, **twists: Any) -> voices.Said:
    twists = {"rel": order.message_id, **twists}
    message_id = f"{order.message_id}#{number}"
    return says_signed(stage, "courier", "deliver-document", answer, message_id=message_id, **twists)


def _taken(stage: Stage, order: DeliveryRow, status: str = "delivered", number: int = 1) -> voices.Said:
    said = _tells(stage, order, _said(stage, order, status), number)
    assert (said.status, said.json["messageId"]) == (200, f"{order.message_id}#{number}")
    return said


def _handed_over(stage: Stage, order: DeliveryRow) -> bool:
    return stage.case(order.case_id).stage is At.HANDED_OVER


def _delivered(stage: Stage) -> None:
    order = _awaiting(stage)
    _taken(stage, order)
    assert _handed_over(stage, order)
    assert row_of(stage, order).state == "answered"


def _before_the_acknowledgement(stage: Stage) -> None:
    order = ordered(stage)
    _taken(stage, order)
    assert _handed_over(stage, order)
    assert row_of(stage, order).state == "answered"
    assert not stage.hub.outbound.deliver(order.id)


def _twice(stage: Stage) -> None:
    order = _awaiting(stage)
    first = _taken(stage, order)
    with stage.unchanged("exchange", "leaf"):
        assert _taken(stage, order).body == first.body


def _again_under_another_id(stage: Stage) -> None:
    order = _awaiting(stage)
    _taken(stage, order)
    with stage.unchanged():
        _taken(stage, order, number=2)


def _attempted_and_then_delivered(stage: Stage) -> None:
    order = _awaiting(stage)
    before = stage.case(order.case_id)
    _taken(stage, order, "attempted")
    assert stage.case(order.case_id) == before
    assert row_of(stage, order).state == "awaiting"
    _taken(stage, order, number=2)
    assert _handed_over(stage, order)


def _never_and_late(stage: Stage) -> None:
    order = _awaiting(stage)
    waiting = row_of(stage, order)
    assert waiting.remind_at is not None
    assert waiting.answer_due_at is not None
    for number, moment in enumerate((waiting.remind_at, waiting.answer_due_at), 1):
        stage.clock.at = max(stage.clock.at, moment)
        while stage.hub.timers.run_once():
            pass
        assert len(stage.case(order.case_id).attention) == number
    _taken(stage, order)
    assert _handed_over(stage, order)


def _returned(stage: Stage) -> None:
    order = _awaiting(stage)
    _taken(stage, order, "returned")
    (text,) = stage.case(order.case_id).attention
    assert "resi JX-17: rumah kosong" in text
    assert not _handed_over(stage, order)
    assert row_of(stage, order).state == "answered"


def _returned_and_sent_elsewhere(stage: Stage) -> None:
    order = _awaiting(stage)
    _taken(stage, order, "returned")
    stage.hub.deeds.choose_hand_over(order.case_id, RINA, e.HandOver.COURIER, "Jalan Contoh 2, Surabaya")
    second = stage.delivery(order.case_id, "courier")
    assert second.id != order.id
    stage.town.next("courier", acknowledges(stage))
    assert stage.hub.outbound.deliver(second.id)
    assert stage.town.calls["courier"][-1].json["recipient"]["address"] == "Jalan Contoh 2, Surabaya"
    _taken(stage, second)
    assert _handed_over(stage, second)


def _returned_and_then_delivered(stage: Stage) -> None:
    order = _awaiting(stage)
    _taken(stage, order, "returned")
    with stage.unchanged():
        _taken(stage, order, number=2)
    assert not _handed_over(stage, order)


def _fetched_meanwhile(stage: Stage) -> None:
    order = _awaiting(stage)
    stage.hub.deeds.hand_over(order.case_id, RINA, e.HandOver.COUNTER, "Siti Contoh", "tanda tangan di loket 1")
    with stage.unchanged():
        _taken(stage, order)


def _before_the_survey(stage: Stage) -> None:
    case = brought(stage, At.PRINTED, BY_COURIER)
    rows = stage.hub.store.reader.deliveries(case_id=case.id, limit=100)
    assert "courier" not in {row.agency for row in rows}
    stage.hub.deeds.record(case.id, ACTOR, journeys.SURVEYED)
    assert stage.delivery(case.id, "courier").state == "queued"


def _chosen_otherwise_meanwhile(stage: Stage) -> None:
    order = _awaiting(stage)
    stage.hub.deeds.choose_hand_over(order.case_id, RINA, e.HandOver.COUNTER)
    _taken(stage, order)
    assert _handed_over(stage, order)


def _refused(stage: Stage, status: int, code: str, change: dict[str, str], **twists: Any) -> None:
    order = _awaiting(stage)
    with stage.unchanged():
        refused(_tells(stage, order, {**_said(stage, order), **change}, **twists), status, code)
    assert row_of(stage, order).state == "awaiting"


def _stranger(stage: Stage) -> None:
    order = _awaiting(stage)
    with stage.unchanged():
        assert _tells(stage, order, _said(stage, order), signer="stranger").status == 401


def _without_proof(stage: Stage) -> None:
    order = _awaiting(stage)
    answer = {name: value for name, value in _said(stage, order).items() if name != "proof"}
    with stage.unchanged():
        refused(_tells(stage, order, answer), 422, "schema-violation")


CALLBACKS: tuple[Row, ...] = (
    row("delivered", "`delivered`, with proof", Does.TAKE, "the hand-over (18(1))", _delivered),
    row(
        "delivered before the order is acknowledged",
        "`delivered`, while the order still waits",
        Does.TAKE,
        "the hand-over; the order is not sent any more",
        _before_the_acknowledgement,
    ),
    row("twice", "the same answer under the same id", Does.TAKE, "the same answer, and one fact", _twice),
    row(
        "twice, under two ids",
        "`delivered`, another `jti`",
        Does.TAKE,
        "acknowledged; changes nothing",
        _again_under_another_id,
    ),
    row(
        "nobody was there",
        "`attempted`, then `delivered`",
        Does.TAKE,
        "the first changes nothing, and another answer is awaited",
        _attempted_and_then_delivered,
    ),
    row(
        "never, or late",
        "nothing for 5 hari kerja",
        Does.ASK,
        "reminds a hari kerja before, and tells at the end; an answer that comes then is taken",
        _never_and_late,
        "both on the case: ask the courier",
        alone=True,
    ),
    row(
        "returned",
        "`returned`",
        Does.ASK,
        "nothing is handed over",
        _returned,
        "“resi JX-17: rumah kosong”; ask the applicant for another address, or keep it at the counter",
    ),
    row(
        "returned, and chosen again",
        "an order to another address",
        Does.TAKE,
        "a second order, whose proof is the hand-over",
        _returned_and_sent_elsewhere,
    ),
    row(
        "contradictory",
        "`returned`, then `delivered`",
        Does.TAKE,
        "the first counts; the second is kept and changes nothing",
        _returned_and_then_delivered,
        "what the first told; the second stands in the exchange",
    ),
    row(
        "fetched at the counter meanwhile",
        "`delivered`",
        Does.TAKE,
        "acknowledged and kept; the case was handed over already",
        _fetched_meanwhile,
    ),
    row(
        "chosen otherwise meanwhile",
        "`delivered`, though the counter was chosen",
        Does.TAKE,
        "the hand-over: it has happened",
        _chosen_otherwise_meanwhile,
    ),
    row(
        "before the survey",
        "nothing is ordered",
        Does.TAKE,
        "the order leaves when the survey is filled in (17(2))",
        _before_the_survey,
    ),
    row(
        "a crossed answer",
        "another `case` than the order's",
        Does.REFUSE,
        "`inconsistent`",
        lambda stage: _refused(stage, 409, "inconsistent", {"case": "K-2026-OTHER"}),
    ),
    row(
        "an answer to no order",
        "an unknown `rel`",
        Does.REFUSE,
        "`correlation-unknown`",
        lambda stage: _refused(stage, 400, "correlation-unknown", {}, rel="urn:uuid:nobody"),
    ),
    row(
        "a time that does not exist",
        "30 February",
        Does.REFUSE,
        "`inconsistent`",
        lambda stage: _refused(stage, 409, "inconsistent", {"at": "2026-02-30T09:00:00+07:00"}),
    ),
    row("delivered without proof", "`proof` is missing", Does.REFUSE, "`schema-violation`", _without_proof),
    row(
        "an answer of somebody else",
        "a JWS of another key",
        Does.REFUSE,
        "HTTP 401, counted and not kept",
        _stranger,
        COUNTED,
    ),
)
