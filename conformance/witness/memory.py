"""What a witness keeps in its folder: its key, the last checkpoint that it co-signed, and the evidence of refusals.

    witness.key          32 random bytes in base64; whoever has it can co-sign in the witness's name
    checkpoint.txt       the last co-signed checkpoint, written whole before its line leaves
    evidence/*.json      what was refused: both signed checkpoints, the proof, why, when; never written over

A file is written beside, synced to the disk, and moved into its place: after a crash there is the old or the new one.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from conformance.notes import Checkpoint, WitnessKey, read_checkpoint
from gateway.domain.errors import Misconfigured, Tampered

KEY_FILE, CHECKPOINT_FILE, EVIDENCE, LOCK_FILE = "witness.key", "checkpoint.txt", "evidence", "lock"


class Memory:
    """A witness's folder, for one process at a time. Raises Misconfigured where another has it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._held = (folder / LOCK_FILE).open("w")  # until the process ends
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._held.close()
            raise Misconfigured(f"another witness runs in {folder}: end it, or take another folder") from None

    def key(self, name: str, random_bytes: Callable[[int], bytes]) -> WitnessKey:
        """Its key; made when there is none and nothing was ever co-signed. Raises Misconfigured."""
        path = self.folder / KEY_FILE
        if not path.exists():
            if (self.folder / CHECKPOINT_FILE).exists():
                raise Misconfigured(f"{path} is gone: put it back, or begin in an empty folder with a new name")
            self._write(path, base64.b64encode(random_bytes(32)).decode() + "\n", mode=0o600)
        try:
            seed = base64.b64decode(path.read_text().strip(), validate=True)
        except (ValueError, binascii.Error):
            seed = b""
        if len(seed) != 32:
            raise Misconfigured(f"{path} does not hold 32 bytes in base64: put the right one back")
        return WitnessKey(name, seed)

    def last(self) -> Checkpoint | None:
        """The last checkpoint that it co-signed. Raises Tampered for a file that is none."""
        path = self.folder / CHECKPOINT_FILE
        if not path.exists():
            return None
        try:
            return read_checkpoint(path.read_text(encoding="utf-8"))
        except ValueError as fault:
            raise Tampered(f"{path} was changed ({fault}): put the right one back from your backup") from None

    def remember(self, checkpoint: Checkpoint) -> None:
        """Keep it as the last one. It is on the disk when this returns."""
        self._write(self.folder / CHECKPOINT_FILE, checkpoint.note)

    def keep_evidence(self, name: str, said: Mapping[str, object]) -> Path:
        """Keep what was refused, under a name that is not taken yet; gives the file."""
        folder = self.folder / EVIDENCE
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.json"
        if not path.exists():  # the same refusal again says nothing new
            self._write(path, json.dumps(said, ensure_ascii=False, indent=1) + "\n")
        return path

    def close(self) -> None:
        """Let another process have the folder."""
        self._held.close()

    def _write(self, path: Path, text: str, mode: int = 0o644) -> None:
        part = path.with_name(f"{path.name}.part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:  # noqa: PTH123 - a file of that mode from its first byte on
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
