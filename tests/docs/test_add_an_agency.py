"""docs/add-an-agency.md: every command of it is run, in order, and leads to an exchanged recommendation.

So is an adapter from a distribution of its own: the guide builds its wheel and installs it, and a hub's own process
finds its schemas there.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/add-an-agency.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
SHOWN = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
FORKED = Path(__file__).with_name("forked.py")
PROGRAMS = {
    "simojo": '''[ "$1" = serve ] && exec "{python}" -m gateway.cli "$@"
exec "{python}" -S -E "{forked}" call "{socket}" "$@"''',
    "simojo-conformance": 'exec "{python}" -m conformance.cli "$@"',
}
"""The commands in `.venv/bin`. What ends at once is called where it has been imported already, see forked.py."""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A folder with `.venv` as `make setup` makes it: an environment of its own with all of this one's libraries."""
    folder = tmp_path / ".venv"
    venv.create(folder, with_pip=False, symlinks=True)
    (libraries,) = folder.glob("lib/python*/site-packages")
    own = sysconfig.get_paths()["purelib"]
    (libraries / "this.pth").write_text(f"import site; site.addsitedir({own!r})\n", encoding="utf-8")
    with tempfile.TemporaryDirectory() as short:  # a socket's path has 107 bytes at most
        places = {"python": f"{folder}/bin/python", "forked": str(FORKED), "socket": f"{short}/forked"}
        for name, text in PROGRAMS.items():
            script = folder / "bin" / name
            script.write_text(f"#!/bin/sh\n{text.format(**places)}\n", encoding="utf-8")
            script.chmod(0o755)
        command = [places["python"], places["forked"], "serve", places["socket"]]
        with subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, text=True) as forked:
            assert forked.stdout is not None
            assert forked.stdout.readline() == "ready\n"
            yield tmp_path
            forked.kill()


def environment() -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith("SIMOJO_")}
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**known, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "", "NO_PROXY": "*", "COLUMNS": "200"}


def free_ports(count: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


def run(script: str, folder: Path) -> tuple[int, str]:
    """Run it in a shell of its own; whatever it started and left behind is ended."""
    with subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            said, _ = shell.communicate(timeout=150)
        finally:
            with contextlib.suppress(ProcessLookupError):  # as a rule it has ended what it started
                os.killpg(shell.pid, signal.SIGKILL)
    return shell.returncode, said


def test_the_guide_leads_from_the_skeleton_to_an_exchanged_recommendation(project: Path) -> None:
    script = "\n".join(COMMANDS)
    for told, free in zip(("8090", "8091"), free_ports(2), strict=True):
        assert told in script
        script = script.replace(told, str(free))
    code, said = run(script, project)
    work = project / "try-dinsos"
    logs = "\n".join(path.read_text() for path in work.glob("*.log"))
    assert code == 0, f"{said}\n{logs}"
    lines = said.splitlines()
    for shown in "\n".join(SHOWN).splitlines():
        assert shown in lines, said
    assert b"RecommendationRequest" in (work / "agency-serves.wsdl").read_bytes()
    (package,) = project.glob(".venv/lib/python*/site-packages/simojo_adapter_dinsos")
    assert (package / "schemas/dinsos/technical-recommendation/1.0/answer.xsd").is_file()
    assert list(package.glob("agreements/dinsos-*.toml"))
    assert list(package.parent.glob("simojo_adapter_dinsos-*.dist-info/RECORD"))  # from its wheel, not by a link
