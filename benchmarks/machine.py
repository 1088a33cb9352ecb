"""The machine and what runs on it: names and versions, free ports, processes with their memory and processor time."""

from __future__ import annotations

import os
import platform
import random
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.load import LoadFailed

ROOT = Path(__file__).parents[1]
LATEST = ROOT / "benchmarks" / "latest.json"
LIBRARIES = (
    "cryptography",
    "xmlsec",
    "lxml",
    "jsonschema",
    "jsonschema-rs",
    "joserfc",
    "fastapi",
    "uvicorn",
    "sqlalchemy",
    "sqlmodel",
)
_START_S = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")


def describe(folder: Path) -> dict[str, object]:
    """What the figures are of: processor, cores, memory, system, Python, libraries, file system of the stores."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "file_system": _file_system(folder),
        "libraries": {name: version(name) for name in LIBRARIES},
    }


def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="ascii", errors="replace").splitlines() if info.exists() else []
    return next((each.partition(":")[2].strip() for each in lines if each.startswith("model name")), "") or (
        platform.processor() or platform.machine()
    )


def _file_system(folder: Path) -> str:
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    found = ("", "unknown")
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        _, place, kind, *_ = line.split()
        inside = place == "/" or f"{folder.resolve()}/".startswith(f"{place}/")
        if inside and len(place) >= len(found[0]):
            found = (place, kind)
    return found[1]


def free_port() -> int:
    """A port at which nobody listens, below those from which the machine's own connections leave."""
    for _ in range(100):
        port = random.randint(20_000, 32_000)  # noqa: S311 - any will do
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise LoadFailed("no port is free between 20000 and 32000")


@dataclass
class Running:
    """A process of the measurement. Its output goes to `log`."""

    process: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    @classmethod
    def start(
        cls, arguments: Sequence[str], *, log: Path, folder: Path, env: Mapping[str, str], port: int = 0
    ) -> Running:
        """Start our own Python with these arguments."""
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, *arguments],
                cwd=folder,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
            )
        return cls(process, log, port)

    def await_listening(self) -> None:
        """Wait until it takes connections at its port. Raises LoadFailed with its output when it ends before."""
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise LoadFailed(f"{self._name} ended with {self.process.returncode} at its start:\n{self.said()}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)  # a process that starts says nothing that could be waited for
        raise LoadFailed(f"{self._name} does not listen after {_START_S:.0f} s:\n{self.said()}")

    def end(self) -> None:
        """End it: its standard input ends, then SIGTERM, then it is killed."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def said(self) -> str:
        """The end of its output."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-4000:]

    def peak_mb(self) -> float:
        """The most memory that it has had since its start (VmHWM), in MB of 10^6 bytes; 0 where it is not known."""
        return self._status("VmHWM") * 1024 / 1e6

    def cpu_s(self) -> float:
        """Processor time of it and its threads, in seconds; 0 where it is not known."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return 0.0
        fields = stat.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def _name(self) -> str:
        return self.log.stem

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status")
        lines = status.read_text(encoding="ascii", errors="replace").splitlines() if status.exists() else []
        return next((int(each.split()[1]) for each in lines if each.startswith(f"{name}:")), 0)
