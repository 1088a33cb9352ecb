"""Stores to be damaged: some days of a small office, each day's end kept as a copy, and what was handed out then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from gateway.ledger.encoding import encode_base64
from gateway.ledger.held import Held, read_held
from gateway.ledger.verify import Standing
from gateway.operations.ledger_export import StoreVerdict, verify_store
from gateway.operations.proofs import Proofs
from gateway.store.engine import open_engine
from gateway.store.schema import prepare
from tests.databases import Databases
from tests.operations.ledgers import KEY, NOW, Office
from tests.operations.test_ledger_cases import CaseOffice

DAYS = 5


@dataclass(frozen=True)
class Copies:
    """URLs of the store as it was at the end of each day; the last one is the store of today."""

    days: tuple[str, ...]
    databases: Databases

    @property
    def today(self) -> str:
        """The store that is damaged."""
        return self.days[-1]

    @contextmanager
    def opened(self, url: str) -> Iterator[Office]:
        """An office over a copy of one of them, which is gone afterwards."""
        with self.databases.new(url) as copied:
            engine = open_engine(copied)
            office = CaseOffice(engine, now=NOW + timedelta(days=DAYS), numbers=count(1_000_000))
            try:
                yield office
            finally:
                office.writer.close()
                engine.dispose()


@contextmanager
def copies(databases: Databases) -> Iterator[Copies]:
    """Make the store of every day. Each day ends with a checkpoint; today, an exchange and a step wait besides.

    A store of an earlier day is lived anew to that day: ids, keys and times are counted, so it is the very same. (A
    database that was copied can be no template on PostgreSQL.)
    """
    with ExitStack() as stack:
        urls = tuple(stack.enter_context(databases.new()) for _ in range(DAYS))
        for days, url in enumerate(urls, start=1):
            engine = open_engine(url)
            prepare(engine)
            office = CaseOffice(engine)
            for day in range(days):
                office.now = NOW + timedelta(days=day)
                _live(office, day)
            office.writer.close()
            engine.dispose()
        yield Copies(urls, databases)


def _live(office: CaseOffice, day: int) -> None:
    """A day of the office: two checkpoints."""
    for half in range(2):
        name = f"{day}-{half}"
        office.exchange(f"ex-{name}-a", "case-1")
        office.exchange(f"ex-{name}-b")
        office.step("case-1", day * 2 + half + 1)
        office.deeds(2)
        assert office.integrator().run_once() == 7
        office.now += timedelta(minutes=1)
    if day == DAYS - 1:
        office.exchange("ex-waits", "case-1")
        office.step("case-1", DAYS * 2 + 1)


def verify(office: Office, held: tuple[Held, ...] = (), standing: Standing | None = None) -> StoreVerdict:
    """Verify the whole store, against what is held of it."""
    return verify_store(office.reader, office.vault, KEY.verifier, held=held, standing=standing)


def handed_out(office: Office, *, receipt_of: str | None = None) -> Held:
    """What somebody holds of a store: its last checkpoint, or the receipt of an exchange."""
    if receipt_of is None:
        note = office.value("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")
        return read_held(note.encode(), "the checkpoint of an earlier day", [KEY.verifier])
    leaf = office.value(f"SELECT id FROM leaf WHERE exchange = '{receipt_of}' ORDER BY serial LIMIT 1")  # noqa: S608 - names of the drill
    proven = Proofs(office.reader, KEY.verifier).inclusion(leaf)
    said = {
        "index": proven.index,
        "leaf": proven.leaf.decode(),
        "proof": [encode_base64(each) for each in proven.proof],
    }
    receipt = json.dumps({"leaves": [said], "checkpoint": proven.checkpoint})
    return read_held(receipt.encode(), f"the receipt of {receipt_of}", [KEY.verifier])
