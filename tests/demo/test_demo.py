"""`simojo demo --exit`: it plays to its end, whatever is killed on the way, and nothing happens twice."""

from __future__ import annotations

import signal
from pathlib import Path

from gateway.cli.demo.stage import alone
from gateway.trust.certificate_files import load_certificate
from tests.demo.plays import AGENCIES, Remains, ended_well, kill, playing, processes_of


def test_the_demo_survives_a_killed_hub_and_a_second_run_plays_the_next_permit(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    with playing(home) as play:
        play.until("issues the SKRD")
        killed = play.hub
        kill([killed])
        assert play.end() == 0, play.said
    first, entries = ended_well(play.said)
    assert f"The hub ended (-{signal.SIGKILL.value}); it is started again" in play.said
    assert play.hub != killed
    assert processes_of(home) == {}
    assert_folders_are_as_promised(home)
    Remains(home).assert_nothing_doubled(permits=1)
    with playing(home) as again:
        assert again.end() == 0, again.said
    second, more = ended_well(again.said)
    assert "The hub ended" not in again.said
    for text in ("soap-1.2 wss-x509", "rest snap-bi", "rest oss-token", "rest basic", "rest sms-key"):
        assert text in again.said
    assert (first[:7], second[:7], more > entries) == ("001/PBG", "002/PBG", True)
    assert processes_of(home) == {}
    remains = Remains(home)
    assert remains.permits() == [first, second]
    remains.assert_nothing_doubled(permits=2)
    stages = [stage for (stage,) in remains.rows("SELECT stage FROM permit_case ORDER BY stage")]
    assert stages == ["handed-over"] * 2 + ["rejected"] * 2


def assert_folders_are_as_promised(home: Path) -> None:
    """Each agency has its key, certificate and guide; what is secret is for its owner alone."""
    for agency in AGENCIES:
        folder = home / "agencies" / agency
        load_certificate((folder / "certificate.pem").read_bytes())
        assert b"PRIVATE KEY" in (folder / "key.pem").read_bytes()
        assert "http://127.0.0.1:" in (folder / "README.md").read_text()
        assert "PRIVATE KEY" not in (folder / "README.md").read_text()
    secret = [home / "demo.json", *(home / "keys").glob("*.key"), home / "keys" / "hub.key.pem"]
    secret += [*home.glob("agencies/*/key.pem"), *home.glob("agencies/*/config.json")]
    assert len(secret) == 4 + 2 * len(AGENCIES)
    assert [path.name for path in secret if path.stat().st_mode & 0o077] == []
    assert home.stat().st_mode & 0o077 == 0


def test_a_second_demo_in_the_folder_of_an_open_one_says_so_and_writes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    home.mkdir(mode=0o700)
    with alone(home), playing(home) as second:
        assert second.end() != 0
        assert "a demo is open in" in second.said
        assert [path.name for path in home.iterdir()] == ["demo.lock"]
