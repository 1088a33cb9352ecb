"""OSS goes over from agreement 1.1 to 1.2: what 1.1 could not read is read, and each end of a case has its status."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conformance.peers.oss_nib import Submission, data_nib
from gateway.domain import events as e
from gateway.domain.calendar import local_date
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.databases import Furnished
from tests.exchange import voices
from tests.exchange.conftest import hub_folder
from tests.exchange.stage import RINA, Stage
from tests.exchange.tables import oss, oss_nib
from tests.exchange.town import Door, Street, raw

BEFORE = datetime(2026, 11, 30, 3, 0, tzinfo=UTC)
AFTER = BEFORE + timedelta(days=1)


ORDERED = Submission(
    id_izin="I-202611-000001",
    kd_izin="057600000001",
    passports=("X0000017",),
    name="John Contoh",
    phone="081200000017",
    company="PT Contoh Asing",
    npwp="000000000999000",
    nib=oss_nib.NIB,
    loose=True,
    elsewhere=True,
)
"""What the simulated OSS sends on order: all at once that 1.1 of the schema lets in."""


@pytest.fixture
def stage(template: Furnished, door: Door, street: Street) -> Iterator[Stage]:
    """The day before the cut-over; OSS takes whatever it is told."""
    with hub_folder(template) as (folder, url):
        opened = Stage(folder, door, street, url)
        registry = opened.hub.store.registry
        for version in ("1.1", "1.2"):
            agreement = read_agreement(packaged_agreements()[f"oss-2026-{version}"])
            registry.import_agreement(agreement, opened.adapters["oss"], "staff/siti")
            registry.activate_for_development(agreement.id, version, "staff/siti")
        opened.town.always["oss"] = oss.answers
        opened.clock.at = BEFORE
        yield opened
        opened.close()


def told(stage: Stage) -> list[dict[str, Any]]:
    """What is waiting for OSS, sent; in the order in which it came."""
    begun = len(stage.town.calls["oss"])
    stage.deliver("oss")
    return [call.json["IZINSTATUS"] for call in stage.town.calls["oss"][begun:]]


def examined(stage: Stage, kd_izin: str) -> str:
    """A case that OSS lodged, with its tanda terima."""
    case_id = oss_nib.lodged(stage, kd_izin)
    stage.hub.deeds.complete(case_id, RINA)
    return case_id


def test_what_was_refused_under_the_agreement_before_is_taken_when_it_comes_again(stage: Stage) -> None:
    said = data_nib(ORDERED)
    refused = voices.send_nib(stage, said)
    assert (refused.status, refused.json["responreceiveNIB"]["status"]) == (400, "2")
    stage.clock.at = AFTER
    taken = voices.send_nib(stage, said)
    keterangan = taken.json["responreceiveNIB"]["keterangan"]
    assert (taken.status, keterangan) == (200, "Data diterima: 1 izin diproses")
    stage.clock.advance(hours=1)
    assert voices.send_nib(stage, said).body == taken.body


def test_each_end_of_a_case_is_told_once_and_in_its_order(stage: Stage) -> None:
    stage.clock.at = AFTER
    case_id = examined(stage, "057600000002")
    stage.clock.advance(days=60)
    stage.hub.deeds.record(case_id, "timer", e.ApprovedByFiction(due_on=local_date(stage.clock()) - timedelta(days=1)))
    stage.hub.deeds.record(case_id, "staff/rina", e.ApplicationWithdrawn(by="pemohon", reason="pindah lokasi"))
    assert [(each["kd_status"], each["keterangan"].partition(":")[0]) for each in told(stage)] == [
        ("10", "Dokumen permohonan lengkap"),
        ("57", "Dianggap disetujui karena lewat waktu (fiktif positif)"),
        ("90", "Permohonan ditarik kembali oleh pemohon"),
    ]
    stage.clock.advance(days=1)
    assert told(stage) == []


def test_a_number_that_oss_withdraws_is_not_told_back_to_it(stage: Stage) -> None:
    stage.clock.at = AFTER
    case_id = examined(stage, "057600000001")
    told(stage)
    data = {"nib": oss_nib.NIB, "oss_id": "Q-1", "tipe_dokumen": 3, "nama_perseroan": None}
    assert voices.send_nib(stage, {"dataNIB": data}).status == 200
    assert stage.case(case_id).ended
    assert told(stage) == []


def test_what_may_have_arrived_is_repeated_in_the_code_of_the_agreement_that_it_was_said_under(stage: Stage) -> None:
    stage.clock.at = BEFORE - timedelta(days=20)
    sent, waits = (examined(stage, "057600000002") for _ in range(2))
    told(stage)
    stage.clock.at = BEFORE
    for case_id in (sent, waits):
        stage.hub.deeds.record(case_id, "timer", e.ApprovedByFiction(due_on=local_date(BEFORE) - timedelta(days=1)))
    stage.town.next("oss", raw(b"oops", 500))
    stage.hub.outbound.deliver(stage.delivery(sent, "oss").id)
    stage.clock.at = AFTER
    codes = {each["id_izin"]: each["kd_status"] for each in told(stage)}
    assert codes == {stage.case(sent).reference("id-izin"): "50", stage.case(waits).reference("id-izin"): "57"}
