"""Exchanges with agencies, and the exact bytes of both sides."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from hashlib import sha256

from sqlalchemy import bindparam
from sqlmodel import col, func, select

from gateway.domain.errors import Tampered
from gateway.store.engine import is_shared
from gateway.store.reads.base import Reads
from gateway.store.sealing import PARTS, Keys, Shut
from gateway.store.tables import CaseEventRow, ExchangeRow, PartRow, RefusalTallyRow

_BY_MESSAGE = select(ExchangeRow.id).where(
    col(ExchangeRow.direction) == bindparam("direction"),
    col(ExchangeRow.agency) == bindparam("agency"),
    col(ExchangeRow.message_id) == bindparam("message_id"),
)


class ExchangeReads(Reads):
    """What was said, in both directions."""

    def exchange(self, exchange: str) -> ExchangeRow | None:
        """The exchange with this id."""
        return self._get(ExchangeRow, exchange)

    def exchange_by_message(self, direction: str, agency: str, message_id: str) -> ExchangeRow | None:
        """The exchange that bound this message id: the first answer to a message that is seen again."""
        found = self._one(_BY_MESSAGE, direction=direction, agency=agency, message_id=message_id)
        return None if found is None else self.exchange(found[0])  # most messages are new

    def said_since(self, earlier: ExchangeRow, cases: Collection[str]) -> bool:
        """Whether the agency was heard since with another message of that interaction: about these cases or about none.

        Accepted ones count. What one of them changed on a case counts, whichever case it is filed under.
        """
        caused = select(CaseEventRow.exchange).where(col(CaseEventRow.case_id).in_(cases))
        wanted = select(ExchangeRow.id).where(
            col(ExchangeRow.direction) == earlier.direction,
            col(ExchangeRow.agency) == earlier.agency,
            col(ExchangeRow.interaction) == earlier.interaction,
            col(ExchangeRow.code).is_(None),
            col(ExchangeRow.at) >= earlier.at,
            col(ExchangeRow.id) != earlier.id,
            col(ExchangeRow.case_id).is_(None) | col(ExchangeRow.case_id).in_(cases) | col(ExchangeRow.id).in_(caused),
        )
        return bool(self._all(wanted.limit(1)))

    def exchanges(
        self,
        limit: int = 50,
        before: tuple[datetime, str] | None = None,
        case_id: str | None = None,
        agency: str | None = None,
        interaction: str | None = None,
    ) -> list[ExchangeRow]:
        """Exchanges, newest first. `before` is (at, id) of the last one seen: a page starts behind it."""
        wanted = select(ExchangeRow)
        if before is not None:
            at, last = before
            came = col(ExchangeRow.at)
            wanted = wanted.where((came < at) | ((came == at) & (col(ExchangeRow.id) < last)))
        if case_id is not None:
            wanted = wanted.where(col(ExchangeRow.case_id) == case_id)
        if agency is not None:
            wanted = wanted.where(col(ExchangeRow.agency) == agency)
        if interaction is not None:
            wanted = wanted.where(col(ExchangeRow.interaction) == interaction)
        return self._all(wanted.order_by(col(ExchangeRow.at).desc(), col(ExchangeRow.id).desc()).limit(limit))

    def exchanges_between(
        self, begins: datetime, ends: datetime, behind: tuple[datetime, str] | None, limit: int
    ) -> list[ExchangeRow]:
        """Exchanges that began from `begins` on and before `ends`, the oldest first, behind that one (at, id)."""
        began, own = col(ExchangeRow.at), col(ExchangeRow.id)
        wanted = select(ExchangeRow).where(began >= begins, began < ends)
        if behind is not None:
            at, last = behind
            wanted = wanted.where(began >= at, (began > at) | (own > last))
        return self._all(wanted.order_by(began, own).limit(limit))

    def exchanges_by_id(self, exchanges: Collection[str]) -> dict[str, ExchangeRow]:
        """Those of these exchanges that there are, by id."""
        rows = self._all(select(ExchangeRow).where(col(ExchangeRow.id).in_(exchanges)))
        return {row.id: row for row in rows}

    def parts(self, exchange: str) -> list[PartRow]:
        """All stored parts of an exchange, by name. Raises Shut when they were erased."""
        wanted = select(PartRow).where(col(PartRow.exchange) == exchange)
        keys = self._keys_once()
        return [self._opened(row, keys) for row in self._all(wanted.order_by(col(PartRow.name)))]

    def part_sizes(self, exchange: str) -> list[tuple[str, int]]:
        """Name and stored bytes of every part of an exchange, by name; sealed, they have some bytes more."""
        wanted = select(PartRow.name, func.length(PartRow.body)).where(col(PartRow.exchange) == exchange)
        return [(name, int(size)) for name, size in self._all(wanted.order_by(col(PartRow.name)))]

    def part(self, exchange: str, name: str) -> PartRow | None:
        """One stored part of an exchange. Raises Shut when it was erased."""
        row = self._get(PartRow, (exchange, name))
        return None if row is None else self._opened(row)

    def part_digests(self, exchanges: Collection[str]) -> dict[tuple[str, str], bytes]:
        """SHA-256 of every stored part of these exchanges, by (exchange, name). One body is in memory at a time.

        One whose key is gone is left out; one that was changed has the digest of nothing.
        """
        keys = self._keys_once()
        wanted = select(PartRow.exchange, PartRow.name, PartRow.body).where(col(PartRow.exchange).in_(exchanges))
        with self._session(wanted) as session:
            if is_shared(self._engine):  # a server's cursor lives in a transaction
                session.connection(execution_options={"isolation_level": "READ COMMITTED"})
            rows = session.exec(wanted.execution_options(yield_per=1))
            digests = ((exchange, name, self._digest(exchange, name, body, keys)) for exchange, name, body in rows)
            return {(exchange, name): digest for exchange, name, digest in digests if digest is not None}

    def _opened(self, row: PartRow, keys: Keys | None = None) -> PartRow:
        body = self._blob(row.body, row.exchange, PARTS, row.name, keys)
        return PartRow(exchange=row.exchange, name=row.name, body=body)

    def _digest(self, exchange: str, name: str, stored: bytes, keys: Keys) -> bytes | None:
        try:
            return sha256(self._blob(stored, exchange, PARTS, name, keys)).digest()
        except Shut:
            return None
        except Tampered:
            return bytes(32)

    def part_names(self, batch: int = 1000) -> Iterator[list[tuple[str, str]]]:
        """Every stored part as (exchange, name), in that order, in lists of at most `batch`."""
        last = ("", "")
        while True:
            exchange, name = col(PartRow.exchange), col(PartRow.name)
            behind = (exchange > last[0]) | ((exchange == last[0]) & (name > last[1]))
            wanted = select(PartRow.exchange, PartRow.name).where(behind).order_by(exchange, name).limit(batch)
            found = [(each, part) for each, part in self._all(wanted)]
            if not found:
                return
            yield found
            last = found[-1]

    def refusal_tallies(self, before_minute: datetime, limit: int = 10_000) -> list[RefusalTallyRow]:
        """Tallies of minutes that began before `before_minute`, oldest first."""
        wanted = select(RefusalTallyRow).where(col(RefusalTallyRow.minute) < before_minute)
        ordered = wanted.order_by(col(RefusalTallyRow.minute), col(RefusalTallyRow.address), col(RefusalTallyRow.code))
        return self._all(ordered.limit(limit))
