"""README says what is there, and all of it."""

from __future__ import annotations

import re
from pathlib import Path

from typer.testing import CliRunner

from gateway.cli.commands import app
from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

TABLE = dict(re.findall(r"^\| `(SIMOJO_[A-Z0-9_]+)` \| (?:`([^`]*)`)? ?\|", README, re.MULTILINE))
COMMANDS = sorted(set(re.findall(r"`simojo ([a-z]+(?: [a-z]+(?:-[a-z]+)*)?)", README)))


def test_every_setting_is_in_the_table_with_its_default() -> None:
    told = {}
    for name, field in Settings.model_fields.items():
        default = getattr(field.default, "value", field.default)
        told[f"SIMOJO_{name.upper()}"] = "" if default is None else str(default)
    assert told == TABLE


def test_every_command_that_readme_names_exists() -> None:
    assert len(COMMANDS) > 10
    ended = {command: CliRunner().invoke(app, [*command.split(), "--help"]).exit_code for command in COMMANDS}
    assert {command: code for command, code in ended.items() if code} == {}
    assert CliRunner().invoke(app, ["nothing", "--help"]).exit_code == 2


def test_every_make_target_that_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z]+)", README, re.MULTILINE)) <= targets


def test_every_file_that_readme_names_is_there() -> None:
    named = re.findall(r"`((?:gateway|adapters|agreements|conformance|docs|schemas)/[\w./-]+)`", README)
    assert named
    assert [each for each in named if not (ROOT / each).exists()] == []
