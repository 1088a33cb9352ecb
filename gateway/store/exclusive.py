"""One hub process for an embedded store: a lock on a file beside it, which the system lets go when the process ends.

A store on a server has room for any number of processes: there is nothing to lock.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sqlalchemy.engine import make_url

from gateway.domain.errors import Misconfigured


class HubLock:
    """Held from `take` to `release`, or to the end of the process, killed or not."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self._path = Path(f"{parsed.database}.hub-lock") if parsed.get_backend_name() == "sqlite" else None
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raise Misconfigured `store-in-use` when another hub process runs on this store."""
        if self._path is None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Misconfigured(
                "another hub process runs on this store; on SQLite one is all there may be: stop it"
                " first, or move the store to PostgreSQL",
                code="store-in-use",
            ) from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Let another process have it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
