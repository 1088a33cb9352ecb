"""Files of a folder that others write to: nothing that leads out of it is followed, nothing is seen half-written."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.domain.errors import Malformed


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Whether no other process holds this lock, until the block ends. The system lets it go with the process."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


@contextmanager
def opened_file(path: Path) -> Iterator[int]:
    """A plain file of this folder, and nothing that leads out of it. Raises Malformed, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Malformed(f"{path.name} is no plain file", code="batch-file-name")
        yield descriptor
    finally:
        os.close(descriptor)


def read_file(path: Path, most: int) -> bytes:
    """The first `most` bytes of a plain file. Raises as `opened_file` does."""
    with opened_file(path) as descriptor:
        return os.read(descriptor, most)


def write_file(path: Path, body: bytes | Iterator[bytes]) -> None:
    """Write a file that appears whole under its name, and stays after a power failure."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as out:
        for each in (body,) if isinstance(body, bytes) else body:
            out.write(each)
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)


def move_files(to: Path, *files: Path) -> None:
    """Move files in this order; one that is not there any more was moved before."""
    for each in files:
        if each.exists():
            each.replace(to / each.name)
