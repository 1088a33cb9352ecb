"""Where processes are born quickly: a process that has imported the hub, and forks one whenever it is asked.

A hub needs seconds of processor time to be imported, and here it dies every second. What is forked is a process as any
other: it runs the very command, with an environment, a log and a fate of its own, and kill -9 is kill -9.

    start   {"command", "environment", "folder", "log", "clock"} as a line of JSON -> its process id as a line

`clock` names a file: the process lives that many seconds beside the machine's time (a wrong clock, set as it runs).
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import select
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when its parent is gone."""


class Nursery:
    """The process that forks. It ends with whoever started it, and its children with it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._lock = threading.Lock()

    def start(self, **order: Any) -> Child:
        """Fork one."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
            return Child(int(self._process.stdout.readline()))

    def close(self) -> None:
        """Fork no more: it holds nothing that would have to be put away."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class Outright:
    """The same without forking: each process imports what it needs itself, and its memory is its own."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, **order: Any) -> Child:
        """Start one; it has no clock of its own."""
        assert order.get("clock") is None, "only a forked process can have a clock of its own"
        with Path(order["log"]).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway.cli", *order["command"]],
                cwd=order["folder"],
                env=order["environment"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._started.append(process)
        return Child(process.pid)

    def close(self) -> None:
        """Take leave of those that have ended."""
        for process in self._started:
            process.poll()


class Child:
    """A forked process, from outside: held by a descriptor, so that its number cannot come to mean another."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def is_running(self) -> bool:
        """Whether it has not ended."""
        return not self.wait(0)

    def send(self, what: signal.Signals) -> None:
        """Signal it, if it is there."""
        if self._descriptor >= 0 and self.is_running():
            signal.pidfd_send_signal(self._descriptor, what)

    def wait(self, within_s: float) -> bool:
        """Wait until it has ended; whether it has."""
        if self._descriptor < 0:
            return True
        if not select.select([self._descriptor], [], [], within_s)[0]:
            return False
        os.close(self._descriptor)
        self._descriptor = -1
        return True


class FileClock:
    """The machine's time and so many seconds as stand in a file, which may change at any moment."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=float(self._path.read_text(encoding="ascii") or 0))


def main() -> None:
    """Fork at every line of standard input, until it ends."""
    import gateway.cli.commands
    import gateway.cli.serve  # noqa: F401 - the same

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the ended are forgotten at once
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _live(order)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


def _live(order: dict[str, Any]) -> None:
    """Be the process that was ordered, and end with it."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        random.seed()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        os.chdir(order["folder"])
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, log), (2, log)):
            os.dup2(source, target)
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = ["simojo", *order["command"]]
        code = _command(order.get("clock"))
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - a forked process must not come back into the loop of its parent
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _command(clock: str | None) -> int:
    from gateway import app
    from gateway.cli import main as command

    with ExitStack() as stack:
        for module, name in (("serve", "Gateway"), ("worker", "Worker")):
            if clock is not None and hasattr(app, name):
                wrong = partial(getattr(app, name), clock=FileClock(Path(clock)))
                stack.enter_context(mock.patch(f"gateway.cli.{module}.{name}", wrong))
        command()
    return 0


if __name__ == "__main__":
    main()
