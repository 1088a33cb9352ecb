"""`simojo-conformance serve <agency>` needs the agency's name and nothing else."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import Response
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from conformance.cli import app
from conformance.peers.config import BESIDE, PORTS, SECRETS, agreement_of, load_config, make_config
from conformance.peers.guide import write_guide
from conformance.peers.hub_certificate import CERTIFICATES
from conformance.peers.peer import Peer, Surroundings
from conformance.peers.process import PEERS, open_peer, peer_of
from conformance.peers.registering import NOT_KEPT, WITHOUT_ENDPOINT, WITHOUT_KEY
from conformance.signing.keys import Identity
from gateway.cli.commands import app as simojo
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from tests.conformance.conftest import FakeHub

COMMAND = [sys.executable, "-m", "conformance.cli", "serve"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def publishing(hub: FakeHub, hub_identity: Identity) -> FakeHub:
    """A hub that gives its certificates and nothing else."""
    pem = hub_identity.certificate.public_bytes(serialization.Encoding.PEM)
    hub.answer = lambda heard: Response(pem if heard.path == CERTIFICATES else b"", media_type="application/x-pem-file")
    return hub


@pytest.mark.parametrize("agency", sorted(PEERS))
def test_each_agency_starts_from_an_empty_folder(
    agency: str, tmp_path: Path, publishing: FakeHub, agency_folder: Path, surroundings: Surroundings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    key = serialization.load_pem_private_key((agency_folder / "key.pem").read_bytes(), None)
    monkeypatch.setattr(rsa, "generate_private_key", lambda **_: key)  # it takes most of a second
    folder = tmp_path / "agencies" / agency
    assert make_config(folder, agency, hub=publishing.url, port=0)
    opened = open_peer(
        peer_of(agency, None), folder, load_config(folder, agency), surroundings, host="127.0.0.1", port=None
    )
    try:
        assert TestClient(opened.peer.app).get("/_control/health").json()["agency"] == agency
    finally:
        opened.peer.stop()
        opened.listening.close()
    assert b"BEGIN CERTIFICATE" in (folder / "hub.pem").read_bytes()
    assert "was fetched" in opened.told[0]
    assert (folder / "config.json").stat().st_mode & 0o077 == 0
    said = json.loads((folder / "config.json").read_text())
    assert set(said["secrets"]) == {*SECRETS[agency], *BESIDE.get(agency, ())}
    script = (folder / "register.sh").read_text()
    assert [
        each for each in said["secrets"] if len(said["secrets"][each]) > 10 and said["secrets"][each] in script
    ] == []
    set_there = set(re.findall(rf"simojo agency credential {agency} (\w+)", script))
    assert set_there == set(said["secrets"]) - NOT_KEPT
    assert (f"simojo agency certify {agency}" in script) is (agency not in WITHOUT_KEY)
    assert (f"simojo agency endpoint {agency} {opened.url}" in script) is (agency not in WITHOUT_ENDPOINT)


def test_every_secret_is_made_anew_and_kept(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert [make_config(each, "bank") for each in (one, other)] == [True, True]
    first, second = (load_config(each, "bank") for each in (one, other))
    assert (first.port, first.hub_url) == (PORTS["bank"], "http://127.0.0.1:8080")
    same = {name for name in first.secrets if first.secrets[name] == second.secrets[name]}
    assert same == {"partner_service_id", "channel_id"}
    assert not make_config(one, "bank", port=1)
    assert load_config(one, "bank") == first


def test_agencies_of_one_machine_have_ports_of_their_own() -> None:
    assert set(PORTS) == set(PEERS)
    assert len(set(PORTS.values())) == len(PORTS)


def test_one_command_prints_what_staff_type_and_says_what_is_missing(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "sms", "--port", "0", "--hub", "http://127.0.0.1:9"],
        cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        word, agency, url = process.stdout.readline().split()
        _, errors = process.communicate(timeout=20)
    assert (word, agency, process.returncode) == ("ready", "sms", 0)
    assert f"simojo agency endpoint sms {url}" in errors
    assert "simojo agency credential sms report_key" in errors
    folder = tmp_path / "agencies" / "sms"
    assert f"put keys/hub.pem of the hub into {folder}/hub.pem" in errors
    secret = CliRunner().invoke(app, ["secret", "sms", "report_key", "--home", str(folder)])
    assert secret.output.strip() == load_config(folder, "sms").secrets["report_key"]
    assert CliRunner().invoke(app, ["secret", "sms", "other", "--home", str(folder)]).exit_code == 2


def test_nobody_is_made_of_a_name_that_is_not_known(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["serve", "nobody", "--home", str(tmp_path / "nobody")])
    assert (answer.exit_code, "no agency 'nobody'" in answer.output) == (2, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("agency", ["dukcapil", "bank", "satpolpp"])
def test_staff_can_type_what_is_printed(
    agency: str, folder_of: Callable[..., Path], start: Callable[[Path], Peer]
) -> None:
    peer = start(folder_of(agency, "http://127.0.0.1:9"))
    write_guide(peer, "http://127.0.0.1:1")
    lines = [
        line for line in (peer.folder / "register.sh").read_text().splitlines() if "simojo " in line and line[0] != "#"
    ]
    words = [shlex.split(line.split("| ")[-1])[1:3] for line in lines]
    assert ["agency", "check"] in words
    assert [each for each in words if CliRunner().invoke(simojo, [*each, "--help"]).exit_code] == []


def test_the_agreement_is_the_one_in_force() -> None:
    days = [date(2026, 1, 1), date(2026, 11, 1), date(2026, 11, 15)]
    assert [agreement_of("bank", each) for each in days] == ["bank-2026/1.0", "bank-2026/1.1", "bank-2026/1.2"]
    assert agreement_of("bank", date(2025, 1, 1)) == "bank-2026/1.0"
    for each in (read_agreement(text) for text in packaged_agreements().values()):
        assert agreement_of(each.agency, each.valid_from) == f"{each.id}/{each.version}"


def test_ask_sh_names_the_agreement_of_the_day(folder_of: Callable[..., Path], start: Callable[[Path], Peer]) -> None:
    peer = start(folder_of("dpupr", "http://127.0.0.1:9"))
    write_guide(peer, "http://127.0.0.1:1")
    lines = (peer.folder / "ask.sh").read_text().splitlines()
    chosen = [line for line in lines if "agreement=" in line and "iat" not in line]
    for day, agreement in (("2028-06-30", "dpupr-2026/1.0"), ("2028-07-01", "dpupr-2026/1.1")):
        script = "\n".join((f"set -eu; today={day}", *chosen, 'printf %s "$agreement"'))
        ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        assert ran.stdout == agreement
