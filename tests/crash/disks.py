"""Small file systems: mounted, filled, made read-only."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def mounted(folder: Path, size_mb: int) -> Iterator[Path]:
    """A small file system of its own. Raises CalledProcessError where mounting is not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def can_mount() -> bool:
    """Whether file systems may be mounted here."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            with mounted(Path(folder) / "m", 1):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("ab", buffering=0) as file:
        for size in (2**20, 4096, 512):
            try:
                while file.write(b"\0" * size) == size:
                    continue
            except OSError:
                continue


def remount(folder: Path, how: str) -> None:
    """Let it be read only (`ro`) or written again (`rw`); nobody may have a file open for writing."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)
