"""Every fault of a dialect through the real pipelines: what becomes of the delivery and of the case, or of the message.

The tables are in `tests/exchange/dialects/`. One stage for all rows: each has a case of its own, and comes hours after
the one before, when nobody has asked the hub to wait any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from gateway.domain import events as e
from gateway.domain.identifiers import NIB, NPWP
from gateway.store.plan import Plan, Update
from gateway.store.tables import AgreementRow, DeliveryRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.databases import Furnished
from tests.exchange import voices
from tests.exchange.conftest import hub_folder
from tests.exchange.dialects import djp, dukcapil, oss, oss_nib
from tests.exchange.dialects.fault import Heard, Reply
from tests.exchange.signatures import laid_out, released, send
from tests.exchange.stage import RINA, Stage, application
from tests.exchange.town import Door, Street, says

OSS_1_1 = datetime(2026, 7, 2, 3, 0, tzinfo=UTC)
"""Version 1.1 of the agreement with OSS is in force."""

LATER = timedelta(hours=3)
"""Longer than any agency of the tables asks the hub to wait."""


@pytest.fixture(scope="module")
def shared(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    with hub_folder(template) as (folder, url):
        opened = Stage(folder, door, street, url)
        opened.clock.at = OSS_1_1
        later = read_agreement(packaged_agreements()["oss-2026-1.1"])
        opened.hub.store.registry.import_agreement(later, opened.adapters["oss"], "staff/siti")
        opened.hub.store.registry.activate_for_development(later.id, later.version, "staff/siti")
        yield opened
        opened.close()


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.clock.at += LATER
    return shared


def of_resident(stage: Stage) -> DeliveryRow:
    return stage.delivery(stage.register().id, "dukcapil")


def of_taxpayer(stage: Stage) -> DeliveryRow:
    event = application("reklame")
    taxed = replace(event, applicant=replace(event.applicant, npwp=NPWP("000000018999000")))
    return stage.delivery(stage.hub.deeds.register(taxed, RINA).id, "djp")


def of_business(stage: Stage) -> DeliveryRow:
    event = application()
    named = replace(event, applicant=replace(event.applicant, nib=NIB(oss.NIB)))
    return stage.delivery(stage.hub.deeds.register(named, RINA).id, "oss")


def lodged_at_oss(stage: Stage, kd_izin: str = "057600000001") -> str:
    """A case that OSS opened; gives its id."""
    before = {row[0] for row in stage.rows("permit_case")["permit_case"]}
    said = oss_nib.fresh(stage)
    said["dataNIB"]["data_checklist"][0]["kd_izin"] = kd_izin
    assert voices.send_nib(stage, said).status == 200
    (case_id,) = {row[0] for row in stage.rows("permit_case")["permit_case"]} - before
    return str(case_id)


def of_status(stage: Stage) -> DeliveryRow:
    """OSS is told that an application of its own lacks something."""
    case_id = lodged_at_oss(stage)
    stage.hub.deeds.return_(case_id, RINA, ["ktp"])
    return stage.delivery(case_id, "oss")


ASKED: Mapping[str, tuple[str, Callable[[Stage], DeliveryRow], tuple[Reply, ...]]] = {
    "verify-resident": ("dukcapil", of_resident, dukcapil.OUT),
    "verify-tax-status": ("djp", of_taxpayer, djp.OUT),
    "receiveLicenseStatus": ("oss", of_status, oss.OUT),
    "inqueryNIB": ("oss", of_business, oss.NUMBERS),
}
ROWS = [
    pytest.param(agency, ask, fault, id=f"{name}: {fault.name}")
    for name, (agency, ask, faults) in ASKED.items()
    for fault in faults
]


@pytest.mark.parametrize(("agency", "ask", "fault"), ROWS)
def test_what_an_agency_answers_is_retried_taken_refused_or_brought_to_a_person(
    stage: Stage, agency: str, ask: Callable[[Stage], DeliveryRow], fault: Reply
) -> None:
    delivery = ask(stage)
    known = len(stage.hub.store.reader.case_events(delivery.case_id))
    stage.town.next(agency, fault.answer)
    assert stage.hub.outbound.deliver(delivery.id)
    row = stage.hub.store.reader.delivery(delivery.id)
    assert row is not None
    assert (row.state, row.attempts) == (fault.state, fault.attempts)
    if fault.wait is not None:
        least, most = fault.wait
        assert least <= (row.due_at - stage.clock()).total_seconds() <= most
    facts = [each.kind for each in stage.hub.store.reader.case_events(delivery.case_id)[known:]]
    assert facts == [fault.fact] * bool(fault.fact) + ["AttentionRaised"] * bool(fault.attention)
    attention = stage.case(delivery.case_id).attention
    assert len(attention) == bool(fault.attention)
    assert all(fault.attention in text for text in attention)


@pytest.mark.parametrize("fault", oss_nib.IN, ids=lambda fault: fault.name)
def test_what_oss_says_is_taken_or_refused_once(stage: Stage, fault: Heard) -> None:
    def count() -> tuple[int, int]:
        rows = stage.rows("permit_case", "exchange")
        return len(rows["permit_case"]), len(rows["exchange"])

    cases, exchanges = count()
    said = fault.play(stage)
    assert (said.status, said.json["responreceiveNIB"]["status"]) == (fault.status, fault.verdict)
    assert count() == (cases + fault.cases, exchanges + fault.kept)


def test_a_quota_that_stays_spent_all_day_uses_up_no_attempt_and_the_first_answer_counts(stage: Stage) -> None:
    delivery = of_resident(stage)
    for _ in range(12):  # more often than attempts are agreed
        stage.town.next("dukcapil", says({"content": [{"RESPON": "Kuota Akses Hari ini telah Habis"}]}))
        assert stage.hub.outbound.deliver(delivery.id)
        stage.clock.advance(hours=1)
    assert stage.state(delivery) == "not-sent"
    assert stage.hub.outbound.deliver(delivery.id)
    assert stage.state(delivery) == "answered"
    assert stage.case(delivery.case_id).attention == ()


def test_what_staff_have_mended_is_sent_again_and_what_waits_behind_it_follows_in_its_order(stage: Stage) -> None:
    delivery = of_status(stage)
    stage.town.next("oss", says({"responreceiveLicenseStatus": {"kode": 401, "keterangan": "User tidak valid"}}))
    stage.hub.outbound.deliver(delivery.id)
    stage.hub.deeds.record(delivery.case_id, "staff/rina", e.ApplicationCorrected())
    stage.hub.deeds.complete(delivery.case_id, RINA)
    behind = stage.delivery(delivery.case_id, "oss")
    assert not stage.hub.outbound.deliver(behind.id)
    stage.letters.redrive(delivery.id, "staff/agus")
    calls = len(stage.town.calls["oss"])
    assert stage.hub.outbound.deliver(delivery.id)
    assert stage.hub.outbound.deliver(behind.id)
    told = [call.json["IZINSTATUS"]["kd_status"] for call in stage.town.calls["oss"][calls:]]
    assert told == ["11", "10"]


def test_oss_gets_the_permit_that_bsre_signed_with_the_official_and_the_address_of_its_check(stage: Stage) -> None:
    case_id = lodged_at_oss(stage, kd_izin="057600000002")
    case = laid_out(stage, stage.case(case_id))
    released(stage, case)
    send(stage, case)
    assert stage.case(case_id).number_active
    calls = len(stage.town.calls["oss"])
    for row in sorted(stage.hub.store.reader.deliveries(case_id=case_id, limit=99), key=lambda row: row.position):
        if row.agency == "oss":
            assert stage.hub.outbound.deliver(row.id)
    *statuses, final = stage.town.calls["oss"][calls:]
    assert [call.json["IZINSTATUS"]["kd_status"] for call in statuses] == ["10", "20", "45", "49", "50"]
    assert final.path == "/oss/receiveLicense"
    permit = final.json["IZINFINAL"]
    assert permit["nomor_izin"] == case.reserved_number
    assert (permit["nama_ttd"], permit["jabatan_ttd"]) == ("Dewi Contoh", "Kepala Dinas")
    assert permit["file_izin"] == f"{stage.settings.public_url}/periksa/{quote(case.reserved_number or '')}"
    assert stage.case(case_id).attention == ()


def test_what_no_agreement_has_yet_is_not_asked_and_calls_nobody(stage: Stage) -> None:
    registry = stage.hub.store.registry
    change = Update(AgreementRow, {"id": "oss-2026", "version": "1.1"}, {}, {"state": "suspended"})
    stage.hub.store.unit_of_work.commit(Plan.of(change))
    try:
        event = application()
        case = stage.hub.deeds.register(replace(event, applicant=replace(event.applicant, nib=NIB(oss.NIB))), RINA)
    finally:
        registry.activate_for_development("oss-2026", "1.1", "staff/siti")
    assert [row.agency for row in stage.hub.store.reader.deliveries(case_id=case.id, limit=9)] == ["dukcapil"]
    assert stage.case(case.id).attention == ()
