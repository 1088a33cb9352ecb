"""`simojo` itself, `init`, `check` and `case`: keys are made once, differences are told, errors are one sentence."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path

import pytest

import gateway
from gateway.domain.case import Stage
from gateway.exchange.plugins import load_adapters
from gateway.trust.certificate_files import load_certificate
from gateway.trust.dev_ca import is_development
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.cli.conftest import Simojo, opened_at
from tests.databases import Behind

COMMANDS = ("init", "serve", "worker", "check", "demo", "agency", "agreement", "case", "delivery", "ledger", "staff")


def test_help_names_every_command(simojo: Simojo) -> None:
    done = simojo("--help")
    assert done.code == 0
    assert [command for command in COMMANDS if f" {command} " not in done.out] == []


def test_without_a_command_the_help_is_shown(simojo: Simojo) -> None:
    assert "Usage" in simojo().out + simojo().err


def test_the_version_is_the_packages(simojo: Simojo) -> None:
    assert simojo("--version").out == f"{gateway.__version__}\n"


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{gateway.__version__}\n"


# --- init ---------------------------------------------------------------------------------------------------------


def test_init_makes_the_keys_that_are_missing_for_their_owner_alone(empty: Path, simojo: Simojo) -> None:
    done = simojo("init")
    names = ["keys/master.key", "keys/ledger.key", "keys/hub.key.pem", "keys/hub.pem"]
    assert (done.code, done.out.splitlines()) == (0, [f"made {name}" for name in names])
    for name in names:
        assert (empty / name).stat().st_mode & 0o077 == 0
    assert len(base64.b64decode((empty / "keys/master.key").read_text())) == 32
    assert is_development(load_certificate((empty / "keys/hub.pem").read_bytes()))


def test_init_makes_nothing_twice(empty: Path, simojo: Simojo) -> None:
    simojo("init")
    kept = {path: path.read_bytes() for path in (empty / "keys").iterdir() if path.is_file()}
    (empty / "keys/ledger.key").unlink()
    assert simojo("init").out == "made keys/ledger.key\n"
    assert simojo("init").out == ""
    changed = [path.name for path, data in kept.items() if path.read_bytes() != data]
    assert changed == ["ledger.key"]


def test_init_makes_no_keys_in_production_mode(empty: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMOJO_MODE", "production")
    assert "[production-keys]" in simojo("init").sentence
    assert list(empty.iterdir()) == []


# --- check --------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("home")
def test_check_is_content_when_adapters_and_agreements_say_the_same(simojo: Simojo) -> None:
    done = simojo("check")
    assert (done.code, done.out) == (0, f"{len(load_adapters())} adapters and their agreements agree\n")


def test_check_tells_where_an_active_agreement_and_its_adapter_differ(home: Path, simojo: Simojo) -> None:
    activate_changed(home)
    done = simojo("check")
    assert done.code == 1
    assert done.out.startswith("active agreement with sms: ")
    assert "repeat is " in done.out
    assert done.out.endswith(" in the agreement\n")


def test_a_hub_suspends_the_agency_that_differs_and_no_other_until_they_agree_again(
    home: Path, database: Behind
) -> None:
    activate_changed(home)
    house = opened_at(home)
    try:
        assert list(house.gateway.suspend_where_different()) == ["sms"]
        reasons = {row.id: row.suspended for row in house.gateway.store.reader.agencies()}
        assert (reasons.pop("sms") or "").startswith("adapter and agreement differ: ")
        assert set(reasons.values()) == {None}
        database.execute("UPDATE agreement SET state = 'draft' WHERE id = 'sms-2026' AND version = '1.1'")
        assert house.gateway.suspend_where_different() == {}
        assert {row.suspended for row in house.gateway.store.reader.agencies()} == {None}
    finally:
        house.gateway.stop()


def activate_changed(home: Path) -> None:
    """Keep and activate the agreement with SMS with one field changed: as if the adapter had changed after it."""
    text = packaged_agreements()["sms-2026"].replace('version = "1.0"', 'version = "1.1"', 1)
    repeat = next(line for line in text.splitlines() if line.startswith("repeat = "))
    other = 'repeat = "never"' if "never" not in repeat else 'repeat = "safe"'
    agreement = read_agreement(text.replace(repeat, other, 1).replace("2026-01-01", "2026-02-01", 1))
    house = opened_at(home)
    try:
        registry = house.gateway.store.registry
        registry.import_agreement(agreement, load_adapters()["sms"], "staff/agus")
        registry.activate_for_development(agreement.id, "1.1", "staff/agus")
    finally:
        house.gateway.stop()


def test_check_tells_of_an_agreement_without_an_adapter(
    home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {agency: adapter for agency, adapter in load_adapters().items() if agency != "bank"}
    monkeypatch.setattr("gateway.cli.check.load_adapters", lambda: others)
    done = simojo("check")
    files = [name for name in packaged_agreements() if name.startswith("bank-2026")]
    said = [f"agreements/{name}.toml: no adapter is installed for agency bank" for name in files]
    assert (done.code, done.out.splitlines()) == (1, said)


@pytest.mark.usefixtures("empty")
def test_check_without_keys_says_how_to_make_them(simojo: Simojo) -> None:
    assert "`simojo init` makes development keys [key-file-missing]" in simojo("check").sentence


@pytest.mark.usefixtures("home")
def test_check_refuses_a_development_certificate_in_production_mode(
    simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMOJO_MODE", "production")
    assert "[certificate-development]" in simojo("check").sentence


# --- errors -------------------------------------------------------------------------------------------------------


def test_a_wrong_setting_is_one_sentence(empty: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMOJO_PORT", "many")
    assert "SIMOJO_PORT" in simojo("init").sentence


@pytest.mark.parametrize("url", ["sqlite:////nonexistent/x.db", "sqlite:///garbage.db", "postgresql://a/b", "::"])
def test_a_store_that_cannot_be_opened_is_one_sentence(
    empty: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    (empty / "garbage.db").write_text("this is no database\n" * 100)
    monkeypatch.setenv("SIMOJO_DATABASE_URL", url)
    assert "SIMOJO_DATABASE_URL" in simojo("agency", "list").sentence


def test_a_store_whose_key_is_another_is_told(home: Path, simojo: Simojo, database: Behind) -> None:
    database.execute("INSERT INTO credential VALUES ('bank', 'x', :sealed)", sealed=b"\x01")
    own = (home / "keys/master.key").rename(home / "keys/own.key")
    assert "SIMOJO_MASTER_KEY_FILE" in simojo("agency", "list").sentence
    simojo("init")
    assert "[master-key-wrong]" in simojo("agency", "list").sentence
    own.replace(home / "keys/master.key")
    assert simojo("agency", "list").code == 0


# --- case ---------------------------------------------------------------------------------------------------------


def test_the_life_of_a_case_is_drawn_with_every_stage(simojo: Simojo) -> None:
    done = simojo("case", "diagram")
    assert (done.code, done.out.splitlines()[0]) == (0, "stateDiagram-v2")
    assert [stage.value for stage in Stage if stage.value.replace("-", "_") not in done.out.replace("-", "_")] == []


def test_the_steps_of_a_case_are_a_table_with_their_pasal(simojo: Simojo) -> None:
    done = simojo("case", "table")
    assert done.code == 0
    rows = [line for line in done.out.splitlines() if line.startswith("|")]
    assert len({line.count("|") for line in rows}) == 1
    assert any("DocumentSigned" in row and "13(3)" in row for row in rows)
