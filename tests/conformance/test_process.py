"""`simojo-conformance serve`: announced, ended by its parent, and clear about a broken folder."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2

from tests.conformance.conftest import FakeHub

COMMAND = [sys.executable, "-m", "conformance.cli", "serve"]
HUB = "http://127.0.0.1:9"


def serve(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, folder.name, "--home", str(folder), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ready(process: subprocess.Popen[str]) -> str:
    """Read the peer's announcement and give its address."""
    assert process.stdout is not None
    word, _, url = process.stdout.readline().split()
    assert word == "ready"
    return url


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, errors = process.communicate(timeout=20)
    assert output == ""
    return process.returncode, errors


def test_a_peer_ends_with_its_parents_pipe(folder_of: Callable[..., Path]) -> None:
    folder = folder_of("sms", HUB)
    with serve(folder) as process:
        url = ready(process)
        assert httpx2.get(f"{url}/_control/health", trust_env=False).json()["agency"] == "sms"
        assert url in (folder / "README.md").read_text()
        assert ended(process) == (0, "")


def test_one_command_makes_an_agency_that_comes_to_its_mailbox(tmp_path: Path, hub: FakeHub, hub_folder: Path) -> None:
    with serve(
        tmp_path / "satpolpp", "--hub", hub.url, "--hub-certificate", f"{hub_folder}/certificate.pem"
    ) as process:
        ready(process)
        assert hub.wait_for(1, "/rest/satpolpp/mailbox/collect")[0].json == {"atMost": 10, "waitS": 10}
        assert (tmp_path / "satpolpp" / "certificate.pem").is_file()
        assert ended(process) == (0, "")


def test_a_peer_that_stays_ends_by_sigterm(folder_of: Callable[..., Path]) -> None:
    with serve(folder_of("dpupr", HUB), "--stay") as process:
        url = ready(process)
        assert process.stdin is not None
        process.stdin.close()
        process.stdin = None
        assert httpx2.get(f"{url}/_control/health", trust_env=False).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "")


def test_a_folder_without_configuration_is_named(folder_of: Callable[..., Path]) -> None:
    folder = folder_of("oss", HUB)
    (folder / "config.json").unlink()
    with serve(folder) as process:
        code, errors = ended(process)
    assert code == 2
    assert errors.startswith("simojo-conformance: ")
    assert "config.json is missing" in errors


def test_a_taken_port_is_named(folder_of: Callable[..., Path]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        with serve(folder_of("oss", HUB), "--port", port) as process:
            code, errors = ended(process)
    assert code == 2
    assert f"port {port}" in errors
