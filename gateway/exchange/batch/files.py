"""Files of a folder that others write to: nothing that leads out of it is followed, nothing is seen half-written.

Whoever may write there may put a link in place of any file or folder. So each folder is opened step by step from the
office's own one, no step being a link, and everything in it is named relative to what was opened.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.errors import Malformed

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_READABLE = 0o640
"""What is written can be read by its group: that is how whoever fetches it gets at it, whatever the umask."""

_SHARED = 0o2770
"""Folders that are made here are their group's too, who puts files there; what is in them belongs to that group."""


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


@dataclass(frozen=True)
class Folder:
    """An open folder. What it does raises OSError; a link in place of a file or a folder is such an error."""

    descriptor: int

    @contextmanager
    def folder(self, *names: str) -> Iterator[Folder]:
        """A folder below this one, made where it is missing."""
        at = os.dup(self.descriptor)
        try:
            for name in names:
                is_new = False
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=at)
                    is_new = True
                below = os.open(name, _FOLDER, dir_fd=at)
                os.close(at)
                at = below
                if is_new:
                    os.fchmod(at, _SHARED)
            yield Folder(at)
        finally:
            os.close(at)

    def names(self) -> list[str]:
        """What is in it, but for hidden files, in order."""
        found = os.listdir(self.descriptor)  # noqa: PTH208 - an open folder has no path
        return sorted(each for each in found if not each.startswith("."))

    def has(self, name: str) -> bool:
        """Whether there is anything of that name."""
        try:
            self.look(name)
        except FileNotFoundError:
            return False
        return True

    def look(self, name: str) -> os.stat_result:
        """What a file is, or the link that stands in its place."""
        return os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)

    @contextmanager
    def opened(self, name: str) -> Iterator[int]:
        """A plain file, to be read. Raises also Malformed."""
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self.descriptor)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Malformed(f"{name} is no plain file", code="batch-file-name")
            yield descriptor
        finally:
            os.close(descriptor)

    def read(self, name: str, most: int) -> bytes:
        """The first `most` bytes of a plain file. Raises as `opened` does."""
        with self.opened(name) as descriptor:
            return os.read(descriptor, most)

    def write(self, name: str, body: bytes | Iterator[bytes]) -> None:
        """Write a file that appears whole under its name, and stays after a power failure.

        What stands under the name of the unfinished file, left behind or laid there by somebody, is removed and never
        written to.
        """
        part = f".{name}.part"
        self.remove(part)
        with os.fdopen(os.open(part, _NEW, 0o600, dir_fd=self.descriptor), "wb") as out:
            os.fchmod(out.fileno(), _READABLE)
            for each in (body,) if isinstance(body, bytes) else body:
                out.write(each)
            out.flush()
            os.fsync(out.fileno())
        os.replace(part, name, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        os.fsync(self.descriptor)

    def remove(self, name: str) -> None:
        """Remove a file or a link, if there is one."""
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self.descriptor)


@contextmanager
def opened_root(path: Path) -> Iterator[Folder]:
    """The folder that the office has set. It is the office's own: it alone may be a link. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Folder(descriptor)
    finally:
        os.close(descriptor)


def move_files(source: Folder, to: Folder, *names: str) -> None:
    """Move files in this order; one that is not there any more was moved before. Raises OSError."""
    for each in names:
        with suppress(FileNotFoundError):
            os.replace(each, each, src_dir_fd=source.descriptor, dst_dir_fd=to.descriptor)
    os.fsync(to.descriptor)
    os.fsync(source.descriptor)
