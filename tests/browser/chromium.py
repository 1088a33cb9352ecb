"""A Chromium without a window, spoken to over its debugging pipe (Chrome DevTools Protocol): no library, no port."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import select
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 60.0
"""After which an answer that has not come is a fault."""


class Chromium:
    """A browser with one page. `noticed` are the events that came, by method."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("chromium")
        assert program is not None, "no chromium: `make test-browser` installs it"
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        ours = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (to_browser, from_browser)]
        switches = ["--headless=new", "--remote-debugging-pipe", f"--user-data-dir={folder}", "--no-first-run"]
        switches += ["--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"]
        if os.geteuid() == 0:
            switches.append("--no-sandbox")  # Chromium's sandbox is not made for root; the page is our own
        quiet = [(os.POSIX_SPAWN_OPEN, each, os.devnull, os.O_WRONLY, 0) for each in (1, 2)]
        pipes = [(os.POSIX_SPAWN_DUP2, ours[0], 3), (os.POSIX_SPAWN_DUP2, ours[1], 4)]
        self._pid = os.posix_spawn(program, [program, *switches, "about:blank"], os.environ, file_actions=quiet + pipes)
        for each in (to_browser, from_browser, *ours):
            os.close(each)
        self._ids = itertools.count(1)
        self._session = ""
        self._buffer = b""
        self.noticed: list[tuple[str, dict[str, Any]]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol, and give its result."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            said = self._next(time.monotonic() + SECONDS)
            if said.get("id") == number:
                assert "error" not in said, (method, said["error"])
                result: dict[str, Any] = said["result"]
                return result
            if "method" in said:
                self.noticed.append((said["method"], said["params"]))

    def open(self, url: str) -> None:
        """Load a page."""
        self.noticed.clear()
        self.ask("Page.navigate", url=url)
        self.run(
            "new Promise(done => { document.readyState === 'complete' ? done() : addEventListener('load', done) })"
        )

    def run(self, script: str) -> Any:
        """Give the value of an expression in the page; a promise is awaited."""
        said = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def choose(self, selector: str, files: Sequence[Path]) -> None:
        """Choose files in a field for files."""
        found = self.ask("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")["result"]
        self.ask("DOM.setFileInputFiles", files=[str(each) for each in files], objectId=found["objectId"])

    def close(self) -> None:
        """End the browser: it ends when its pipe does."""
        os.close(self._write)
        os.close(self._read)
        os.waitpid(self._pid, 0)

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"chromium said nothing for {SECONDS:.0f} s"
            came = os.read(self._read, 1 << 20)
            assert came, "chromium has ended"
            self._buffer += came
        message, _, self._buffer = self._buffer.partition(b"\0")
        said: dict[str, Any] = json.loads(message)
        return said


@contextmanager
def chromium(folder: Path) -> Iterator[Chromium]:
    """A browser for as long as it is needed."""
    browser = Chromium(folder)
    try:
        yield browser
    finally:
        browser.close()
