"""`simojo retention`: what goes and what is held, at the command line."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.store.engine import open_engine
from gateway.store.plan import Insert, Plan
from gateway.store.tables import ExchangeRow, PartRow
from gateway.store.unit_of_work import GroupCommit
from tests.cli.conftest import Simojo
from tests.office.house import NOW

LATER = NOW + timedelta(days=365 * 11)


def test_an_exchange_is_held_then_goes_and_what_was_done_is_told(
    home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cli.retention.now", lambda: LATER)
    row = {"id": "x-1", "direction": "in", "agency": "dpupr", "interaction": "permit-validity", "verdict": "accepted"}
    engine = open_engine(os.environ["SIMOJO_DATABASE_URL"])
    writer = GroupCommit(engine)
    said = Insert(ExchangeRow, {**row, "agreement": "dpupr-2026/1.0", "at": NOW})
    writer.commit(Plan.of(said, Insert(PartRow, {"exchange": "x-1", "name": "request", "body": b"{}"})))
    writer.close()
    engine.dispose()
    assert "no run yet" in simojo("retention", "status").out
    why = ("--reason", "sengketa 12/G/2036", "--by", "rina")
    for reason in ("x", "         x         ", "x" * 501):
        assert "[reason-missing]" in simojo("retention", "hold", "x-1", "--reason", reason, "--by", "rina").sentence
    unknown = simojo("retention", "hold", "x-1", *why[:3], "nobody").sentence
    assert ("[staff-unknown]" in unknown, "simojo staff list" in unknown) == (True, True)
    assert simojo("retention", "hold", "x-1", *why[:2]).code == 2  # nobody stands for it
    assert "[subject-unknown]" in simojo("retention", "hold", "x-2", *why).sentence
    assert "[day-not-come]" in simojo("retention", "run", "--at", f"{LATER + timedelta(days=2):%Y-%m-%d}").sentence
    assert "exchange/x-1 is held" in simojo("retention", "hold", "x-1", *why).out
    counted = json.loads(simojo("retention", "run", "--dry-run", "--json").out)
    assert (counted["exchanges"]["held"], counted["exchanges"]["goes"]) == (1, 0)
    assert "by staff/rina" in simojo("retention", "status").out
    assert "[staff-unknown]" in simojo("retention", "release", "x-1", "--by", "nobody").sentence
    assert simojo("retention", "release", "x-1", "--by", "agus").code == 0
    assert "1 exchanges would be removed" in simojo("retention", "run", "--dry-run").out
    early = simojo("retention", "run", "--at", f"{NOW + timedelta(days=365):%Y-%m-%d}")
    assert "0 exchanges removed" in early.out
    assert "1 exchanges removed" in simojo("retention", "run").out
    assert "1 removed" in simojo("retention", "status").out
    runs = json.loads(simojo("retention", "status", "--json").out)["runs"]
    assert [run["removed"] for run in runs] == [1, 0]
