"""An evidence bundle of one exchange or of one case (Pasal 22(4)), written file by file into a container.

    bukti.html                              for people: who said what when, what was proven and how, what is masked
    evidence.json                           the same for programs; what `simojo-conformance verify-evidence` reads
    exchanges/<id>/receipt.json             its leaves, proven in a signed checkpoint
    exchanges/<id>/shown.json               its messages, personal values masked
    exchanges/<id>/parts/<name>             exact bytes; only in an unmasked bundle
    exchanges/<id>/file/<side>              a file of records; the same
    case/receipt.json, facts/, documents/   of a case; facts and documents only in an unmasked bundle
    agreements/ schemas/ certificates/      what was in force

Masked is the default. Exact bytes cannot be masked without breaking what proves them, so a masked bundle leaves them
out and keeps their commitments, in the leaves. It has neither their salts nor their digests: by those a short message
could be guessed. Who holds the bytes and the own receipt proves that they are the ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import IO, Any

from gateway.domain.errors import Refused
from gateway.ledger.checkpoint import split_note
from gateway.ledger.leaf import Leaf, part_salt
from gateway.ledger.receipt import Receipt
from gateway.operations.evidence.container import Container
from gateway.operations.evidence.holding import Holding
from gateway.operations.evidence.page import write_page
from gateway.operations.evidence.papers import (
    Paper,
    agreement_papers,
    certificate_papers,
    hub_papers,
    schema_papers,
)
from gateway.operations.evidence.told import Told, instant
from gateway.operations.evidence.views import Views
from gateway.operations.proofs import Proofs
from gateway.operations.receipts import Receipts
from gateway.store.reading import Reader
from gateway.store.reads.evidence import DocumentTitle
from gateway.store.tables import ExchangeRow
from gateway.validation.library import SchemaLibrary

FORMAT, VERSION = "simojo-evidence", 1
JSON = "application/json"
MOST = 2000
"""Exchanges of one case that a bundle takes; a case that has more is damage or a mistake."""

_PAGE_OF = 100


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What a bundle is about: a case with all its exchanges, or one exchange."""

    name: str
    exchanges: tuple[str, ...]
    case_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Bundles:
    """Makes bundles. `sign` gives the hub's detached CAdES signature; `certificate` is the hub's, in PEM."""

    reader: Reader
    holding: Holding
    receipts: Receipts
    proofs: Proofs
    views: Views
    library: SchemaLibrary
    certificate: str
    origin: str
    sign: Callable[[bytes], bytes]

    def of_exchange(self, exchange: str) -> Subject:
        """One exchange. Raises Refused `exchange-unknown`."""
        if self.reader.exchange(exchange) is None:
            raise Refused(f"no exchange {exchange[:64]!r} is known: check the id", code="exchange-unknown")
        return Subject(name=f"exchange/{exchange}", exchanges=(exchange,))

    def of_case(self, case_id: str) -> Subject:
        """A case with all its exchanges. Raises Refused `case-unknown`."""
        if self.reader.case(case_id) is None and not self.reader.leaves_of_exchange(case_id):
            raise Refused(f"no case {case_id[:64]!r} is known: check the id", code="case-unknown")
        found: list[ExchangeRow] = []
        while page := self.reader.exchanges(_PAGE_OF, (found[-1].at, found[-1].id) if found else None, case_id=case_id):
            found += page
            if len(found) > MOST:
                raise Refused(f"case {case_id} has more than {MOST} exchanges: export them one by one", code="too-many")
        return Subject(name=f"case/{case_id}", exchanges=tuple(row.id for row in reversed(found)), case_id=case_id)

    def write(self, subject: Subject, sink: IO[bytes], at: datetime, *, unmasked: str | None = None) -> None:
        """Write the bundle into `sink`, which can be sought in. `unmasked` is the id of the leaf of the recorded read.

        Raises Retriable `not-yet-in-ledger`, LedgerBroken, Tampered. What was written by then is no bundle.
        """
        container = Container(sink, at)
        told = Told()
        exchanges = [self._exchange(container, each, told, is_masked=unmasked is None) for each in subject.exchanges]
        case = (
            None
            if subject.case_id is None
            else self._case(container, subject.case_id, told, is_masked=unmasked is None)
        )
        said = {
            "format": FORMAT,
            "version": VERSION,
            "subject": subject.name,
            "madeAt": instant(at),
            "origin": self.origin,
            "masked": unmasked is None,
            "read": unmasked,
            "exchanges": exchanges,
            "case": case,
            "timeline": [{"at": instant(when), "text": text} for when, text in told.timeline()],
        }
        container.put("evidence.json", JSON, _json(said))
        container.put("bukti.html", "text/html", write_page(said, told))
        container.close(self.sign)

    # --- one exchange ---------------------------------------------------------------------------------------------

    def _exchange(self, container: Container, exchange: str, told: Told, *, is_masked: bool) -> Mapping[str, Any]:
        row = self.reader.exchange(exchange)
        if row is None:
            raise Refused(f"exchange {exchange!r} is gone meanwhile: ask again", code="exchange-unknown")
        is_erased = row.bodies_gone_at is not None or self.holding.exchange_key(row) is None
        base = f"exchanges/{row.id}"
        receipt = self.receipts.make(row)
        container.put(f"{base}/receipt.json", JSON, without_salts(receipt) if is_masked else receipt)
        vouched = _vouched(receipt, self.origin)
        told.vouched(vouched["cosignedBy"])
        shown = self.views.of(row)
        container.put(f"{base}/shown.json", JSON, _json([asdict(each) for each in shown]))
        parts = []
        for name in sorted(_committed(receipt)):
            file = None if is_masked else self._part(container, row, name, f"{base}/parts/{name}")
            parts.append({"name": name, "file": file})
        if not is_masked and not is_erased:
            self._file(container, row, base)
        self._papers(container, row, told)
        attempts = self.reader.attempts(row.id)
        told.exchange(row, shown, attempts, self.views.agreed(row), self._name(row.agency))
        return {
            "id": row.id,
            "direction": row.direction,
            "agency": row.agency,
            "interaction": row.interaction,
            "agreement": row.agreement,
            "case": row.case_id,
            "verdict": row.verdict,
            "code": row.code,
            "at": instant(row.at),
            "erased": is_erased,
            "receipt": f"{base}/receipt.json",
            "checkpoint": vouched,
            "parts": parts,
            "attempts": [
                {
                    "number": each.number,
                    "startedAt": instant(each.started_at),
                    "endedAt": None if each.ended_at is None else instant(each.ended_at),
                    "outcome": each.outcome,
                }
                for each in attempts
            ],
        }

    def _name(self, agency: str) -> str:
        row = self.reader.agency(agency)
        return agency if row is None else row.name

    def _part(self, container: Container, row: ExchangeRow, name: str, file: str) -> str | None:
        body = self.holding.part(row, name)
        if body is None:
            return None
        container.put(file, "application/octet-stream", body)
        return file

    def _file(self, container: Container, row: ExchangeRow, base: str) -> None:
        batch = self.reader.batch(row.id)
        if batch is None:
            return
        for side, size in (("file", batch.received), ("result", batch.result_size), ("answer", batch.answer_size)):
            if size:
                pieces = self.holding.file(batch, side, size)
                container.put(f"{base}/file/{side}", "application/octet-stream", pieces)

    def _papers(self, container: Container, row: ExchangeRow, told: Told) -> None:
        agreed = self.views.agreed(row)
        papers: list[Paper] = list(agreement_papers(self.reader, row.agreement or ""))
        if agreed is not None:
            papers += schema_papers(self.library, agreed)
        for more, standings in (certificate_papers(self.reader, row.agency, row.at), hub_papers(self.reader, row.at)):
            papers += more
            told.certificates(standings)
        _put_new(container, papers)

    # --- a case ---------------------------------------------------------------------------------------------------

    def _case(self, container: Container, case_id: str, told: Told, *, is_masked: bool) -> Mapping[str, Any]:
        row = self.reader.case(case_id)
        key = self.holding.case_key(case_id)
        names = {name for leaf in self._leaves(case_id) for name in leaf.commitments}
        salts = {} if is_masked or key is None else {name: part_salt(key, case_id, name) for name in sorted(names)}
        receipt = self.proofs.receipt(case_id, salts, self.certificate)
        container.put("case/receipt.json", JSON, receipt)
        vouched = _vouched(receipt, self.origin)
        told.vouched(vouched["cosignedBy"])
        facts = []
        for fact in self.reader.case_events(case_id):
            file = None
            if not is_masked and key is not None:
                file = f"case/facts/{fact.seq:04}-{fact.kind}.json"
                container.put(file, JSON, self.holding.fact(fact))
            facts.append({"part": f"fact-{fact.seq}", "kind": fact.kind, "at": instant(fact.occurred_at), "file": file})
            told.fact(fact)
        documents = []
        for title in self.reader.document_titles(case_id):
            file = None if is_masked or key is None else self._document(container, case_id, title)
            documents.append(
                {"sha256": title.sha256, "kind": title.kind, "file": file, "madeAt": instant(title.made_at)}
            )
            told.document(title)
        return {
            "id": case_id,
            "service": None if row is None else row.service,
            "stage": None if row is None else row.stage,
            "erased": key is None,
            "receipt": "case/receipt.json",
            "checkpoint": vouched,
            "facts": facts,
            "documents": documents,
        }

    def _document(self, container: Container, case_id: str, title: DocumentTitle) -> str | None:
        stored = self.holding.document(case_id, title.sha256)
        if stored is None:
            return None
        file = f"case/documents/{title.sha256}"
        container.put(file, title.media_type, stored.body)
        return file

    def _leaves(self, exchange: str) -> Iterator[Leaf]:
        return (Leaf.parse(row.canonical) for row in self.reader.leaves_of_exchange(exchange))


def without_salts(receipt: bytes) -> bytes:
    """A receipt that opens nothing: what it proves of the leaves stays as it is."""
    return replace(Receipt.parse(receipt), salts={}).encode()


def _vouched(receipt: bytes, origin: str) -> dict[str, Any]:
    """What others say of the checkpoint that a receipt stands on; it is judged by whoever has their keys."""
    found = Receipt.parse(receipt)
    text, lines = split_note(found.checkpoint)
    return {
        "size": int(text.split("\n")[1]),
        "verifier": found.verifier,
        "cosignedBy": [name for name, _ in lines if name != origin],
        "timestamped": bool(found.timestamp),
    }


def _committed(receipt: bytes) -> set[str]:
    return {name for each in Receipt.parse(receipt).leaves for name in Leaf.parse(each.data).commitments}


def _put_new(container: Container, papers: Iterable[Paper]) -> None:
    for paper in papers:
        if not container.has(paper.name):
            container.put(paper.name, paper.media_type, paper.content)


def _json(said: object) -> bytes:
    return json.dumps(said, ensure_ascii=False, indent=1).encode()
