"""docs/receipts.md lets an agency write its own verifier: its example verifies, and has every code."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from conformance.receipts import damage
from conformance.receipts.command import EXITS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/receipts.md").read_text(encoding="utf-8")


def test_the_example_verifies_by_the_command_that_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    commands = re.findall(r"^    simojo-conformance (.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    plain, witnessed = (CliRunner().invoke(app, shlex.split(each.replace("\\\n", " "))) for each in commands)
    assert (plain.exit_code, "Berkas untuk bagian request sama byte demi byte" in plain.output) == (0, True)
    assert (witnessed.exit_code, "Saksi saksi.dpupr.example ikut" in witnessed.output) == (0, True)
    assert "Otoritas cap waktu menyatakan" in witnessed.output
    assert "tidak dinilai" not in witnessed.output


def test_every_damage_and_every_exit_is_told() -> None:
    checks = PAGE.partition("## The checks")[2].partition("## What a receipt")[0]
    told = set(re.findall(r"[Ee]lse\s+`([a-z-]+)`|without a salt for it, `([a-z-]+)`", checks))
    assert {code for each in told for code in each if code} == set(damage.CODES)
    assert {int(each) for each in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)} == {2, *EXITS.values()}
    assert set(EXITS) <= set(re.findall(r"`([a-z]+)`", PAGE))
