"""What the store is asked, by theme. Rows come back whole and detached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import SQLModel

from gateway.domain.errors import HubBusy
from gateway.store.plan import Committed, Insert, Plan
from gateway.store.reading import Reader
from gateway.store.tables import (
    AgencyRow,
    AgreementRow,
    AttemptRow,
    CaseEventRow,
    CaseReferenceRow,
    CaseRow,
    CertificateRow,
    CheckpointRow,
    CounterRow,
    CredentialRow,
    DataKeyRow,
    DeadlineRow,
    DeliveryRow,
    DocumentRow,
    EndpointRow,
    ExchangeRow,
    LeafRow,
    OpeningRow,
    PartRow,
    PinChallengeRow,
    RefusalTallyRow,
    StaffRow,
    TileRow,
    TokenRow,
    TreeHeadRow,
)
from gateway.store.unit_of_work import SingleWriter

NOW = datetime(2026, 1, 5, 3, 0, tzinfo=UTC)

Put = Callable[..., None]


def minutes(number: float) -> datetime:
    return NOW + timedelta(minutes=number)


@pytest.fixture
def put(writer: SingleWriter) -> Put:
    def insert(model: type[SQLModel], *rows: dict[str, Any]) -> None:
        assert writer.commit(Plan(tuple(Insert(model, row) for row in rows))) == Committed()

    return insert


def case(number: int, opened: float) -> dict[str, Any]:
    at = minutes(opened)
    return {
        "id": f"c-{number}",
        "version": 1,
        "service": "krk",
        "origin": "oss",
        "stage": "registered",
        "ended": False,
        "opened_at": at,
        "changed_at": at,
        "next_order": 0,
        "body": "{}",
    }


def exchange(number: int, at: float, **values: Any) -> dict[str, Any]:
    row = {"id": f"x-{number}", "direction": "in", "agency": "dpupr", "interaction": "technical-recommendation"}
    return {**row, "message_id": f"m-{number}", "case_id": None, "verdict": "accepted", "at": minutes(at), **values}


def delivery(name: str, queue: str, position: int, state: str, due: float = 0, **values: Any) -> dict[str, Any]:
    row = {
        "id": name,
        "queue": queue,
        "position": position,
        "agency": "dpupr",
        "interaction": "technical-recommendation",
        "agreement": "dpupr-2026",
        "agreement_version": "1.0",
        "case_id": "c-1",
        "case_version": 1,
        "ask_kind": "recommend",
        "ask_body": "{}",
        "state": state,
        "message_id": f"urn:uuid:{name}",
        "made_at": minutes(position),
        "due_at": minutes(due),
        "attempts": 0,
        "fence": 0,
        "lease_until": None,
    }
    return {**row, **values}


# --- parties -------------------------------------------------------------------------------------------------------


def test_agencies_and_where_they_listen(reader: Reader, put: Put) -> None:
    put(AgencyRow, {"id": "oss", "name": "OSS", "kind": "vertical"}, {"id": "bank", "name": "Bank", "kind": "vertical"})
    put(
        EndpointRow,
        {"agency": "oss", "interaction": "*", "url": "https://oss.example/"},
        {"agency": "oss", "interaction": "license-status", "url": "https://oss.example/status"},
        {"agency": "bank", "interaction": "inquiry", "url": "https://bank.example/"},
    )
    assert [row.id for row in reader.agencies()] == ["bank", "oss"]
    found = reader.agency("oss")
    assert found is not None
    assert found.name == "OSS"
    assert reader.agency("none") is None
    assert reader.endpoint("oss", "license-status") == "https://oss.example/status"
    assert reader.endpoint("oss", "anything") == "https://oss.example/"
    assert reader.endpoint("bank", "payment") is None
    assert [row.interaction for row in reader.endpoints("oss")] == ["*", "license-status"]


def test_certificates_belong_to_one_agency_also_when_revoked(reader: Reader, put: Put) -> None:
    row = {"agency": "dpupr", "pem": "-", "possession": "-"}
    put(
        CertificateRow,
        {**row, "fingerprint": "bb", "registered_at": minutes(2), "revoked_at": None},
        {**row, "fingerprint": "aa", "registered_at": minutes(1), "revoked_at": minutes(3)},
        {**row, "fingerprint": "cc", "registered_at": minutes(0), "revoked_at": None, "agency": "oss"},
    )
    assert [each.fingerprint for each in reader.certificates("dpupr")] == ["aa", "bb"]
    assert reader.certificate_owner("aa") == "dpupr"
    assert reader.certificate_owner("cc") == "oss"
    assert reader.certificate_owner("dd") is None


def test_credentials_are_of_one_agency(reader: Reader, put: Put) -> None:
    put(
        CredentialRow,
        {"agency": "bank", "name": "client_secret", "sealed": b"1"},
        {"agency": "bank", "name": "client_id", "sealed": b"2"},
        {"agency": "oss", "name": "user_key", "sealed": b"3"},
    )
    assert [row.name for row in reader.credentials("bank")] == ["client_id", "client_secret"]
    found = reader.credential("oss", "user_key")
    assert found is not None
    assert found.sealed == b"3"
    assert reader.credential("oss", "client_id") is None


def test_agreements_by_agency_and_state(reader: Reader, put: Put) -> None:
    row = {"hash": "00", "body": "{}"}
    put(
        AgreementRow,
        {**row, "id": "dpupr-2026", "version": "1.1", "agency": "dpupr", "state": "active"},
        {**row, "id": "dpupr-2026", "version": "1.0", "agency": "dpupr", "state": "ended"},
        {**row, "id": "bank-2026", "version": "1.0", "agency": "bank", "state": "active"},
    )

    def ids(**wanted: str) -> list[tuple[str, str]]:
        return [(each.id, each.version) for each in reader.agreements(**wanted)]

    assert ids() == [("bank-2026", "1.0"), ("dpupr-2026", "1.0"), ("dpupr-2026", "1.1")]
    assert ids(agency="dpupr") == [("dpupr-2026", "1.0"), ("dpupr-2026", "1.1")]
    assert ids(state="active") == [("bank-2026", "1.0"), ("dpupr-2026", "1.1")]
    assert ids(agency="dpupr", state="active") == [("dpupr-2026", "1.1")]
    found = reader.agreement("dpupr-2026", "1.0")
    assert found is not None
    assert found.state == "ended"
    assert reader.agreement("dpupr-2026", "2.0") is None


def test_tokens_by_hash_newest_first(reader: Reader, put: Put) -> None:
    row = {"staff": "siti", "scopes": "read", "expires_at": minutes(90)}
    put(TokenRow, {**row, "hash": "aa", "made_at": minutes(0)}, {**row, "hash": "bb", "made_at": minutes(1)})
    found = reader.token("aa")
    assert found is not None
    assert found.expires_at == minutes(90)
    assert reader.token("cc") is None
    assert [each.hash for each in reader.tokens()] == ["bb", "aa"]


def test_staff_by_id(reader: Reader, put: Put) -> None:
    put(StaffRow, *({"id": each, "name": "Siti Contoh", "title": "-"} for each in ("siti", "budi")))
    assert [row.id for row in reader.all_staff()] == ["budi", "siti"]
    found = reader.staff("siti")
    assert found is not None
    assert found.name == "Siti Contoh"
    assert reader.staff("none") is None


# --- cases ---------------------------------------------------------------------------------------------------------


def test_cases_page_by_page_last_opened_first(reader: Reader, put: Put) -> None:
    put(CaseRow, case(1, 0), case(2, 1), case(3, 1), case(4, 2))
    first = reader.cases(limit=2)
    assert [row.id for row in first] == ["c-4", "c-3"]
    rest = reader.cases(limit=2, before=(first[-1].opened_at, first[-1].id))
    assert [row.id for row in rest] == ["c-2", "c-1"]
    assert reader.cases(before=(rest[-1].opened_at, rest[-1].id)) == []
    found = reader.case("c-3")
    assert found is not None
    assert found.opened_at == minutes(1)
    assert reader.case("c-9") is None


def test_cases_by_the_digests_of_their_references(reader: Reader, put: Put) -> None:
    put(CaseRow, case(1, 0), case(2, 1))
    put(
        CaseReferenceRow,
        {"digest": "nib", "case_id": "c-2", "kind": "nib"},
        {"digest": "nib", "case_id": "c-1", "kind": "nib"},
        {"digest": "va", "case_id": "c-1", "kind": "virtual-account"},
        {"digest": "dangling", "case_id": "c-9", "kind": "nib"},
    )
    found = reader.cases_by_reference(["nib", "va", "none", "dangling"])
    assert {digest: [row.id for row in rows] for digest, rows in found.items()} == {
        "nib": ["c-1", "c-2"],
        "va": ["c-1"],
        "none": [],
        "dangling": [],
    }
    assert reader.case_ids_by_reference("nib") == ["c-1", "c-2"]
    assert reader.case_ids_by_reference("none") == []


def event(case_id: str, seq: int) -> dict[str, Any]:
    row = {"case_id": case_id, "seq": seq, "kind": "registered", "body": f'{{"n":"{case_id}/{seq} é"}}'}
    return {**row, "occurred_at": NOW, "entered_at": NOW, "actor": "timer"}


def test_events_in_their_order_and_the_digests_of_their_text(reader: Reader, put: Put) -> None:
    put(CaseEventRow, event("c-1", 2), event("c-1", 1), event("c-2", 1), event("c-3", 1))
    assert [row.seq for row in reader.case_events("c-1")] == [1, 2]
    digests = reader.fact_digests({"c-1", "c-2"})
    assert set(digests) == {("c-1", 1), ("c-1", 2), ("c-2", 1)}
    assert digests["c-1", 2] == sha256('{"n":"c-1/2 é"}'.encode()).digest()
    assert list(reader.fact_keys(batch=3)) == [[("c-1", 1), ("c-1", 2), ("c-2", 1)], [("c-3", 1)]]


def test_openings_documents_counters_and_pin_challenges(reader: Reader, put: Put) -> None:
    put(OpeningRow, {"digest": "d", "case_id": "c-1"})
    assert (reader.opening("d"), reader.opening("e")) == ("c-1", None)
    row = {"case_id": "c-1", "kind": "plan", "media_type": "application/pdf"}
    put(
        DocumentRow,
        {**row, "sha256": "aa", "body": b"second", "made_at": minutes(2)},
        {**row, "sha256": "bb", "body": b"first", "made_at": minutes(1)},
    )
    assert [each.body for each in reader.documents("c-1")] == [b"first", b"second"]
    found = reader.document("c-1", "aa")
    assert found is not None
    assert found.body == b"second"
    assert reader.document("c-2", "aa") is None
    put(CounterRow, {"name": "krk/2026", "value": 12})
    assert (reader.counter("krk/2026"), reader.counter("pbg/2026")) == (12, None)
    challenge = {"id": "p-1", "person": "siti", "phone": "081200000001", "case_id": "c-1", "step": "decide"}
    put(PinChallengeRow, {**challenge, "digest": "00", "expires_at": minutes(5), "wrong": 0})
    pin = reader.pin_challenge("p-1")
    assert pin is not None
    assert (pin.expires_at, pin.used_at) == (minutes(5), None)
    assert reader.pin_challenge("p-2") is None


def test_deadlines_that_have_come_oldest_first(reader: Reader, put: Put) -> None:
    put(
        DeadlineRow,
        {"case_id": "c-1", "kind": "reply", "due_at": minutes(2)},
        {"case_id": "c-2", "kind": "reply", "due_at": minutes(1)},
        {"case_id": "c-1", "kind": "standard", "due_at": minutes(3)},
    )
    assert [(row.case_id, row.kind) for row in reader.due_deadlines(minutes(2))] == [("c-2", "reply"), ("c-1", "reply")]
    assert [row.case_id for row in reader.due_deadlines(minutes(9), limit=1)] == ["c-2"]
    assert reader.due_deadlines(minutes(0.9)) == []
    assert [row.kind for row in reader.deadlines("c-1")] == ["reply", "standard"]


# --- exchanges -----------------------------------------------------------------------------------------------------


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


# --- deliveries ----------------------------------------------------------------------------------------------------


def due(reader: Reader, at: float = 0) -> list[str]:
    return [row.id for row in reader.due_deliveries(minutes(at))]


def test_of_each_queue_only_the_first_may_go_and_the_oldest_due_goes_first(reader: Reader, put: Put) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, "queued", due=-1),
        delivery("a-2", "a", 2, "queued", due=-9),
        delivery("b-1", "b", 1, "not-sent", due=-5),
        delivery("c-1", "c", 1, "queued", due=1),
    )
    assert due(reader) == ["b-1", "a-1"]
    assert due(reader, 1) == ["b-1", "a-1", "c-1"]
    assert [row.id for row in reader.due_deliveries(minutes(1), limit=2)] == ["b-1", "a-1"]


@pytest.mark.parametrize(
    ("earlier", "goes"),
    [
        ("answered", True),
        ("cancelled", True),
        ("awaiting", True),
        ("queued", False),
        ("not-sent", False),
        ("sending", False),
        ("unknown", False),
        ("dead", False),
    ],
)
def test_a_delivery_waits_for_the_earlier_ones_of_its_own_queue_alone(
    reader: Reader, put: Put, earlier: str, *, goes: bool
) -> None:
    put(
        DeliveryRow,
        delivery("a-1", "a", 1, earlier, due=60),
        delivery("a-2", "a", 2, "queued"),
        delivery("b-9", "b", 9, "queued"),
    )
    assert due(reader) == (["a-2", "b-9"] if goes else ["b-9"])


@pytest.mark.parametrize(
    ("state", "goes"),
    [
        ("queued", True),
        ("not-sent", True),
        ("unknown", True),
        ("sending", False),
        ("awaiting", False),
        ("answered", False),
        ("dead", False),
        ("cancelled", False),
    ],
)
def test_only_what_may_be_sent_is_due(reader: Reader, put: Put, state: str, *, goes: bool) -> None:
    put(DeliveryRow, delivery("a-1", "a", 1, state))
    assert due(reader) == (["a-1"] if goes else [])


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


# --- ledger --------------------------------------------------------------------------------------------------------


def leaf(number: int, index: int | None, exchange: str | None = None) -> dict[str, Any]:
    row = {"id": f"l-{number}", "exchange": exchange, "case_id": "c-1" if exchange else None}
    return {**row, "canonical": b"{}", "hash": bytes([number]) * 32, "tree_index": index}


def test_leaves_that_wait_and_leaves_in_place(reader: Reader, put: Put) -> None:
    put(LeafRow, leaf(1, 1, "x-1"), leaf(2, 0, "x-2"), leaf(3, None), leaf(4, None, "x-1"))
    assert [row.id for row in reader.pending_leaves()] == ["l-3", "l-4"]
    assert [row.id for row in reader.pending_leaves(limit=1)] == ["l-3"]
    assert [row.id for row in reader.pending_leaves(after=reader.pending_leaves()[0].serial or 0)] == ["l-4"]
    assert reader.pending_count() == 2
    assert [row.id for row in reader.leaves(0, 10)] == ["l-2", "l-1"]
    assert [row.id for row in reader.leaves(1, 10)] == ["l-1"]
    assert reader.leaf_hashes(0) == [bytes([2]) * 32, bytes([1]) * 32]
    assert [row.id for row in reader.leaves_of_exchange("x-1")] == ["l-1", "l-4"]
    assert [row.id for row in reader.leaves_of_exchanges({"x-1", "x-2"})] == ["l-1", "l-2", "l-4"]
    assert [row.id for row in reader.leaves_of_case("c-1")] == ["l-1", "l-2", "l-4"]
    found = reader.leaf("l-3")
    assert found is not None
    assert found.tree_index is None
    assert reader.leaf("l-9") is None


def test_the_tree_its_checkpoints_and_how_far_they_reach(reader: Reader, put: Put) -> None:
    assert (reader.tree_size(), reader.last_checkpoint(), reader.tile(0, 0), reader.tile_count()) == (0, None, None, 0)
    extent = reader.extent()
    assert (extent.head, extent.checkpoint, extent.placed) == (0, 0, 0)
    put(TreeHeadRow, {"id": 1, "size": 9})
    put(TileRow, {"level": 0, "number": 0, "hashes": bytes(64)})
    put(CheckpointRow, *({"size": size, "previous": 0, "note": f"n{size}", "at": NOW} for size in (8, 2, 5)))
    put(LeafRow, leaf(1, 6))
    extent = reader.extent()
    assert (extent.head, extent.checkpoint, extent.placed) == (9, 8, 7)
    assert (reader.tree_size(), reader.tile(0, 0), reader.tile_count()) == (9, bytes(64), 1)
    last = reader.last_checkpoint()
    assert last is not None
    assert (last.size, last.note) == (8, "n8")
    assert reader.checkpoint(5) is not None
    assert reader.checkpoint(6) is None
    assert [row.size for row in reader.checkpoints()] == [2, 5, 8]
    assert [row.size for row in reader.checkpoints(above=2, up_to=5)] == [5]
    assert [row.size for row in reader.checkpoints(limit=1)] == [2]


def test_wrapped_keys_by_scope(reader: Reader, put: Put) -> None:
    put(DataKeyRow, {"scope": "case/c-1", "wrapped": b"w"})
    assert (reader.data_key("case/c-1"), reader.data_key("case/c-2")) == (b"w", None)


# --- when the store cannot be read ---------------------------------------------------------------------------------


def test_a_store_that_does_not_answer_is_busy(engine: Engine, reader: Reader) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE agency")
        connection.exec_driver_sql("DROP TABLE counter")
        connection.exec_driver_sql("DROP TABLE exchange_part")
    asked: list[Callable[[], object]] = [
        reader.agencies,
        lambda: reader.counter("a"),
        lambda: reader.part_digests({"x-1"}),
    ]
    for ask in asked:
        with pytest.raises(HubBusy, match="cannot be read") as caught:
            ask()
        assert caught.value.after_s is not None
