"""Databases for tests, on both engines: an empty one, or a copy of one that was furnished before."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.postgres import Server

ENGINES = ("sqlite", "postgres")


class Databases:
    """Makes databases: files in a folder, or on a server where there is one."""

    def __init__(self, folder: Path, server: Server | None = None, *, prefix: str = "t") -> None:
        self._folder = folder
        self._prefix = prefix  # two of these on one server need two
        self._server = server
        self._numbers = count(1)

    @contextmanager
    def new(self, template: str | None = None) -> Iterator[str]:
        """A URL of a database that is there until the block ends, as a copy of `template` (a URL) or empty.

        Nobody may be connected to the template meanwhile.
        """
        name = f"{self._prefix}{next(self._numbers)}"
        if self._server is None:
            path = self._folder / f"{name}.db"
            if template is not None:
                shutil.copyfile(_name(template), path)
            yield f"sqlite:///{path}"
            return
        try:
            yield self._server.create(name, "template0" if template is None else _name(template))
        finally:
            self._server.drop(name)


def _name(url: str) -> str:
    return make_url(url).database or ""
