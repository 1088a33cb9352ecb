"""What dialects do over several exchanges: a quota spent all day, an order that staff mended, a permit told to OSS.

What becomes of one answer or one message is a row of `tests.exchange.tables`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import quote

import pytest

from gateway.contract.adapter import AskPerson, Retry
from gateway.domain import events as e
from gateway.domain.identifiers import NIB
from gateway.operations.health import unserved_warnings
from gateway.store.plan import Plan, Update
from gateway.store.tables import AgreementRow
from tests.databases import Furnished
from tests.exchange.conftest import hub_folder
from tests.exchange.signatures import laid_out, released, send
from tests.exchange.stage import RINA, Stage, application
from tests.exchange.tables import oss_nib
from tests.exchange.tables.dukcapil import of_resident
from tests.exchange.tables.oss import of_status
from tests.exchange.tables.ready import make_ready
from tests.exchange.town import Door, Street, says


@pytest.fixture(scope="module")
def stage(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    """One for all of this module: its tests have a case each."""
    with hub_folder(template) as (folder, url):
        opened = Stage(folder, door, street, url)
        make_ready(opened)
        yield opened
        opened.close()


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


def test_a_quota_that_stays_spent_beyond_a_hari_kerja_is_told_once_on_the_case_and_by_health(stage: Stage) -> None:
    delivery, reader, told = of_resident(stage), stage.hub.store.reader, []
    for _ in range(20):  # a weekend may lie between
        stage.town.next("dukcapil", says({"content": [{"RESPON": "Kuota Akses Hari ini telah Habis"}]}))
        assert stage.hub.outbound.deliver(delivery.id)
        told.append((len(stage.case(delivery.case_id).attention), len(unserved_warnings(reader, stage.clock()))))
        stage.clock.advance(hours=8)
    assert told[0] == (0, 0)
    assert told[-1] == (1, 1)
    (text,) = stage.case(delivery.case_id).attention
    assert "lebih dari satu hari kerja" in text
    assert "Kuota Akses Hari ini telah Habis" in text
    (warning,) = unserved_warnings(reader, stage.clock())
    assert "1 deliveries of dukcapil/verify-resident" in warning
    assert stage.hub.outbound.deliver(delivery.id)
    assert unserved_warnings(reader, stage.clock()) == ()


def test_a_quota_that_stays_spent_for_more_than_a_week_uses_up_attempts_so_that_a_person_looks(stage: Stage) -> None:
    delivery = of_resident(stage)
    attempts = []
    for _ in range(10):
        stage.town.next("dukcapil", says({"content": [{"RESPON": "Kuota Akses Hari ini telah Habis"}]}))
        assert stage.hub.outbound.deliver(delivery.id)
        row = stage.hub.store.reader.delivery(delivery.id)
        assert row is not None
        attempts.append(row.attempts)
        stage.clock.advance(days=1)
    assert attempts == [0] * 8 + [1, 2]


@pytest.mark.parametrize(
    ("heard", "state", "attempts"),
    [(Retry(text="kuota", counts=False), "not-sent", 0), (AskPerson(text="sandi", again=True), "dead", 1)],
    ids=["not looked at", "to be mended"],
)
def test_after_an_answer_that_says_nothing_of_what_was_asked_the_interaction_is_left_alone_for_a_while(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, heard: Retry | AskPerson, state: str, attempts: int
) -> None:
    first, second = of_resident(stage), of_resident(stage)
    monkeypatch.setattr("gateway.exchange.calling.to_case_of", lambda _: lambda *_: heard)
    assert stage.hub.outbound.deliver(first.id)
    row = stage.hub.store.reader.delivery(first.id)
    assert row is not None
    assert (row.state, row.attempts) == (state, attempts)
    stage.clock.advance(minutes=14)
    assert not stage.hub.outbound.deliver(second.id)
    stage.clock.advance(minutes=1)
    assert stage.hub.outbound.deliver(second.id)


def test_what_staff_have_mended_is_sent_again_and_what_waits_behind_it_follows_in_its_order(stage: Stage) -> None:
    delivery = of_status(stage)
    stage.town.next("oss", says({"responreceiveLicenseStatus": {"kode": 401, "keterangan": "User tidak valid"}}))
    stage.hub.outbound.deliver(delivery.id)
    stage.hub.deeds.record(delivery.case_id, "staff/rina", e.ApplicationCorrected())
    stage.hub.deeds.complete(delivery.case_id, RINA)
    behind = stage.delivery(delivery.case_id, "oss")
    assert not stage.hub.outbound.deliver(behind.id)
    stage.letters.redrive(delivery.id, "staff/agus")
    stage.clock.advance(minutes=15)
    calls = len(stage.town.calls["oss"])
    assert stage.hub.outbound.deliver(delivery.id)
    assert stage.hub.outbound.deliver(behind.id)
    told = [call.json["IZINSTATUS"]["kd_status"] for call in stage.town.calls["oss"][calls:]]
    assert told == ["11", "10"]


def test_oss_gets_the_permit_that_bsre_signed_with_the_official_and_the_address_of_its_check(stage: Stage) -> None:
    case_id = oss_nib.lodged(stage, kd_izin="057600000002")
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
    later = ("1.1", "1.2")
    keys = ({"id": "oss-2026", "version": version} for version in later)
    stage.hub.store.unit_of_work.commit(
        Plan.of(*(Update(AgreementRow, key, {}, {"state": "suspended"}) for key in keys))
    )
    try:
        event = application()
        case = stage.hub.deeds.register(replace(event, applicant=replace(event.applicant, nib=NIB(oss_nib.NIB))), RINA)
    finally:
        for version in later:
            registry.activate_for_development("oss-2026", version, "staff/siti")
    assert [row.agency for row in stage.hub.store.reader.deliveries(case_id=case.id, limit=9)] == ["dukcapil"]
    assert stage.case(case.id).attention == ()
