"""What evidence is gathered from, without the bodies, and who looked at what is masked."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlmodel import col, select

from gateway.store.reads.base import Reads
from gateway.store.tables import DocumentRow, PartRow, RestrictedReadRow


class DocumentTitle(NamedTuple):
    """A stored document without its bytes."""

    sha256: str
    kind: str
    media_type: str
    made_at: datetime


class EvidenceReads(Reads):
    """Names and titles, and restricted reads."""

    def names_of_parts(self, exchange: str) -> list[str]:
        """The names of the stored parts of an exchange, sorted."""
        wanted = select(PartRow.name).where(col(PartRow.exchange) == exchange)
        return self._all(wanted.order_by(col(PartRow.name)))

    def document_titles(self, case_id: str) -> list[DocumentTitle]:
        """The documents of a case, oldest first, without their bytes."""
        made = col(DocumentRow.made_at)
        wanted = select(DocumentRow.sha256, DocumentRow.kind, DocumentRow.media_type, DocumentRow.made_at).where(
            col(DocumentRow.case_id) == case_id
        )
        return [DocumentTitle(*each) for each in self._all(wanted.order_by(made, col(DocumentRow.sha256)))]

    def restricted_reads(
        self,
        limit: int = 50,
        before: tuple[datetime, str] | None = None,
        subject: str | None = None,
        actor: str | None = None,
    ) -> list[RestrictedReadRow]:
        """Who looked at unmasked data, newest first. `before` is (at, id) of the last one seen."""
        wanted = select(RestrictedReadRow)
        if before is not None:
            at, last = before
            came = col(RestrictedReadRow.at)
            wanted = wanted.where((came < at) | ((came == at) & (col(RestrictedReadRow.id) < last)))
        if subject is not None:
            wanted = wanted.where(col(RestrictedReadRow.subject) == subject)
        if actor is not None:
            wanted = wanted.where(col(RestrictedReadRow.actor) == actor)
        ordered = wanted.order_by(col(RestrictedReadRow.at).desc(), col(RestrictedReadRow.id).desc())
        return self._all(ordered.limit(limit))
