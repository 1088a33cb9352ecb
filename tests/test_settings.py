"""Settings: what is wrong is named by its setting, with what may stand there; secrets are never shown."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from gateway.domain.errors import Misconfigured
from gateway.settings import Mode, Settings, load_settings

KEY = base64.b64encode(bytes(range(32))).decode()


@pytest.fixture(autouse=True)
def empty_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SIMOJO_{name.upper()}", raising=False)


def failing() -> Misconfigured:
    with pytest.raises(Misconfigured) as caught:
        load_settings()
    return caught.value


def test_without_any_setting_the_defaults_hold() -> None:
    settings = load_settings()
    assert (settings.mode, settings.port, settings.is_production) == (Mode.DEVELOPMENT, 8080, False)


def test_the_environment_comes_before_the_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SIMOJO_PORT=9001\nSIMOJO_WORKERS=2\nOTHER=1\n")
    monkeypatch.setenv("SIMOJO_PORT", "9002")
    settings = load_settings()
    assert (settings.port, settings.workers) == (9002, 2)


@pytest.mark.parametrize(
    ("name", "wrong", "right"),
    [
        ("MODE", "prod", "production"),
        ("PORT", "0", "1"),
        ("PORT", "http", "65535"),
        ("WORKERS", "65", "0"),
        ("MAX_BODY_BYTES", "1023", "1024"),
        ("BODY_TIMEOUT_S", "0", "0.5"),
        ("MERGE_INTERVAL_S", "61", "60.0"),
        ("JOINT_LEAVE", "perhaps", "false"),
        ("PARTNER_SERVICE_ID", "12345678901", "88726"),
        ("PARTNER_SERVICE_ID", "bank", "1"),
        ("LOG_LEVEL", "info", "INFO"),
    ],
)
def test_a_wrong_setting_is_named_and_its_twin_is_taken(
    monkeypatch: pytest.MonkeyPatch, name: str, wrong: str, right: str
) -> None:
    monkeypatch.setenv(f"SIMOJO_{name}", wrong)
    error = failing()
    assert error.code == "settings-invalid"
    assert f"SIMOJO_{name}: " in error.text
    assert "\n" not in error.text
    monkeypatch.setenv(f"SIMOJO_{name}", right)
    assert str(getattr(load_settings(), name.lower())).lower() == right.lower()


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMOJO_PORT", "0")
    monkeypatch.setenv("SIMOJO_LOG_LEVEL", "loud")
    text = failing().text
    assert "SIMOJO_PORT" in text
    assert "SIMOJO_LOG_LEVEL" in text


def test_a_missing_key_file_is_named_with_what_to_do() -> None:
    for read in (load_settings().master_keys, load_settings().ledger_seed, load_settings().signing_pems):
        with pytest.raises(Misconfigured, match="simojo init") as caught:
            read()
        assert caught.value.code == "key-file-missing"
        assert "_FILE names keys/" in caught.value.text


@pytest.mark.parametrize("text", ["", "bukan base64!", base64.b64encode(bytes(31)).decode(), "\xff"])
def test_a_key_is_32_bytes_in_base64(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "master.key"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(Misconfigured, match="SIMOJO_MASTER_KEY_FILE must hold 32") as caught:
        load_settings().master_keys()
    assert caught.value.code == "key-malformed"
    path.write_text(f"{KEY}\n")
    assert load_settings().master_keys() == (bytes(range(32)),)


def test_a_master_key_may_be_given_as_a_value_and_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMOJO_MASTER_KEY", KEY)
    settings = load_settings()
    assert settings.master_keys() == (bytes(range(32)),)
    assert KEY not in repr(settings)
    monkeypatch.setenv("SIMOJO_MASTER_KEY", "salah")
    with pytest.raises(Misconfigured, match="SIMOJO_MASTER_KEY must hold") as caught:
        load_settings().master_keys()
    assert "salah" not in caught.value.text


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
