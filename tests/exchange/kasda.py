"""A hub that sends files to the agency `kasda` (`tests.batch.kasda`), and what comes of them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

from gateway.app.hub import Gateway
from gateway.domain.events import Reference
from gateway.exchange.batch.aside import PutAside
from gateway.exchange.batch.documents import ENDED, RESULTS
from gateway.exchange.batch.office.beginning import Beginning, Order, Wanted
from gateway.exchange.batch.pieces import chunks
from gateway.operations.ledger_export import verify_store
from gateway.store.batches import LEASE
from gateway.store.tables import BatchRow
from gateway.validation.agreement_file import packaged_agreements, read_agreement
from gateway.validation.library import SchemaLibrary, default_roots
from tests.batch.kasda import AGREEMENT, KASDA, KIND
from tests.exchange.kasda_receiver import Quay, Receiver, Row
from tests.exchange.keys import agency_identity
from tests.exchange.stage import ADAPTERS, RINA, Stage, application, enrol
from tests.exchange.town import Door, Street

_LIBRARY = SchemaLibrary(default_roots((*ADAPTERS.values(), KASDA)))


@dataclass
class Treasury:
    """The hub, and the agency that takes its files."""

    stage: Stage
    receiver: Receiver

    @property
    def hub(self) -> Gateway:
        return self.stage.hub

    @property
    def beginning(self) -> Beginning:
        store = self.hub.store
        return Beginning(
            directory=self.hub.directory,
            reader=store.reader,
            unit_of_work=store.unit_of_work,
            leaves=store.leaves,
            vault=store.vault,
            clock=self.stage.clock,
            new_id=self.hub.casework.new_id,
        )

    def registered(self, *numbers: str, purpose: str = "Rumah tinggal", service: str = "krk") -> list[str]:
        """A case for each registration number, a second apart."""
        ids = []
        for each in numbers:
            self.stage.clock.advance(seconds=1)
            said = application(service)
            site = replace(said.site, purpose=purpose)
            opened = replace(said, references=(Reference(kind=KIND, value=each),), site=site)
            ids.append(self.hub.deeds.register(opened, RINA).id)
        self.stage.clock.advance(seconds=1)
        return ids

    def begin(self, form: str = "jsonl", name: str | None = None, wanted: Wanted | None = None) -> str:
        order = Order(agency="kasda", interaction="tunggakan", form=form, name=name, wanted=wanted or Wanted())
        return self.beginning.begin(order, "staff/siti")

    def work(self) -> None:
        """Until there is nothing to do now."""
        while self.hub.office_files.run_once():
            pass

    def finish(self, *, gives_up: bool = False) -> BatchRow:
        """Until the file has ended or is stopped, however long it waits; `gives_up`: what cannot be mapped."""
        for _ in range(100):
            self.work()
            row = self.row
            if row.state in ENDED or row.state == "stopped":
                return row
            if gives_up and row.held and row.state == "ending":
                store = self.hub.store
                aside = PutAside(store.reader, store.unit_of_work, store.leaves, store.vault, self.stage.clock)
                aside.give_up(row.id, "adapter tidak dapat membacanya", "staff/siti")
                continue
            wait = (row.due_at - self.stage.clock()).total_seconds()
            self.stage.clock.advance(seconds=max(wait, 1))
        raise AssertionError(f"{row.state}: {row.cause}")

    def taken_over(self) -> None:
        """The process is gone, and its claim runs out."""
        self.stage.clock.advance(seconds=LEASE.total_seconds() * 3)

    def verify(self) -> None:
        """The ledger holds all of it, and the stored bytes are those that it proves."""
        while self.hub.integrator.run_once():
            pass
        store = self.hub.store
        verify_store(store.reader, store.vault, store.note_key.verifier)

    @property
    def row(self) -> BatchRow:
        (row,) = self.hub.store.reader.batches()
        return row

    def account(self) -> list[Row]:
        """What became of each record, as the hub has it."""
        row = self.row
        text = b"".join(chunks(self.hub.store.reader, row.id, RESULTS, row.result_size)).decode()
        if row.format == "csv":
            return [{**row, "number": int(row["number"])} for row in csv.DictReader(io.StringIO(text, newline=""))]
        return [json.loads(line) for line in text.splitlines()]

    def notes(self, case_id: str) -> list[str]:
        """What the agency's results told about a case, in their order."""
        told = self.stage.case(case_id).attention
        return [each.removeprefix("kasda: ") for each in told if each.startswith("kasda: ")]

    def mended(self, **values: Any) -> None:
        """The adapter's interaction, with other mappings."""
        right = self.stage.adapters["kasda"]
        changed = tuple(replace(each, **values) for each in right.interactions)
        self.stage.adapters["kasda"] = replace(right, interactions=changed)


@contextmanager
def treasury_stage(folder: Path, url: str, door: Door, street: Street, quay: Quay) -> Iterator[Treasury]:
    """A hub that has the agency, its agreement, its certificate and its endpoint."""
    with mock.patch("tests.exchange.stage.LIBRARY", _LIBRARY):
        stage = Stage(folder, door, street, url, adapters={**ADAPTERS, "kasda": KASDA})
        head = packaged_agreements()["dpupr-2026"].partition("[[interaction]]")[0]
        agreement = read_agreement(head.replace("dpupr", "kasda") + AGREEMENT)
        registry = stage.hub.store.registry
        registry.import_agreement(agreement, KASDA, "staff/siti")
        registry.activate_for_development(agreement.id, agreement.version, "staff/siti")
        enrol(stage, "kasda", agency_identity("kasda"))
        stage.endpoint("kasda", quay.url)
        quay.receiver = Receiver(stage.clock)
        yield Treasury(stage, quay.receiver)
        stage.close()
