"""What staff do with evidence: look at an exchange, masked or with a recorded reason, and export a bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from gateway.domain.errors import Refused
from gateway.operations.evidence.bundle import Bundles, Subject
from gateway.operations.evidence.holding import Holding
from gateway.operations.evidence.reads import BUNDLE, MESSAGES, RestrictedReads
from gateway.operations.evidence.views import View, Views
from gateway.store.reading import Reader
from gateway.store.tables import ExchangeRow


@dataclass(frozen=True, kw_only=True)
class Unmasking:
    """Who wants to see unmasked data, and why."""

    actor: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EvidenceDesk:
    """The parts. Safe to share between threads."""

    reader: Reader
    holding: Holding
    views: Views
    bundles: Bundles
    reads: RestrictedReads
    clock: Callable[[], datetime]

    def shown(self, exchange: str) -> list[View]:
        """The messages of an exchange, masked. Raises Refused `exchange-unknown`."""
        return self.views.of(self._row(exchange))

    def opened(self, exchange: str, unmasking: Unmasking) -> Iterator[tuple[str, bytes]]:
        """The exact parts of an exchange by name, once the read is recorded; none after an erasure.

        Raises Refused `exchange-unknown`, Malformed `reason-missing`.
        """
        row = self._row(exchange)
        subject = f"exchange/{exchange}"
        self.reads.record(actor=unmasking.actor, what=MESSAGES, subject=subject, reason=unmasking.reason)
        return self._parts(row)

    def subject(self, kind: str, name: str) -> Subject:
        """What a bundle is about: `exchange` or `case`, and its id. Raises Refused as `Bundles` does."""
        return self.bundles.of_case(name) if kind == "case" else self.bundles.of_exchange(name)

    def export(self, subject: Subject, sink: IO[bytes], unmasking: Unmasking | None = None) -> None:
        """Write a bundle; an unmasked one once the read is recorded. Raises what `Bundles.write` does."""
        leaf = None
        if unmasking is not None:
            leaf = self.reads.record(
                actor=unmasking.actor, what=BUNDLE, subject=subject.name, reason=unmasking.reason
            ).leaf
        self.bundles.write(subject, sink, self.clock(), unmasked=leaf)

    def _parts(self, row: ExchangeRow) -> Iterator[tuple[str, bytes]]:
        for name in self.holding.names(row):
            body = self.holding.part(row, name)
            if body is not None:
                yield name, body

    def _row(self, exchange: str) -> ExchangeRow:
        row = self.reader.exchange(exchange)
        if row is None:
            raise Refused(f"no exchange {exchange[:64]!r} is known", code="exchange-unknown")
        return row
