"""What stands beside the ledger is verified with it: cases, documents, agreements, and every column of a fact."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.casework.history import case_body, event_body, fact_record
from gateway.casework.names import fact_part
from gateway.contract.agreement import Agreement, agreement_hash, canonical_bytes
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.domain.case import PermitCase
from gateway.domain.catalogue import SAMPLE
from gateway.domain.errors import HubBusy, LedgerBroken
from gateway.ledger.leaf import LeafKind
from gateway.operations.ledger_cases import check_cases, check_documents, check_named
from gateway.store.plan import Change, Claim, Insert, Plan, Update
from gateway.store.sealing import BODY, CASES, DOCUMENTS, FACTS
from gateway.store.tables import AgreementRow, CaseEventRow, CaseRow, DocumentRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.exchange.stage import application
from tests.operations.ledgers import Office

PDF = b"%PDF-1.7 contoh"
DIGEST = hashlib.sha256(PDF).hexdigest()


@dataclass
class CaseOffice(Office):
    """The same office with facts that can be replayed: step 1 registers the case, each later one calls a person."""

    cases: dict[str, PermitCase] = field(default_factory=dict)

    def step(self, case_id: str, seq: int) -> None:
        before = self.cases.get(case_id)
        event: e.CaseEvent = application()
        if before is None:
            assert isinstance(event, e.ApplicationRegistered)
            case = PermitCase.open(case_id, event, self.now, SAMPLE.find(event.service, local_date(self.now)))
        else:
            event = e.AttentionRaised(source="routes", text=f"Langkah {seq}")
            case = before.apply(event, self.now)
        self.cases[case_id] = case
        kind, body = event_body(event)
        seal = self.vault.case_seal(case_id)
        sealed = seal.text(FACTS, str(seq), body)
        fact = {"kind": kind, "body": sealed, "actor": "staff/siti", "exchange": None}
        record = fact_record(
            kind=kind, body=body, occurred_at=self.now, entered_at=self.now, actor="staff/siti", exchange=None
        )
        now: dict[str, object] = {
            "version": seq,
            "stage": case.stage.value,
            "ended": case.ended,
            "body": seal.text(CASES, BODY, case_body(case)),
        }
        now |= {"changed_at": self.now, "next_order": 0}
        first = {"id": case_id, "service": case.service, "origin": case.origin.value, "opened_at": self.now}
        row: Change = Claim(CaseRow, ("id",), first | now)
        if before is not None:
            row = Update(CaseRow, {"id": case_id}, {"version": before.version}, now)
        key = self.vault.case_key(case_id)
        made = self.leaves.make(
            LeafKind.CASE_STEP,
            at=self.now,
            actor="staff/siti",
            exchange=case_id,
            case_id=case_id,
            key=key.key,
            parts={fact_part(seq): record},
        )
        values = {"case_id": case_id, "seq": seq, "occurred_at": self.now, "entered_at": self.now}
        self.commit(key.plan + Plan.of(row, Insert(CaseEventRow, values | fact), made.row))

    def document(self, case_id: str) -> None:
        """Keep a document."""
        values = {"case_id": case_id, "sha256": DIGEST, "kind": "skrd", "media_type": "application/pdf"}
        sealed = self.vault.case_seal(case_id).blob(DOCUMENTS, DIGEST, PDF)
        self.commit(Plan.of(Insert(DocumentRow, values | {"body": sealed, "made_at": self.now})))

    def agree(self, agreement: Agreement) -> None:
        """Keep an agreement."""
        values = {"id": agreement.id, "version": agreement.version, "agency": agreement.agency, "state": "draft"}
        values |= {"hash": agreement_hash(agreement), "body": canonical_bytes(agreement).decode()}
        self.commit(Plan.of(Insert(AgreementRow, values)))


@pytest.fixture
def whole(engine: Engine) -> Iterator[CaseOffice]:
    office = CaseOffice(engine)
    office.fill()
    office.document("case-1")
    office.agree(next(read_agreement(said) for said in packaged_agreements().values()))
    office.verify()
    yield office
    office.writer.close()


@pytest.mark.parametrize(
    ("statement", "code", "named"),
    [
        ("UPDATE permit_case SET stage = 'issued' WHERE id = 'case-1'", "part-differs", "case 'case-1'"),
        ("UPDATE permit_case SET version = 7 WHERE id = 'case-1'", "part-differs", "case 'case-1'"),
        ("UPDATE permit_case SET version = 1 WHERE id = 'case-1'", "part-differs", "case 'case-1'"),
        (
            "UPDATE permit_case SET body = substr(body, 1, 60) WHERE id = 'case-2'",
            "part-differs",
            "permit_case body of case-2",
        ),
        ("UPDATE permit_case SET body = '{' WHERE id = 'case-2'", "part-differs", "case 'case-2'"),
        ("DELETE FROM permit_case WHERE id = 'case-2'", "part-missing", "case 'case-2'"),
        ("UPDATE agreement SET body = replace(body, 'Pasal', 'Pasar')", "part-differs", "agreement "),
        ("UPDATE agreement SET body = '{'", "part-differs", "agreement "),
        ("UPDATE agreement SET hash = 'x'", "part-differs", "agreement "),
        ("UPDATE case_event SET actor = 'staff/x' WHERE case_id = 'case-2'", "part-differs", "'case-2'"),
        ("UPDATE case_event SET exchange = 'ex-1' WHERE case_id = 'case-2'", "part-differs", "'case-2'"),
        ("UPDATE case_event SET kind = 'Other' WHERE case_id = 'case-2'", "part-differs", "'case-2'"),
        (
            "UPDATE case_event SET occurred_at = '2026-01-01 00:00:00.000000' WHERE case_id = 'case-2'",
            "part-differs",
            "'case-2'",
        ),
        (
            "UPDATE case_event SET entered_at = '2026-01-01 00:00:00.000000' WHERE case_id = 'case-2'",
            "part-differs",
            "'case-2'",
        ),
    ],
)
def test_each_damage_beside_the_ledger_is_named(whole: CaseOffice, statement: str, code: str, named: str) -> None:
    whole.damage(statement)
    assert_named(whole, code, named)


def assert_named(whole: CaseOffice, code: str, named: str) -> None:
    with pytest.raises(LedgerBroken) as caught:
        whole.verify()
    assert caught.value.code == code
    assert named in caught.value.text


def test_a_document_of_other_bytes_is_named(whole: CaseOffice) -> None:
    whole.damage("UPDATE document SET body = :other", other=b"\x00")
    assert_named(whole, "part-differs", "document of case 'case-1'")


def test_a_fact_of_bytes_is_named(whole: CaseOffice) -> None:
    """SQLite keeps them as they are, PostgreSQL writes them down as text."""
    bytes_ = "x'ff7b'" if whole.engine.dialect.name == "sqlite" else r"CAST('\xff7b' AS bytea)"
    whole.damage(f"UPDATE case_event SET body = {bytes_} WHERE case_id = 'case-2'")  # noqa: S608 - written above
    assert_named(whole, "part-differs", "'case-2'")


@pytest.mark.parametrize(
    ("column", "in_sqlite", "in_postgres", "named"),
    [
        ("occurred_at", "'x'", "'x'", "table case_event"),
        ("body", "cast(x'ff7b' as text)", r"convert_from('\xff7b', 'UTF8')", "table case_event"),
    ],
)
def test_what_a_column_has_no_form_for_is_named_where_a_store_takes_it(
    whole: CaseOffice, column: str, in_sqlite: str, in_postgres: str, named: str
) -> None:
    """SQLite keeps any bytes in any column; PostgreSQL refuses these."""
    if whole.engine.dialect.name == "sqlite":
        whole.damage(f"UPDATE case_event SET {column} = {in_sqlite} WHERE case_id = 'case-2'")  # noqa: S608 - written above
        assert_named(whole, "part-differs", named)
    else:
        with pytest.raises(DBAPIError):
            whole.damage(f"UPDATE case_event SET {column} = {in_postgres} WHERE case_id = 'case-2'")  # noqa: S608 - the same


def test_a_store_that_does_not_answer_is_no_damage(whole: CaseOffice) -> None:
    with whole.engine.connect() as connection:
        connection.exec_driver_sql("DROP TABLE document")
    with pytest.raises(HubBusy):
        whole.verify()


def test_a_document_that_a_fact_names_must_be_there(whole: CaseOffice) -> None:
    kind, body = event_body(e.DocumentPrepared(sha256=DIGEST))
    assert whole.reader.document("case-1", DIGEST) is not None
    check_documents(whole.reader)
    check_cases(whole.reader, SAMPLE)
    whole.damage("DELETE FROM document")
    check_cases(whole.reader, SAMPLE)
    row = whole.reader.case_events("case-1")[0]
    named = CaseEventRow(**row.model_dump() | {"kind": kind, "body": body, "seq": 3})
    with pytest.raises(LedgerBroken, match=DIGEST):
        check_named(whole.reader, "case-1", [named])
    whole.document("case-1")
    check_named(whole.reader, "case-1", [named])


def test_a_fact_is_committed_to_as_the_same_instant_in_any_zone() -> None:
    at = datetime(2026, 1, 5, 3, 4, 5, 6, tzinfo=UTC)
    there = at.astimezone(timezone(timedelta(hours=7)))
    one, other = (
        fact_record(kind="K", body="{}", occurred_at=each, entered_at=each, actor="a", exchange=None)
        for each in (at, there)
    )
    assert one == other
    assert b"2026-01-05T03:04:05.000006+00:00" in one
