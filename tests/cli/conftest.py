"""The `simojo` command in a folder of its own, as it stands behind the shell's prompt."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.app import open_store
from gateway.cli import main
from gateway.cli.init import make_keys
from gateway.settings import Settings
from tests.databases import Behind, Furnished
from tests.office.conftest import furnished
from tests.office.house import NOW, House, issue_key, opened, settings_in

__all__ = ["furnished"]


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """What a failed command said: one line, and no stack trace."""
        assert self.code == 2, (self.out, self.err)
        assert self.err.startswith("simojo: ")
        assert self.err.count("\n") == 1
        assert "Traceback" not in self.err
        return self.err


Simojo = Callable[..., Done]


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which the commands run, with no setting."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"SIMOJO_{name.upper()}", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def home(empty: Path, furnished: Furnished, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The same with keys and a store that has agreements and staff, on the day on which they were made."""
    for module in ("agency_check", "check", "staff"):
        monkeypatch.setattr(f"gateway.cli.{module}.now", lambda: NOW)
    with furnished.copied(empty) as url:
        monkeypatch.setenv("SIMOJO_DATABASE_URL", url)
        yield empty


@pytest.fixture(scope="session")
def keys_and_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys and an empty SQLite store: what a process needs to start."""
    folder = tmp_path_factory.mktemp("plain")
    settings = settings_in(folder)
    issue_key(settings, NOW)
    make_keys(settings, NOW)
    open_store(settings).close()
    return folder


@pytest.fixture
def plain(empty: Path, keys_and_store: Path) -> Path:
    """A copy of it, in which the commands run with no setting."""
    shutil.copytree(keys_and_store, empty, dirs_exist_ok=True)
    return empty


def opened_at(home: Path) -> House:
    """Open the hub on the store that the commands use; whoever opens it stops it."""
    return opened(home, os.environ["SIMOJO_DATABASE_URL"])


@pytest.fixture
def simojo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Simojo:
    """Run a command: `simojo("agency", "list")`."""

    def run(*words: str | Path, stdin: str = "") -> Done:
        monkeypatch.setattr(sys, "argv", ["simojo", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return Done(code if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def database(home: Path) -> Iterator[Behind]:
    """The store, opened behind its back."""
    assert home.exists()
    with Behind(os.environ["SIMOJO_DATABASE_URL"]) as behind:
        yield behind
