"""Reading about parties and cases. Rows come back whole and detached."""

from __future__ import annotations

from typing import Any

from gateway.store.reading import Reader
from gateway.store.tables import (
    AgencyRow,
    AgreementRow,
    CaseEventRow,
    CaseReferenceRow,
    CaseRow,
    CertificateRow,
    CounterRow,
    CredentialRow,
    DeadlineRow,
    DocumentRow,
    EndpointRow,
    OpeningRow,
    PinChallengeRow,
    StaffRow,
    TokenRow,
)
from tests.store.rows import NOW, Put, case, minutes


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
    assert reader.credential("oss", "user_key") == b"3"
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


def test_events_in_their_order_of_one_case_and_of_several(reader: Reader, put: Put) -> None:
    put(CaseEventRow, event("c-1", 2), event("c-1", 1), event("c-2", 1), event("c-3", 1))
    assert [row.seq for row in reader.case_events("c-1")] == [1, 2]
    assert [(row.case_id, row.seq) for row in reader.facts_of({"c-1", "c-2"})] == [("c-1", 1), ("c-1", 2), ("c-2", 1)]
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
