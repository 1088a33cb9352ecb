"""Rows about what an agency answers in the same call, to a question or an order of the hub."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from gateway.store.tables import DeliveryRow
from tests.exchange.stage import Stage
from tests.exchange.tables.row import Does, Row
from tests.exchange.tables.scenes import row_of
from tests.exchange.town import Answer, Call, raw, says

SCHEDULE = (2.5, 5.0)
"""Seconds until a second attempt by the schedule of the sample agreements."""

HOUR = (3600.0, 3600.0)
HTML = b"<!doctype html><title>Pemeliharaan</title>"
BY_SCHEDULE = "by the agreed schedule"
DEAD_LETTER = "a dead letter"

_ENDS: Mapping[Does, tuple[str, ...]] = {
    Does.TAKE: ("answered", "awaiting"),
    Does.RETRY: ("not-sent", "unknown"),
    Does.REFUSE: ("answered",),
    Does.ASK: ("answered", "dead"),
}
"""Where a delivery may stand then."""


def answered(
    *,
    name: str,
    wire: str,
    does: Does,
    state: str,
    hub: str,
    to: Callable[[Stage], DeliveryRow],
    says: Callable[[Stage], Answer],
    attention: str = "",
    fact: str = "",
    wait: tuple[float, float] | None = None,
    counts: bool = True,
    staff: str = "",
) -> Row:
    """An answer to the delivery that `to` makes, which then stands in `state`.

    `fact` is the kind of the fact that the case then has, `attention` a part of what the officer reads (for all that
    asks a person, and for nothing else), `wait` the least and the most seconds to the next attempt, `counts` whether
    this one is used up. What is tried again is taken in the end: the same message, under the same id.
    """
    assert state in _ENDS[does], name
    assert bool(attention) is (does is Does.ASK), name

    def play(stage: Stage) -> None:
        delivery = to(stage)
        calls = stage.town.calls[delivery.agency]
        before, known = len(calls), len(_facts(stage, delivery))
        stage.town.next(delivery.agency, says(stage))
        assert stage.hub.outbound.deliver(delivery.id)
        row = row_of(stage, delivery)
        assert (row.state, row.attempts) == (state, int(counts))
        assert _facts(stage, delivery)[known:] == [fact] * bool(fact) + ["AttentionRaised"] * bool(attention)
        told = stage.case(delivery.case_id).attention
        assert [attention in text for text in told] == [True] * bool(attention), told
        assert "reply-1" in stage.parts(delivery.id)
        leaves = {json.loads(leaf)["kind"] for leaf in stage.leaves(delivery.id)}
        assert {"sent", "dead"} <= leaves if state == "dead" else leaves >= {"sent", "reply"} and "dead" not in leaves
        if wait is not None:
            assert wait[0] <= (row.due_at - stage.clock()).total_seconds() <= wait[1]
        if does is Does.RETRY:
            assert row.due_at > stage.clock()
            stage.clock.at = row.due_at
            assert stage.hub.outbound.deliver(delivery.id)
            assert row_of(stage, delivery).state in _ENDS[Does.TAKE]
            assert stage.case(delivery.case_id).attention == ()
            first, second = calls[before:]
            assert _said(first) == _said(second)

    seen = "; ".join(filter(None, (f"“{attention}”" if attention else "", staff))) or "-"
    return Row(name=name, wire=wire, does=does, hub=f"{hub} (`{state}`)", play=play, staff=seen)


def retried(
    name: str,
    wire: str,
    state: str,
    hub: str,
    says: Callable[[Stage], Answer],
    *,
    to: Callable[[Stage], DeliveryRow],
) -> Row:
    """The same for one after which the hub tries again."""
    return answered(name=name, wire=wire, does=Does.RETRY, state=state, hub=hub, to=to, says=says)


def replied(
    name: str,
    body: Any,
    does: Does,
    state: str,
    *,
    to: Callable[[Stage], DeliveryRow],
    status: int = 200,
    **more: Any,
) -> Row:
    """The same for an answer that is JSON, or the bytes of something else: it is shown as it is on the wire."""
    answer = raw(body, status) if isinstance(body, bytes) else says(body, status)
    hub = _in_words(does, state, **more)
    return answered(
        name=name, wire=_wire(body, status), does=does, state=state, hub=hub, to=to, says=lambda _: answer, **more
    )


def _in_words(
    does: Does,
    state: str,
    *,
    fact: str = "",
    wait: tuple[float, float] | None = None,
    counts: bool = True,
    **_more: str,
) -> str:
    if does is Does.RETRY:
        when = BY_SCHEDULE if wait is None or wait == SCHEDULE else f"after {wait[0]:.0f} s"
        return when if counts else f"{when}; uses up no attempt"
    if fact:
        return f"records `{fact}`"
    if state == "dead":
        return DEAD_LETTER
    return "the answer is kept" if does is Does.ASK else "nothing else"


def _wire(body: Any, status: int) -> str:
    if isinstance(body, bytes):
        return f"HTTP {status}, {'an HTML page' if body else 'no body'}"
    return f"HTTP {status} `{json.dumps(body, ensure_ascii=False)}`"


def _facts(stage: Stage, delivery: DeliveryRow) -> list[str]:
    return [each.kind for each in stage.hub.store.reader.case_events(delivery.case_id)]


def _said(call: Call) -> bytes | str:
    """What was said: over SOAP it is signed and timed anew each time, under one message id."""
    is_soap = "soap" in call.headers.get("content-type", "")
    return call.message_id if is_soap else call.body
