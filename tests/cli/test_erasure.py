"""`simojo erasure`: proposed by one, approved by another; and `simojo ledger verify` finds an erasure and no damage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.store.plan import Update
from gateway.store.tables import DeliveryRow
from tests.cli.conftest import Simojo, opened_at
from tests.office.house import AGUS

WHY = "Permintaan tertulis nomor 17/2026"


@pytest.fixture
def case(home: Path) -> str:
    """A case that was rejected, and of which nothing is to be sent."""
    house = opened_at(home)
    case_id = house.recommended().id
    house.gateway.deeds.reject(case_id, house.officer(AGUS), ["Tidak sesuai tata ruang"])
    for row in house.gateway.store.reader.deliveries(case_id=case_id):
        house.commit(Update(DeliveryRow, {"id": row.id}, {}, {"state": "answered"}))
    while house.gateway.integrator.run_once():
        pass
    house.gateway.stop()
    return case_id


def test_two_members_of_staff_erase_a_person_from_the_command_line(case: str, home: Path, simojo: Simojo) -> None:
    house = opened_at(home)
    nik = str(house.gateway.casework.case_at(case, 1).applicant.nik)
    house.gateway.stop()
    assert simojo("erasure", "list").out == "no erasure was ever proposed\n"
    proposed = simojo("erasure", "propose", "--nik", "-", "--reason", WHY, "--by", "rina", "--json", stdin=f"{nik}\n")
    said = json.loads(proposed.out)
    assert (said["state"], said["cases"], nik in proposed.out) == ("proposed", 1, False)
    assert "menyetujuinya" in simojo("erasure", "approve", said["id"], "--by", "rina").sentence
    assert f"case {case}" in simojo("erasure", "show", said["id"]).out
    assert "done, 1 cases" in simojo("erasure", "approve", said["id"], "--by", "agus").out
    assert json.loads(simojo("erasure", "show", said["id"], "--json").out)["of"][0]["erased"]["leaf"]
    assert said["id"] in simojo("erasure", "list").out
    verified = simojo("ledger", "verify")
    assert (verified.code, "are erased, as the ledger says: no damage" in verified.out) == (0, True)
    assert (home / "keys" / "erasures.jsonl").read_text().count("\n") == 1


def test_a_large_file_is_swept_at_a_quiet_hour(case: str, simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    said = json.loads(simojo("erasure", "propose", "--case", case, "--reason", WHY, "--by", "rina", "--json").out)
    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.carrying.compact", lambda _engine: False)
        assert "simojo erasure compact" in simojo("erasure", "approve", said["id"], "--by", "agus").out
    with monkeypatch.context() as patched:
        patched.setattr("gateway.operations.erasing.carrying.LARGE", -1)
        assert "1 erasures are done now; 0 still wait" in simojo("erasure", "compact").out


def test_a_journal_that_cannot_be_read_stops_everything_until_its_loss_is_accepted(home: Path, simojo: Simojo) -> None:
    opened_at(home).gateway.stop()
    assert simojo("erasure", "journal").code == 0
    (home / "keys" / "erasures.jsonl").write_text("{damaged\n")
    assert "[erasure-journal-damaged]" in simojo("erasure", "list").sentence
    shown = simojo("erasure", "journal")
    assert (shown.code, "line 1, 8 bytes: b'{damaged'" in shown.out) == (1, True)
    assert simojo("erasure", "journal", "--accept-loss").code == 2
    accepted = simojo("erasure", "journal", "--accept-loss", "--by", "agus", "--json")
    assert (accepted.code, json.loads(accepted.out)["unreadable"]) == (0, [])
    assert simojo("erasure", "list").code == 0


def test_a_proposal_is_refused_or_taken_back(case: str, simojo: Simojo) -> None:
    said = json.loads(simojo("erasure", "propose", "--case", case, "--reason", WHY, "--by", "rina", "--json").out)
    refused = simojo("erasure", "refuse", said["id"], "--by", "rina", "--reason", "Salah orang, keliru nomor")
    assert "refused" in refused.out
    assert "erasure-state" in simojo("erasure", "approve", said["id"], "--by", "agus").err
