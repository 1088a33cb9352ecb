"""Deliveries of a stage: what is due, what became of it, and what happens while an agency has the call in hand."""

from __future__ import annotations

from collections.abc import Callable

from gateway.exchange.claiming import LEASE_BEYOND_CALL
from gateway.store.tables import DeliveryRow
from tests.exchange.stage import Stage
from tests.exchange.town import Call, Told

LEASE_S = 10 + LEASE_BEYOND_CALL.total_seconds()
"""How long a claim lasts where a call may take ten seconds."""


def asked(stage: Stage, agency: str) -> DeliveryRow:
    """A delivery that is due to the agency: to Dukcapil over REST (safe), to DPUPR over SOAP (same-id)."""
    case = stage.register() if agency == "dukcapil" else stage.validated()
    return stage.delivery(case.id, agency)


def now(stage: Stage, delivery: DeliveryRow) -> DeliveryRow:
    row = stage.hub.store.reader.delivery(delivery.id)
    assert row is not None
    return row


def attempts(stage: Stage, delivery: DeliveryRow) -> list[tuple[str | None, str | None]]:
    return [(row.outcome, row.detail) for row in stage.hub.store.reader.attempts(delivery.id)]


def send(stage: Stage, wanted: int = 50) -> int:
    """What one worker does in one look: claim a batch, and make the attempts. Gives how many calls there were."""
    return sum(stage.hub.outbound.attempt(each) for each in stage.hub.claiming.take(wanted).claimed)


def meanwhile(stage: Stage, agency: str, deed: Callable[[Call], object]) -> None:
    """While the agency has the call in hand, `deed` happens; then it answers as always."""

    def answer(call: Call) -> Told:
        deed(call)
        return stage.town.always[agency](call)

    stage.town.next(agency, answer)
