"""`simojo witness`: two people bring a witness in; its standing is told, and exit 1 when it is missed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from conformance.notes import WitnessKey
from tests.cli.conftest import Simojo
from tests.office.house import NOW

KEY = WitnessKey("saksi.dpupr.example", bytes(range(32)))


def test_a_witness_from_its_proposal_to_its_end(home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.witness.now", lambda: NOW)
    assert "no witness" in simojo("witness", "list").out
    add = ("witness", "add", KEY.verifier, "--by", "rina", "--agency", "dpupr", "--interval", "600")
    assert f"witness {KEY.name} is proposed by rina" in simojo(*add).out
    assert "another member of staff does" in simojo("witness", "approve", KEY.name, "--by", "rina").sentence
    assert simojo("witness", "approve", KEY.name, "--by", "agus").code == 0
    listed = simojo("witness", "list").out
    assert KEY.verifier in listed
    assert "comes by itself" in listed
    assert simojo("witness", "status").code == 0
    monkeypatch.setattr("gateway.cli.witness.now", lambda: NOW + timedelta(seconds=601))
    silent = simojo("witness", "status")
    assert silent.code == 1
    assert "co-signed nothing since 2026-11-24 10:00 WIB, 600 s are agreed" in silent.out
    assert simojo("witness", "remove", KEY.name, "--by", "rina").code == 0
    assert simojo("witness", "status").code == 0
    assert "simojo.mojokertokota.example/ledger+" in simojo("ledger", "key").out
