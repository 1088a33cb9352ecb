"""deploy/ says what there is: settings, commands, files, and times that go together."""

from __future__ import annotations

import re
from pathlib import Path

from gateway.cli.commands import app
from gateway.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "deploy").rglob("*")) if path.is_file()}
SETTINGS = {f"SIMOJO_{name.upper()}" for name in Settings.model_fields}


def file(name: str) -> str:
    return FILES[ROOT / "deploy" / name]


def test_every_setting_that_a_deployment_names_exists() -> None:
    named = {(path.name, name) for path, text in FILES.items() for name in re.findall(r"SIMOJO_[A-Z0-9_]+", text)}
    assert len(named) > 20
    assert [(path, name) for path, name in sorted(named) if name not in SETTINGS] == []


def test_the_settings_of_an_env_file_are_taken() -> None:
    for name in ("compose/simojo.env", "systemd/simojo.env"):
        given = dict(re.findall(r"^SIMOJO_([A-Z0-9_]+)=(.*)$", file(name), re.MULTILINE))
        assert Settings.model_validate({key.lower(): value for key, value in given.items()}).is_production


def test_every_command_that_is_started_exists() -> None:
    known = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    started = re.findall(r"^ExecStart=/opt/simojo/bin/simojo (\w+)", "\n".join(FILES.values()), re.MULTILINE)
    started += re.findall(r"^  command: \[(\w+)", file("compose.yaml"), re.MULTILINE)
    started += re.findall(r"`simojo (\w+)", file("README.md"))
    assert {"serve", "worker", "init"} <= set(started) <= known


def test_whoever_ends_a_process_waits_longer_than_it_may_take() -> None:
    for settings, unit, word in (
        ("compose/simojo.env", "compose.yaml", r"stop_grace_period: (\d+)s"),
        ("systemd/simojo.env", "systemd/simojo-hub.service", r"TimeoutStopSec=(\d+)"),
        ("systemd/simojo.env", "systemd/simojo-hub@.service", r"TimeoutStopSec=(\d+)"),
        ("systemd/simojo.env", "systemd/simojo-worker@.service", r"TimeoutStopSec=(\d+)"),
    ):
        given = dict(re.findall(r"^SIMOJO_(DRAIN_S|STOP_WITHIN_S)=(\d+)$", file(settings), re.MULTILINE))
        found = re.search(word, file(unit))
        assert found
        assert int(found[1]) > int(given.get("DRAIN_S", "0")) + int(given["STOP_WITHIN_S"]) + 5


def test_every_file_that_is_mounted_or_named_is_there_or_is_told_how_to_be_made() -> None:
    readme = file("README.md")
    for path in re.findall(r"(?: file: |- \./)([\w./-]+)", file("compose.yaml")):
        where = ROOT / "deploy" / path
        assert where.exists() or where.name in readme, path
    for name in re.findall(r"`deploy/([\w./@-]+)`", readme):
        made_there = name.startswith(("compose/secrets", "compose/tls"))
        assert made_there or (ROOT / "deploy" / name).exists(), name


def test_the_password_file_is_one_that_libpq_reads_and_a_unit_is_never_given_up() -> None:
    for name in ("simojo-hub@.service", "simojo-worker@.service"):
        unit = file(f"systemd/{name}")
        # a credential may be readable to a group (systemd 254), and libpq refuses such a file
        assert "PGPASSFILE=%d" not in unit
        (copied,) = re.findall(r"^ExecStartPre=/usr/bin/install -m 0400 %d/pgpass (\S+)$", unit, re.MULTILINE)
        assert f"PGPASSFILE={copied}\n" in unit
        assert f"RuntimeDirectory={copied.split('/')[1]}\n" in unit
        assert "StartLimitIntervalSec=0\n" in unit
