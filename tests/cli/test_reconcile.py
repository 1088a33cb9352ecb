"""`simojo reconcile`: a list that came by mail is compared, and its result written."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Simojo


def test_a_list_from_a_file_is_compared_listed_and_written(home: Path, simojo: Simojo) -> None:
    assert simojo("reconcile", "list").out == "no reconciliation yet\n"
    (home / "daftar.csv").write_text(f"message_id;sha256\nm-1;{'A' * 64}\n")
    days = ("--from", "2026-03-01", "--to", "2026-03-31")
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
    days = ("--from", "2026-03-01", "--to", "2026-03-31")
    assert "[list-unreadable]" in simojo("reconcile", "run", "dpupr", "daftar.csv", *days).sentence
    assert "[list-unreadable]" in simojo("reconcile", "run", "dpupr", "none.csv", *days).sentence
    wrong = ("--from", "1 Maret", "--to", "2026-03-31")
    assert "[period-wrong]" in simojo("reconcile", "run", "dpupr", "daftar.csv", *wrong).sentence
    (home / "rekaman.csv").write_text(f"record,sha256\n1,{'a' * 64}\n")
    (home / "kosong.csv").write_text("message_id,sha256\n")
    assert "[batch-unknown]" in simojo("reconcile", "run", "dpupr", "rekaman.csv", "--batch", "x-9").sentence
    assert "[period-wrong]" in simojo("reconcile", "run", "dpupr", "kosong.csv").sentence
    assert "[reconciliation-unknown]" in simojo("reconcile", "result", "none").sentence
