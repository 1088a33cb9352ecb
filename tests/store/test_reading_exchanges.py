"""Reading about exchanges and deliveries."""

from __future__ import annotations

from hashlib import sha256

from gateway.store.reading import Reader
from gateway.store.tables import (
    AttemptRow,
    DeliveryRow,
    ExchangeRow,
    PartRow,
    RefusalTallyRow,
)
from tests.store.rows import NOW, Put, delivery, exchange, minutes


def test_exchanges_by_page_case_agency_and_message(reader: Reader, put: Put) -> None:
    put(
        ExchangeRow,
        exchange(1, 0, case_id="c-1"),
        exchange(2, 1),
        exchange(3, 1, agency="oss"),
        exchange(4, 2, case_id="c-1", direction="out"),
        exchange(5, 3, message_id=None),
        exchange(6, 4, message_id=None),
    )
    first = reader.exchanges(limit=3)
    assert [row.id for row in first] == ["x-6", "x-5", "x-4"]
    assert [row.id for row in reader.exchanges(before=(first[-1].at, first[-1].id))] == ["x-3", "x-2", "x-1"]
    assert [row.id for row in reader.exchanges(before=(minutes(1), "x-3"))] == ["x-2", "x-1"]
    assert [row.id for row in reader.exchanges(case_id="c-1")] == ["x-4", "x-1"]
    assert [row.id for row in reader.exchanges(agency="oss")] == ["x-3"]
    found = reader.exchange_by_message("in", "dpupr", "m-1")
    assert found is not None
    assert found.id == "x-1"
    assert reader.exchange_by_message("out", "dpupr", "m-1") is None
    assert reader.exchange_by_message("in", "oss", "m-1") is None
    assert reader.exchange("x-9") is None
    assert set(reader.exchanges_by_id({"x-1", "x-2", "x-9"})) == {"x-1", "x-2"}


def test_parts_and_their_digests(reader: Reader, put: Put) -> None:
    put(
        PartRow,
        {"exchange": "x-1", "name": "request", "body": b"<a/>"},
        {"exchange": "x-1", "name": "answer", "body": b"<b/>"},
        {"exchange": "x-2", "name": "request", "body": b"<c/>"},
        {"exchange": "x-3", "name": "request", "body": b"<d/>"},
    )
    assert [(row.name, row.body) for row in reader.parts("x-1")] == [("answer", b"<b/>"), ("request", b"<a/>")]
    found = reader.part("x-2", "request")
    assert found is not None
    assert found.body == b"<c/>"
    assert reader.part("x-2", "answer") is None
    digests = reader.part_digests({"x-1", "x-2"})
    assert set(digests) == {("x-1", "answer"), ("x-1", "request"), ("x-2", "request")}
    assert digests["x-1", "request"] == sha256(b"<a/>").digest()
    names = list(reader.part_names(batch=3))
    assert names == [[("x-1", "answer"), ("x-1", "request"), ("x-2", "request")], [("x-3", "request")]]


def test_tallies_of_minutes_that_are_over(reader: Reader, put: Put) -> None:
    row = {"address": "192.0.2.1", "code": "bad-signature", "count": 1}
    put(RefusalTallyRow, *({**row, "minute": minutes(number)} for number in (2, 0, 1)))
    assert [each.minute for each in reader.refusal_tallies(minutes(2))] == [minutes(0), minutes(1)]
    assert len(reader.refusal_tallies(minutes(9), limit=1)) == 1


def test_leases_that_ran_out(reader: Reader, put: Put) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "sending", lease_until=minutes(2)),
        delivery("b-1", "b", 1, "sending", lease_until=minutes(1)),
        delivery("c-1", "c", 1, "answered", lease_until=minutes(0)),
        delivery("d-1", "d", 1, "sending", lease_until=minutes(3)),
    )
    assert [row.id for row in reader.expired_leases(minutes(2))] == ["b-1", "a-1"]


def test_deliveries_by_state_case_and_message(reader: Reader, put: Put) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "dead"),
        delivery("a-2", "a", 2, "queued"),
        delivery("a-3", "a", 3, "dead", case_id="c-2"),
    )
    put(AttemptRow, *({"delivery": "a-1", "number": n, "fence": n, "started_at": NOW} for n in (2, 1)))
    assert [row.id for row in reader.deliveries()] == ["a-3", "a-2", "a-1"]
    assert [row.id for row in reader.deliveries(["dead"])] == ["a-3", "a-1"]
    assert [row.id for row in reader.deliveries(["dead"], limit=1)] == ["a-3"]
    assert [row.id for row in reader.deliveries(case_id="c-1")] == ["a-2", "a-1"]
    assert reader.delivery_counts() == {"dead": 2, "queued": 1}
    found = reader.delivery_by_message("dpupr", "urn:uuid:a-1")
    assert found is not None
    assert found == reader.delivery("a-1")
    assert reader.delivery_by_message("oss", "urn:uuid:a-1") is None
    assert reader.delivery("a-9") is None
    assert [row.number for row in reader.attempts("a-1")] == [1, 2]
