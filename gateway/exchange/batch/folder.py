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

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import structlog

from gateway.contract.adapter import Batch, Interaction
from gateway.domain.errors import GatewayError
from gateway.exchange.batch.documents import ENDED
from gateway.exchange.batch.files import Folder, locked, opened_root
from gateway.exchange.batch.taking import MANIFEST, Desk, NotYet, Taking
from gateway.exchange.batch.uploads import Uploads
from gateway.exchange.directory import Directory
from gateway.exchange.inbound import Inbound
from gateway.exchange.wire import Wire
from gateway.store.reading import Reader

DONE = ".done"
"""Lies beside what was taken once the result is written: it is written once, and the agency may fetch it away."""

_log = structlog.get_logger("simojo.folder")


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
        self._uploads = uploads
        self._directory = directory
        self._reader = reader
        self._taking = Taking(
            inbound=inbound, uploads=uploads, directory=directory, reader=reader, wire_of=wire_of, clock=clock
        )
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

    def _work(self, desk: Desk) -> int:
        """How much was done."""
        self._taking.forget(desk)
        done = sum(self._attempt(self._taking.take, desk, each) for each in _manifests(desk.incoming))
        return done + sum(self._attempt(self._give, desk, each) for each in desk.taken.names())

    def _attempt(self, step: Callable[[Desk, str], bool], desk: Desk, name: str) -> bool:
        """One step for one file; False also when it has to wait."""
        try:
            return step(desk, name)
        except (NotYet, FileNotFoundError):
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

    # --- giving -------------------------------------------------------------------------------------------------------

    def _give(self, desk: Desk, batch: str) -> bool:
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
            desk.out.write(f"{batch}.result.{form}", result.read(0, result.size))
            desk.out.write(f"{batch}.report.jws", (report.signature or "").encode())
            desk.out.write(f"{batch}.report.json", report.body)
            kept.write(DONE, b"")
        return True

    # --- within -------------------------------------------------------------------------------------------------------

    def _served(self) -> Iterator[tuple[str, Interaction]]:
        """All interactions that are files of records, of the agencies that have a folder."""
        for agency, adapter in self._directory.adapters.items():
            for each in adapter.interactions:
                if isinstance(each, Batch) and not each.is_of_office and (self._root / agency).is_dir():
                    yield agency, each

    @contextmanager
    def _desk(self, agency: str, interaction: Interaction) -> Iterator[Desk]:
        """The folders of one interaction; what is missing of them is made."""
        with ExitStack() as opened:
            root = opened.enter_context(opened_root(self._root))
            own = opened.enter_context(root.folder(agency, interaction.name))
            incoming, taken, refused, out = (
                opened.enter_context(own.folder(name)) for name in ("in", "taken", "refused", "out")
            )
            yield Desk(agency, interaction, incoming, taken, refused, out)


def _manifests(folder: Folder) -> list[str]:
    """The names of the manifests in a folder, without what they end with."""
    return [each.removesuffix(MANIFEST) for each in folder.names() if each.endswith(MANIFEST)]
