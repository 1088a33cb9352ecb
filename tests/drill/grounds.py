"""Stores to be damaged: some days of a small office, each day's end kept as a copy, and what was handed out then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from sqlalchemy import text

from gateway.ledger.encoding import encode_base64
from gateway.operations.erased import Cause, covered_of_case, covered_of_exchanges, erased_leaf
from gateway.operations.proofs import Proofs
from gateway.store.engine import open_engine
from gateway.store.plan import Plan, Update
from gateway.store.schema import prepare
from gateway.store.sealing import BLANK
from gateway.store.tables import DataKeyRow, ExchangeRow, PartRow
from tests.databases import Databases
from tests.operations.ledgers import KEY, NOW
from tests.operations.test_ledger_cases import CaseOffice

DAYS = 5
DAY = 14
"""Leaves of a day."""

CASE, GONE = "case-1", "case-2"
"""The case that goes on, and one whose person was erased on the second day, as the ledger says."""

KEPT_NO_MORE = "ex-1-1-b"
"""An exchange whose time of keeping was over on the third day, as the ledger says."""


class DrillOffice(CaseOffice):
    """An office of which the damages know where everything stands."""

    def scopes(self) -> list[str]:
        """The scopes of all data keys that open something, in order."""
        question = (
            "SELECT scope FROM data_key WHERE length(wrapped) > 0 AND scope NOT IN"
            " (SELECT under FROM data_key WHERE length(wrapped) = 0 AND under IS NOT NULL)"
        )
        with self.engine.connect() as connection:
            return sorted(connection.execute(text(question)).scalars())

    def erase(self) -> None:
        """Destroy the key of GONE, and commit the one leaf that says so."""
        gone = Update(DataKeyRow, {"scope": f"case/{GONE}"}, {}, {"wrapped": b""})
        covered = covered_of_case(self.reader, GONE)
        told = erased_leaf(self.leaves, Cause.REQUEST, f"case/{GONE}", self.now, covered=covered)
        self.commit(told.plan + Plan.of(gone))

    def retire(self) -> None:
        """End the bodies of KEPT_NO_MORE, with the leaf that says so."""
        covered = covered_of_exchanges(self.reader, [KEPT_NO_MORE])
        scope = "agreement/dpupr-2026"
        told = erased_leaf(self.leaves, Cause.RETENTION, scope, self.now, covered=covered, until=self.now)
        gone = Update(ExchangeRow, {"id": KEPT_NO_MORE}, {}, {"bodies_gone_at": self.now, "gone_by": told.leaf})
        parts = ({"exchange": KEPT_NO_MORE, "name": name} for name in self.reader.names_of_parts(KEPT_NO_MORE))
        blank = (Update(PartRow, each, {}, {"body": BLANK}) for each in parts)
        self.commit(told.plan + Plan((gone, *blank)))


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
    def opened(self, url: str) -> Iterator[DrillOffice]:
        """An office over a copy of one of them, which is gone afterwards."""
        with self.databases.new(url) as copied:
            engine = open_engine(copied)
            office = DrillOffice(engine, now=NOW + timedelta(days=DAYS), numbers=count(1_000_000))
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
            office = DrillOffice(engine)
            for day in range(days):
                office.now = NOW + timedelta(days=day)
                _live(office, day)
            office.writer.close()
            engine.dispose()
        yield Copies(urls, databases)


def _live(office: DrillOffice, day: int) -> None:
    """A day of the office: two checkpoints."""
    for half in range(2):
        name = f"{day}-{half}"
        office.exchange(f"ex-{name}-a", CASE)
        office.exchange(f"ex-{name}-b", GONE if day == 0 else None)
        office.step(CASE, day * 2 + half + 1)
        if (day, half) in {(1, 0), (2, 0)}:
            (office.erase if day == 1 else office.retire)()
            office.deeds(1)
        else:
            office.deeds(2)
        assert office.integrator().run_once() == 7
        office.now += timedelta(minutes=1)
    if day == DAYS - 1:
        office.document(CASE)
        office.exchange("ex-waits", CASE)
        office.step(CASE, DAYS * 2 + 1)


def handed_out(office: DrillOffice, *, receipt_of: str | None = None) -> bytes:
    """What somebody holds of a store: its last checkpoint, or the receipt of an exchange."""
    if receipt_of is None:
        return str(office.value("SELECT note FROM checkpoint ORDER BY size DESC LIMIT 1")).encode()
    leaf = office.value(f"SELECT id FROM leaf WHERE exchange = '{receipt_of}' ORDER BY serial LIMIT 1")  # noqa: S608 - names of the drill
    proven = Proofs(office.reader, KEY.verifier).inclusion(leaf)
    said = {
        "index": proven.index,
        "leaf": proven.leaf.decode(),
        "proof": [encode_base64(each) for each in proven.proof],
    }
    return json.dumps({"leaves": [said], "checkpoint": proven.checkpoint}).encode()
