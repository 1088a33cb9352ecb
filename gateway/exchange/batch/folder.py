"""Files of records in a watched folder, for agencies that put files where somebody else fetches them.

    <folder>/<agency>/<interaction>/in/              <name>.manifest.json, <name>.manifest.jws, and the file it names
                                    taken/<batch>/   what was taken, with .done once its result is written
                                    refused/         what was not, with <name>.refused.txt
                                    out/             <batch>.result.csv (or .jsonl), <batch>.report.json and .jws

A file may have the same name every day. What is kept and what is given is named by the batch, which is the agency's
own name for the file, and counts once.

The manifest is signed like any message and goes the way of any message; only, how old it is does not matter: its name
counts once. A file that is not whole yet is left alone, until it has the announced size and digest. Its bytes become
the same pieces that an upload makes, and from there on there is no difference.

One process works in the folder at a time: a lock on a file in it, which the system lets go with the process. Each step
can be taken again: bytes go on where the store says, files are moved with the manifest last, and what is written
appears whole under its name.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import structlog

from gateway.contract.adapter import Batch, Interaction
from gateway.contract.message import Json, Message, Transport
from gateway.domain.errors import GatewayError, HubBusy, Malformed, Refused, Retriable, Unauthenticated
from gateway.exchange.batch.announcing import canonical_text
from gateway.exchange.batch.documents import ENDED, PIECE_BYTES
from gateway.exchange.batch.files import Folder, locked, move_files, opened_root
from gateway.exchange.batch.uploads import Uploads, WrongOffset
from gateway.exchange.directory import Directory
from gateway.exchange.inbound import Inbound
from gateway.exchange.wire import Wire
from gateway.store.pending import Going, Pending, Waiting
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow
from gateway.validation.json_parse import parse_json

MANIFEST, SIGNATURE = ".manifest.json", ".manifest.jws"
DONE = ".done"
"""Lies beside what was taken once the result is written: it is written once, and the agency may fetch it away."""

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
class _Desk:
    """The open folders of one interaction of an agency."""

    agency: str
    interaction: Interaction
    incoming: Folder
    taken: Folder
    refused: Folder
    out: Folder


class _NotYet(Exception):
    """The file is not whole: it is left alone."""


class WatchedFolder:
    """Works in the folder. One for the process, called by one thread at a time."""

    def __init__(
        self,
        root: Path,
        *,
        inbound: Inbound,
        uploads: Uploads,
        directory: Directory,
        reader: Reader,
        wire_of: Callable[[str, Interaction], Wire],
        clock: Callable[[], datetime],
    ) -> None:
        self._root = root
        self._inbound = inbound
        self._uploads = uploads
        self._directory = directory
        self._reader = reader
        self._wire_of = wire_of
        self._clock = clock
        self._other: dict[tuple[str, str, str], tuple[int, int]] = {}
        self._later: dict[tuple[str, str, str], tuple[datetime, Refused]] = {}
        self._found: dict[str, None] = {}
        self._troubles: tuple[str, ...] = ()

    @property
    def troubles(self) -> tuple[str, ...]:
        """What stood still in the last round and why, a sentence each. Empty for a process that has no turn here."""
        return self._troubles

    def run_once(self) -> bool:
        """Take what is there, and write the results of what has ended; whether anything was done.

        A fault of one file, of one folder, holds up no other: it is told in `troubles`. Raises OSError for the root.
        """
        done, self._found = 0, {}
        with locked(self._root / ".lock") as is_mine:
            for agency, interaction in self._served() if is_mine else ():
                try:
                    with self._desk(agency, interaction) as desk:
                        done += self._work(desk)
                except OSError as fault:  # a link, a disk that is full
                    self._trouble(agency, interaction.name, f"cannot be worked in: {fault.strerror}")
        self._troubles = tuple(self._found)
        return done > 0

    def _work(self, desk: _Desk) -> int:
        """How much was done."""
        self._forget(desk)
        done = sum(self._attempt(self._take, desk, each) for each in _manifests(desk.incoming))
        return done + sum(self._attempt(self._give, desk, each) for each in desk.taken.names())

    def _attempt(self, step: Callable[[_Desk, str], bool], desk: _Desk, name: str) -> bool:
        """One step for one file; False also when it has to wait."""
        try:
            return step(desk, name)
        except (_NotYet, FileNotFoundError):
            return False
        except OSError as fault:  # a link, a file that may not be read, a disk that is full
            said = fault.strerror or type(fault).__name__
        except GatewayError as fault:
            said = fault.text
        self._trouble(desk.agency, desk.interaction.name, f"{name[:120]} waits: {said}")
        return False

    def _trouble(self, agency: str, interaction: str, said: str) -> None:
        sentence = f"folder {agency}/{interaction}: {said}"
        if sentence not in self._troubles and sentence not in self._found:  # once, not every round
            _log.error("folder-stands-still", agency=agency, interaction=interaction, cause=said)
        self._found[sentence] = None

    # --- taking -------------------------------------------------------------------------------------------------------

    def _take(self, desk: _Desk, name: str) -> bool:
        """Take one file, or refuse it.

        Raises _NotYet, OSError, Retriable, and Refused with a code of `LATER`, for one that is left alone for now.
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

    def _check_now(self, desk: _Desk, manifest: str) -> None:
        """Raise Refused with a code of `LATER` where it would be refused for now; nothing is written for that."""
        self._directory.current(desk.agency).check_not_suspended()
        until, refusal = self._later.get((desk.agency, desk.interaction.name, manifest), (self._clock(), None))
        if refusal is not None and self._clock() < until:
            raise refusal

    def _forget(self, desk: _Desk) -> None:
        """Forget what was remembered of files that are not there any more."""
        here, own = set(desk.incoming.names()), (desk.agency, desk.interaction.name)
        self._other = {key: each for key, each in self._other.items() if key[:2] != own or key[2] in here}
        self._later = {key: each for key, each in self._later.items() if key[:2] != own or key[2] in here}

    def _check_quiet(self, desk: _Desk, name: str) -> None:
        """Raise _NotYet for a small file that was written a moment ago, FileNotFoundError for one that is not there."""
        if 0 <= self._age_s(desk.incoming.look(name).st_mtime) < QUIET_S:
            raise _NotYet

    def _check_whole(self, desk: _Desk, manifest: object, file: str) -> None:
        """Raise _NotYet for a file that may still be written, Malformed for one that is another."""
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
            raise _NotYet
        raise Malformed(
            f"{file} has {found.st_size} bytes and not the announced size and SHA-256, and has not changed for "
            f"{PATIENCE_S / 60:.0f} minutes: put the right file and a new manifest here",
            code="batch-file-differs",
        )

    def _taken(self, desk: _Desk, manifest: Json) -> BatchRow | None:
        """The batch of a manifest, if the store has all of its file: then this was ended while it moved the files."""
        if not isinstance(manifest, dict):
            return None
        row = self._reader.batch_by_name(desk.agency, desk.interaction.name, str(manifest.get("batch")))
        is_whole = row is not None and row.received == row.size and row.manifest == canonical_text(manifest)
        return row if is_whole else None

    def _announced(self, desk: _Desk, manifest: bytes, signature: str) -> BatchRow:
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

    def _sent(self, desk: _Desk, row: BatchRow, file: str) -> None:
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
            raise _NotYet  # it became shorter meanwhile

    def _refuse(self, desk: _Desk, name: str, refusal: Refused, *files: str) -> None:
        desk.refused.write(_sentence_of(name), f"{refusal.text} [{refusal.code}]\n".encode())
        move_files(desk.incoming, desk.refused, *files, f"{name}{SIGNATURE}", f"{name}{MANIFEST}")
        _log.warning("file-refused", agency=desk.agency, file=f"{name}{MANIFEST}"[:200], code=refusal.code)

    # --- giving -------------------------------------------------------------------------------------------------------

    def _give(self, desk: _Desk, batch: str) -> bool:
        """Write the result of a batch that was taken, once; False when there is none yet, or it was written.

        Raises OSError, GatewayError.
        """
        row = self._reader.batch_by_name(desk.agency, desk.interaction.name, batch)
        if row is None or row.state not in ENDED:
            return False
        with desk.taken.folder(batch) as kept:
            if kept.has(DONE):
                return False
            result, report = self._uploads.result(row), self._uploads.report(row, kept=True)
            form = "csv" if result.media_type == "text/csv" else "jsonl"
            desk.out.write(f"{batch}.result.{form}", result.pieces)
            desk.out.write(f"{batch}.report.jws", (report.signature or "").encode())
            desk.out.write(f"{batch}.report.json", report.body)
            kept.write(DONE, b"")
        return True

    # --- within -------------------------------------------------------------------------------------------------------

    def _age_s(self, changed_at: float) -> float:
        """How long ago that was; below zero for a time to come, which says nothing."""
        return self._clock().timestamp() - changed_at

    def _served(self) -> Iterator[tuple[str, Interaction]]:
        """All interactions that are files of records, of the agencies that have a folder."""
        for agency, adapter in self._directory.adapters.items():
            for each in adapter.interactions:
                if isinstance(each, Batch) and not each.is_of_office and (self._root / agency).is_dir():
                    yield agency, each

    @contextmanager
    def _desk(self, agency: str, interaction: Interaction) -> Iterator[_Desk]:
        """The folders of one interaction; what is missing of them is made."""
        with ExitStack() as opened:
            root = opened.enter_context(opened_root(self._root))
            own = opened.enter_context(root.folder(agency, interaction.name))
            incoming, taken, refused, out = (
                opened.enter_context(own.folder(name)) for name in ("in", "taken", "refused", "out")
            )
            yield _Desk(agency, interaction, incoming, taken, refused, out)


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


def _manifests(folder: Folder) -> list[str]:
    """The names of the manifests in a folder, without what they end with."""
    return [each.removesuffix(MANIFEST) for each in folder.names() if each.endswith(MANIFEST)]


def _sentence_of(name: str) -> str:
    """The file that says why a manifest was refused."""
    return f"{name}.refused.txt"


def _file_of(manifest: object) -> str:
    """The file that a manifest names, in the folder of the manifest. Raises Malformed."""
    name = manifest.get("fileName") if isinstance(manifest, dict) else None
    if not isinstance(name, str) or not name or "/" in name or "\0" in name or name.startswith("."):
        raise Malformed("the manifest names no file of this folder as fileName", code="batch-file-name")
    return name


def _named(desk: _Desk, manifest: str) -> Iterator[str]:
    """The file that a manifest names, if it names one."""
    try:
        yield _file_of(parse_json(desk.incoming.read(manifest, MANIFEST_BYTES), max_bytes=MANIFEST_BYTES))
    except (Malformed, OSError):
        return
