"""`simojo reconcile`: a list that came by mail is compared, and its result written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.domain.errors import Unauthorised
from gateway.edge.admin.reconciliations import settling_of
from tests.cli.conftest import Simojo, opened_at


def test_a_list_from_a_file_is_compared_listed_and_written(home: Path, simojo: Simojo) -> None:
    assert simojo("reconcile", "list").out == "no reconciliation yet\n"
    (home / "daftar.csv").write_text(f"message_id;sha256\nm-1;{'A' * 64}\n")
    days = ("--from", "2026-03-01", "--to", "2026-03-31", "--by", "agus")
    done = simojo("reconcile", "run", "dpupr", "daftar.csv", *days)
    assert done.code == 0, done
    assert "Pasal 22 ayat (5)" in done.out
    head = json.loads(simojo("reconcile", "run", "dpupr", "daftar.csv", *days, "--json").out)
    assert (head["counts"]["missing-here"], head["from"], head["to"]) == (1, "2026-03-01", "2026-03-31")
    assert head["id"] in simojo("reconcile", "list", "--agency", "dpupr").out
    assert json.loads(simojo("reconcile", "list", "--json").out)["reconciliations"][0]["agency"] == "dpupr"
    (line,) = json.loads(simojo("reconcile", "result", head["id"]).out)["lines"]
    assert (line["messageId"], line["sha256"], line["state"]) == ("m-1", "a" * 64, "missing-here")
    assert "missing-here" in simojo("reconcile", "result", head["id"], "--csv").out


def test_what_cannot_be_compared_is_a_sentence(home: Path, simojo: Simojo) -> None:
    (home / "daftar.csv").write_text("id\n")
    days = ("--from", "2026-03-01", "--to", "2026-03-31", "--by", "agus")
    assert "[list-unreadable]" in simojo("reconcile", "run", "dpupr", "daftar.csv", *days).sentence
    assert "[list-unreadable]" in simojo("reconcile", "run", "dpupr", "none.csv", *days).sentence
    wrong = ("--from", "1 Maret", "--to", "2026-03-31", "--by", "agus")
    assert "[period-wrong]" in simojo("reconcile", "run", "dpupr", "daftar.csv", *wrong).sentence
    (home / "rekaman.csv").write_text(f"record,sha256\n1,{'a' * 64}\n")
    (home / "kosong.csv").write_text("message_id,sha256\n")
    assert "[batch-unknown]" in simojo("reconcile", "run", "dpupr", "rekaman.csv", "--batch", "x-9", *days[4:]).sentence
    assert "[period-wrong]" in simojo("reconcile", "run", "dpupr", "kosong.csv", *days[4:]).sentence
    assert "[reconciliation-unknown]" in simojo("reconcile", "result", "none").sentence


def test_whoever_brought_a_list_by_the_command_line_does_not_settle_it_in_the_console(
    home: Path, simojo: Simojo
) -> None:
    """Pasal 22(4)b: the list and its differences are two people's, whichever way each of them comes."""
    (home / "daftar.csv").write_text(f"message_id,sha256\nm-1,{'a' * 64}\n")
    days = ("--from", "2026-03-01", "--to", "2026-03-31")
    assert "[staff-unknown]" in simojo("reconcile", "run", "dpupr", "daftar.csv", *days, "--by", "nobody").sentence
    assert simojo("reconcile", "run", "dpupr", "daftar.csv", *days).code == 2
    head = json.loads(simojo("reconcile", "run", "dpupr", "daftar.csv", *days, "--by", "agus", "--json").out)
    hub = opened_at(home)
    try:
        staff = hub.gateway.api.state.staff
        with pytest.raises(Unauthorised) as refused:
            settling_of(staff).settle(head["id"], 1, "salah hari", hub.officer("agus").actor)
        assert refused.value.code == "own-list"
        settling_of(staff).settle(head["id"], 1, "salah hari", hub.officer("rina").actor)
    finally:
        hub.gateway.stop()
