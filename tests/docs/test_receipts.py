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
    (command,) = re.findall(r"^    simojo-conformance (.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    done = CliRunner().invoke(app, shlex.split(command.replace("\\\n", " ")))
    assert (done.exit_code, "Berkas untuk bagian request sama byte demi byte" in done.output) == (0, True)


def test_every_damage_and_every_exit_is_told() -> None:
    checks = PAGE.partition("## The checks")[2].partition("## What a receipt")[0]
    assert set(re.findall(r"`([a-z]+-[a-z]+(?:-[a-z]+)?)`", checks)) == set(damage.CODES)
    assert {int(each) for each in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)} == {2, *EXITS.values()}
    assert set(EXITS) <= set(re.findall(r"`([a-z]+)`", PAGE))
