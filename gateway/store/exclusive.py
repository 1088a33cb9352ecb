"""One hub process for an embedded store: a lock on a file beside it, which the system lets go when the process ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sqlalchemy.engine import make_url

from gateway.domain.errors import Misconfigured


class HubLock:
    """Held from `take` to `release`, or to the end of the process, killed or not."""

    def __init__(self, url: str) -> None:
        database = make_url(url).database or ""
        self._path = Path(f"{database}.hub-lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raise Misconfigured `store-in-use` when another hub process runs on this store."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Misconfigured(
                "another hub process runs on this store; on SQLite one is all there may be: stop it first",
                code="store-in-use",
            ) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
