"""A demo in processes of its own: started, read line by line, killed at a chosen line; and what it left behind."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.settings import Settings
from gateway.store.engine import open_engine
from gateway.store.reading import Reader
from gateway.store.vault import Vault
from gateway.trust.secrets import MasterKey

AGENCIES = ("bank", "bsre", "djp", "dpupr", "dukcapil", "oss", "sms")
END_S = 30
LAST = re.compile(r"permit (\d{3}/PBG/[IVX]+/\d{4}) active; ledger (\d+) entries verified")


class Play:
    """One run of `simojo demo --exit`, with more options."""

    def __init__(self, home: Path, *options: str) -> None:
        self.home = home
        self.lines: list[str] = []
        own = {f"SIMOJO_{name.upper()}" for name in Settings.model_fields}
        environment = {name: value for name, value in os.environ.items() if name not in own}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gateway.cli", "demo", "--exit", "--home", str(home), *options],
            env={**environment, "PYTHONUNBUFFERED": "1", "COLUMNS": "160"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def until(self, text: str) -> str:
        """Read to the first line with that text."""
        for line in self._read():
            if text in line:
                return line
        raise AssertionError(f"{text!r} never came:\n{self.said}")

    def end(self) -> int:
        """Read to the end; gives the exit code."""
        for _ in self._read():
            pass
        return self.process.wait(timeout=END_S)

    @property
    def said(self) -> str:
        """All that was read."""
        return "".join(self.lines)

    @property
    def hub(self) -> int:
        """The hub's process."""
        return int((self.home / "hub.pid").read_text())

    def _read(self) -> Iterator[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)
            yield line


@contextmanager
def playing(home: Path, *options: str) -> Iterator[Play]:
    """Play, and leave no process behind, however the test ends."""
    play = Play(home, *options)
    try:
        yield play
    finally:
        play.process.kill()
        play.process.wait()
        if play.process.stdout is not None:
            play.process.stdout.close()


def processes_of(home: Path) -> dict[int, str]:
    """Every process that belongs to a demo in that folder, by its command line or its settings: pid -> command."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            settings = (folder / "environ").read_bytes()
        except OSError:
            continue  # gone, or somebody else's
        if str(home).encode() in command or f"SIMOJO_DATABASE_URL=sqlite:///{home}/".encode() in settings:
            found[int(folder.name)] = command.replace(b"\0", b" ").decode()
    return found


def ended_well(said: str) -> tuple[str, int]:
    """The permit's number and the ledger's size in the last line."""
    found = LAST.fullmatch(said.splitlines()[-1])
    assert found is not None, said
    return found[1], int(found[2])


def kill(pids: Iterable[int]) -> None:
    """Kill without a chance to finish."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def await_gone(pids: Iterable[int]) -> None:
    """Wait until these processes have ended, which nobody told them to."""
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            assert select.select([descriptor], [], [], END_S)[0], f"process {pid} goes on"
        finally:
            os.close(descriptor)


# --- what is left -------------------------------------------------------------------------------------------------


class Remains:
    """The folder of a demo that has ended, read without a hub; facts are sealed, and are opened with its master key."""

    def __init__(self, home: Path) -> None:
        self.home = home

    def rows(self, question: str) -> list[tuple[str, ...]]:
        """Ask the store."""
        connection = sqlite3.connect(self.home / "simojo.db")
        try:
            return connection.execute(question).fetchall()
        finally:
            connection.close()

    def facts(self, kind: str) -> list[tuple[str, str]]:
        """(case, text) of all facts of a kind."""
        engine = open_engine(f"sqlite:///{self.home / 'simojo.db'}")
        reader = Reader(engine)
        Vault(
            reader,
            MasterKey(Settings(master_key_file=self.home / "keys" / "master.key", _env_file=None).master_keys()[0]),
            bytes,
        )
        facts = [
            (row.case_id, row.body) for ids in reader.case_ids() for row in reader.facts_of(ids) if row.kind == kind
        ]
        engine.dispose()
        return facts

    def permits(self) -> list[str]:
        """The numbers that are in force, in order."""
        return sorted(str(json.loads(body)["number"]) for _, body in self.facts("NumberActivated"))

    def journal(self, agency: str, kind: str) -> list[dict[str, str]]:
        """What a simulated agency wrote down, of one kind."""
        lines = (self.home / "agencies" / agency / "journal.jsonl").read_text().splitlines()
        return [entry for entry in map(json.loads, lines) if entry["kind"] == kind]

    def assert_nothing_doubled(self, permits: int) -> None:
        """Every effect stands once, on both sides of every wire."""
        assert self.permits() == [f"{each:03}{self.permits()[0][3:]}" for each in range(1, permits + 1)]
        for kind in ("PaymentReceived", "NumberActivated", "DocumentSigned", "ChargeIssued", "DocumentHandedOver"):
            cases = Counter(case for case, _ in self.facts(kind))
            assert (len(cases), set(cases.values())) == (permits, {1}), kind
        cases_rows = self.rows("SELECT id FROM permit_case")
        openings = self.rows("SELECT digest, case_id FROM case_opening")
        assert len(cases_rows) == len({case for _, case in openings}) == len(openings) == 2 * permits
        references = Counter(entry["reference"] for entry in self.journal("sms", "message"))
        assert references
        assert set(references.values()) == {1}
        paid = [json.loads(body)["bank_reference"] for _, body in self.facts("PaymentReceived")]
        assert len(set(paid)) == permits
        states = {state for (state,) in self.rows("SELECT DISTINCT state FROM delivery")}
        assert states == {"answered"}
