"""One file of a watched folder on its way into the store: quiet, whole, announced, sent; or refused with a sentence.

The manifest goes through the pipeline as the body of any message does. What belongs to it is moved when the store has
all bytes, the manifest last: whoever ends between any two steps goes on from there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from gateway.contract.adapter import Interaction
from gateway.contract.message import Json, Message, Transport
from gateway.domain.errors import HubBusy, Malformed, Refused, Retriable, Unauthenticated
from gateway.exchange.batch.announcing import canonical_text
from gateway.exchange.batch.documents import PIECE_BYTES
from gateway.exchange.batch.files import Folder, move_files
from gateway.exchange.batch.uploads import Uploads, WrongOffset
from gateway.exchange.directory import Directory
from gateway.exchange.inbound import Inbound
from gateway.exchange.refusing import in_indonesian
from gateway.exchange.wire import Wire
from gateway.store.pending import Going, Pending, Waiting
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow
from gateway.validation.json_parse import parse_json

MANIFEST, SIGNATURE = ".manifest.json", ".manifest.jws"

MANIFEST_BYTES = 64 * 1024
QUIET_S = 10.0
"""A manifest and its signature are read when neither has changed for so long."""

PATIENCE_S = 600.0
"""A file that has the announced size and another digest is refused when it has not changed for so long."""

LATER = frozenset({"agency-suspended", "agreement-not-yet"})
"""Refusals of what may be let in later as it is, and that the agency need not know of: it is left in its place."""

LATER_S = 600.0
"""It is announced again after so long: each refusal is a leaf."""

T = TypeVar("T")

_log = structlog.get_logger("simojo.folder")


@dataclass(frozen=True)
class Desk:
    """The open folders of one interaction of an agency."""

    agency: str
    interaction: Interaction
    incoming: Folder
    taken: Folder
    refused: Folder
    out: Folder


class NotYet(Exception):
    """The file is not whole: it is left alone."""


class Taking:
    """Takes files. For one thread. It remembers what it saw of files that have to wait, and nothing that must last."""

    def __init__(
        self,
        *,
        inbound: Inbound,
        uploads: Uploads,
        directory: Directory,
        reader: Reader,
        wire_of: Callable[[str, Interaction], Wire],
        clock: Callable[[], datetime],
    ) -> None:
        self._inbound = inbound
        self._uploads = uploads
        self._directory = directory
        self._reader = reader
        self._wire_of = wire_of
        self._clock = clock
        self._other: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._later: dict[tuple[str, str, str], tuple[datetime, Refused]] = {}

    def take(self, desk: Desk, name: str) -> bool:
        """Take one file, or refuse it.

        Raises NotYet, OSError, Retriable, and Refused with a code of `LATER`, for one that is left alone for now.
        """
        manifest, beside = f"{name}{MANIFEST}", f"{name}{SIGNATURE}"
        is_announced = False
        try:
            said = desk.incoming.read(manifest, MANIFEST_BYTES)
            self._check_quiet(desk, manifest)
            body = parse_json(said, max_bytes=MANIFEST_BYTES)
            file = _file_of(body)
            batch = self._taken(desk, body)
            if batch is None:
                self._check_quiet(desk, beside)
                self._check_whole(desk, body, file)
                self._check_now(desk, manifest)
                signature = desk.incoming.read(beside, MANIFEST_BYTES).decode("ascii", "replace").strip()
                is_announced = True
                batch = self._announced(desk, said, signature)
                self._sent(desk, batch, file)
        except FileNotFoundError as missing:
            if desk.incoming.has(manifest) and self._age_s(desk.incoming.look(manifest).st_mtime) > PATIENCE_S:
                raise Retriable(
                    f"{missing.filename} is not here: put it beside", code="batch-file-missing"
                ) from missing
            raise
        except Refused as refusal:
            if refusal.code in LATER:
                if is_announced:
                    later = self._clock() + timedelta(seconds=LATER_S)
                    self._later[(desk.agency, desk.interaction.name, manifest)] = later, refusal
                raise
            # what somebody else wrote there moves no file of the agency's
            is_theirs = is_announced and not isinstance(refusal, Unauthenticated)
            self._refuse(desk, name, refusal, *(_named(desk, manifest) if is_theirs else ()))
            return True
        with desk.taken.folder(batch.name) as kept:
            move_files(desk.incoming, kept, file, beside, manifest)
        desk.refused.remove(_sentence_of(name))
        _log.info("file-taken", agency=desk.agency, interaction=desk.interaction.name, file=manifest[:200])
        return True

    def _check_now(self, desk: Desk, manifest: str) -> None:
        """Raise Refused with a code of `LATER` where it would be refused for now; nothing is written for that."""
        self._directory.current(desk.agency).check_not_suspended()
        until, refusal = self._later.get((desk.agency, desk.interaction.name, manifest), (self._clock(), None))
        if refusal is not None and self._clock() < until:
            raise refusal

    def forget(self, desk: Desk) -> None:
        """Forget what was remembered of files that are not there any more."""
        here, own = set(desk.incoming.names()), (desk.agency, desk.interaction.name)
        self._other = {key: each for key, each in self._other.items() if key[:2] != own or key[2] in here}
        self._later = {key: each for key, each in self._later.items() if key[:2] != own or key[2] in here}

    def _check_quiet(self, desk: Desk, name: str) -> None:
        """Raise NotYet for a small file that was written a moment ago, FileNotFoundError for one that is not there."""
        if 0 <= self._age_s(desk.incoming.look(name).st_mtime) < QUIET_S:
            raise NotYet

    def _check_whole(self, desk: Desk, manifest: object, file: str) -> None:
        """Raise NotYet for a file that may still be written, Malformed for one that is another."""
        said = manifest if isinstance(manifest, dict) else {}
        size, sha256 = said.get("bytes"), said.get("sha256")
        key = (desk.agency, desk.interaction.name, file)
        with desk.incoming.opened(file) as descriptor:
            found = os.fstat(descriptor)
            if found.st_size == size and self._other.get(key) != (found.st_size, found.st_mtime_ns):
                digest = hashlib.sha256()
                while piece := os.read(descriptor, PIECE_BYTES):
                    digest.update(piece)
                if digest.hexdigest() == sha256:
                    return
                self._other[key] = (found.st_size, found.st_mtime_ns)
        if 0 <= self._age_s(found.st_mtime) < PATIENCE_S:
            raise NotYet
        raise Malformed(
            f"{file} has {found.st_size} bytes and not the announced size and SHA-256, and has not changed for "
            f"{PATIENCE_S / 60:.0f} minutes: put the right file and a new manifest here",
            code="batch-file-differs",
        )

    def _taken(self, desk: Desk, manifest: Json) -> BatchRow | None:
        """The batch of a manifest, if the store has all of its file: then this was ended while it moved the files."""
        if not isinstance(manifest, dict):
            return None
        row = self._reader.batch_by_name(desk.agency, desk.interaction.name, str(manifest.get("batch")))
        is_whole = row is not None and row.received == row.size and row.manifest == canonical_text(manifest)
        return row if is_whole else None

    def _announced(self, desk: Desk, manifest: bytes, signature: str) -> BatchRow:
        """The batch of a manifest that went the way of any message. Raises Refused, or Retriable: it may come later."""
        message = Message(
            agency=desk.agency,
            interaction=desk.interaction.name,
            transport=Transport.REST,
            method="POST",
            path=f"/rest/{desk.agency}/{desk.interaction.name}",
            headers={"content-type": "application/json", "x-jws-signature": signature, "accept-language": "id"},
            body=manifest,
            received_at=self._clock(),
            address="",
            from_folder=True,
        )
        wire = self._wire_of(desk.agency, desk.interaction)
        sealed = _settled(self._inbound.begin(message, wire, desk.interaction))
        answer = json.loads(sealed.body)
        if sealed.status in (429, 500, 503):
            raise Retriable(answer.get("detail", ""), code=answer.get("code"))
        if sealed.status == 401:
            raise Unauthenticated(answer.get("detail", ""), code=answer.get("code"))
        if sealed.status != 200:
            raise Refused(answer.get("detail", ""), code=answer.get("code"))
        row = self._reader.batch(answer["exchange"])
        if row is None:
            raise HubBusy("the batch cannot be read", after_s=5)
        return row

    def _sent(self, desk: Desk, row: BatchRow, file: str) -> None:
        """Let the store have all bytes of the file, from where it has them already."""
        at = row.received
        if at == row.size:
            return
        with desk.incoming.opened(file) as descriptor:
            os.lseek(descriptor, at, os.SEEK_SET)
            while at < row.size and (piece := os.read(descriptor, min(PIECE_BYTES, row.size - at))):
                try:
                    at = _settled(self._uploads.append(row, at, piece, last=False)).offset
                except WrongOffset as wrong:
                    at = wrong.offset
                    os.lseek(descriptor, at, os.SEEK_SET)
        if at < row.size:
            raise NotYet  # it became shorter meanwhile

    def _refuse(self, desk: Desk, name: str, refusal: Refused, *files: str) -> None:
        desk.refused.write(_sentence_of(name), f"{in_indonesian(refusal, refusal.text)} [{refusal.code}]\n".encode())
        move_files(desk.incoming, desk.refused, *files, f"{name}{SIGNATURE}", f"{name}{MANIFEST}")
        _log.warning("file-refused", agency=desk.agency, file=f"{name}{MANIFEST}"[:200], code=refusal.code)

    def _age_s(self, changed_at: float) -> float:
        """How long ago that was; below zero for a time to come, which says nothing."""
        return self._clock().timestamp() - changed_at


def _settled(going: Going[T]) -> T:
    """What comes of it, once it is durable."""
    while True:
        match going:
            case Pending():
                going.outcome.exception()  # waits
                going = going.take() if going.is_durable else going.otherwise()
            case Waiting():  # a mailbox alone is waited for, and nobody waits here
                going = going.again(True)
            case settled:
                return settled


def _sentence_of(name: str) -> str:
    """The file that says why a manifest was refused."""
    return f"{name}.refused.txt"


def _file_of(manifest: object) -> str:
    """The file that a manifest names, in the folder of the manifest. Raises Malformed."""
    name = manifest.get("fileName") if isinstance(manifest, dict) else None
    if not isinstance(name, str) or not name or "/" in name or "\0" in name or name.startswith("."):
        raise Malformed("the manifest names no file of this folder as fileName", code="batch-file-name")
    return name


def _named(desk: Desk, manifest: str) -> Iterator[str]:
    """The file that a manifest names, if it names one."""
    try:
        yield _file_of(parse_json(desk.incoming.read(manifest, MANIFEST_BYTES), max_bytes=MANIFEST_BYTES))
    except (Malformed, OSError):
        return
