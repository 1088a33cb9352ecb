"""The one place where evidence reads stored bytes: parts of exchanges, facts, documents, files of records.

After an erasure the data key is gone: then there are no bytes, whatever still lies in the tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from gateway.casework.history import fact_record
from gateway.operations.erased import Cause, erased_exchange, says
from gateway.store.reading import Reader
from gateway.store.sealing import Shut
from gateway.store.tables import BatchRow, CaseEventRow, DocumentRow, ExchangeRow
from gateway.store.vault import Vault, scope_of

_GONE = {
    Cause.REQUEST.value: "dihapus atas permintaan",
    Cause.RETENTION.value: "dihapus, masa simpannya habis",
}


class Holding:
    """Reads what is stored, one body in memory at a time."""

    def __init__(self, reader: Reader, vault: Vault) -> None:
        self._reader = reader
        self._vault = vault

    def exchange_key(self, row: ExchangeRow) -> bytes | None:
        """The data key of an exchange, None once it is erased."""
        return self._vault.stored_key(scope_of(row.case_id, row.at))

    def case_key(self, case_id: str) -> bytes | None:
        """The data key of a case, None once it is erased."""
        return self._vault.stored_key(f"case/{case_id}")

    def names(self, row: ExchangeRow) -> list[str]:
        """The names of the stored parts."""
        return self._reader.names_of_parts(row.id)

    def part(self, row: ExchangeRow, name: str) -> bytes | None:
        """The exact bytes of a part, None when they are gone."""
        if self.exchange_key(row) is None:
            return None
        try:
            stored = self._reader.part(row.id, name)
        except Shut:
            return None
        return None if stored is None else stored.body

    def why_gone(self, row: ExchangeRow) -> str:
        """Why the bytes of an exchange are gone, in words, as the ledger says."""
        leaf = erased_exchange(self._reader, row)
        cause = None if leaf is None else says(leaf).get("cause")
        return _GONE.get(str(cause), "dihapus")

    def fact(self, row: CaseEventRow) -> bytes:
        """The record of a fact: the bytes that its leaf commits to."""
        return fact_record(
            kind=row.kind,
            body=row.body,
            occurred_at=row.occurred_at,
            entered_at=row.entered_at,
            actor=row.actor,
            exchange=row.exchange,
        )

    def document(self, case_id: str, sha256: str) -> DocumentRow | None:
        """A document of a case."""
        return self._reader.document(case_id, sha256)

    def file(self, row: BatchRow, side: str, size: int) -> Iterator[bytes]:
        """One side of a file of records, a stored piece at a time; it ends early where a piece is gone."""
        at = 0
        with suppress(Shut):
            while at < size and (found := self._reader.batch_piece(row.id, side, at)) is not None and found[1]:
                begins, body = found
                yield body[at - begins : size - begins]
                at = begins + len(body)
