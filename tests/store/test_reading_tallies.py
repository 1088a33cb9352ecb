"""What came of exchanges since a moment: both directions of an interaction together, on either engine."""

from __future__ import annotations

from typing import Any

from gateway.store.reading import Reader
from gateway.store.reads.tallies import Tally
from gateway.store.tables import AttemptRow, BatchRow, DeliveryRow, ExchangeRow, LeafRow
from tests.store.rows import Put, delivery, exchange, minutes


def leaf(number: int, of: str) -> dict[str, Any]:
    return {"id": f"l-{number}", "exchange": of, "canonical": b"{}", "hash": bytes([number])}


def attempt(of: str, number: int, at: float) -> dict[str, Any]:
    return {"delivery": of, "number": number, "fence": number, "started_at": minutes(at)}


def batch(of: str, **counts: int) -> dict[str, Any]:
    named = {"id": of, "agency": "bank", "interaction": "settlement", "name": of, "agreement": "bank-2026"}
    said = {"agreement_version": "1.2", "manifest": "{}", "format": "csv", "size": 1, "sha256": "a" * 64, "records": 3}
    zeros = dict.fromkeys(("received", "read", "position", "accepted", "declined", "invalid", "failed", "held"), 0)
    at = {"made_at": minutes(1), "due_at": minutes(1)}
    return {**named, **said, **zeros, **at, "token": "", "state": "completed", "result_size": 0, "fence": 0, **counts}


def test_what_came_of_each_interaction_since_a_moment(reader: Reader, put: Put) -> None:
    put(
        ExchangeRow,
        exchange(1, -1),  # before it
        exchange(2, 0),
        exchange(3, 1, verdict="refused", code="schema-violation"),
        {**exchange(4, 1, direction="out", verdict="answered", code="answered"), "id": "d-1"},
        {**exchange(5, 1, direction="out", verdict="dead", code="refused"), "id": "d-2"},
        {**exchange(6, 1, direction="out", verdict="dead", code="used-up"), "id": "d-3"},
        exchange(7, 1, agency="bank", interaction="settlement"),
        exchange(8, 2, agency="bank", interaction="va-inquiry"),
    )
    put(LeafRow, *(leaf(number, of) for number, of in enumerate(("x-1", "x-2", "x-2", "d-1", "x-7", "c-1"))))
    put(DeliveryRow, *(delivery(f"d-{number}", "q", number, "answered") for number in (1, 2, 3)))
    put(
        AttemptRow,
        attempt("d-1", 1, 0),
        attempt("d-1", 2, 1),
        attempt("d-1", 3, 2),
        attempt("d-2", 1, 1),
        attempt("d-3", 2, -1),
    )
    put(BatchRow, batch("b-1", accepted=1, declined=1, invalid=1), batch("b-2", failed=1))
    asked = {"agency": "dpupr", "interaction": "technical-recommendation"}
    assert reader.tallies(minutes(0)) == [
        Tally(agency="bank", interaction="settlement", exchanges=1, succeeded=1, refusals=3, retries=0, leaves=1),
        Tally(agency="bank", interaction="va-inquiry", exchanges=1, succeeded=1, refusals=0, retries=0, leaves=0),
        Tally(**asked, exchanges=5, succeeded=2, refusals=2, retries=2, leaves=3),
    ]
    assert reader.tallies(minutes(3)) == []
