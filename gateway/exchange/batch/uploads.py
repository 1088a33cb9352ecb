"""The bytes of a file come in pieces, and its result goes, by whoever shows the token that its manifest names.

In the manner of draft-ietf-httpbis-resumable-upload: the offset is where the next byte belongs, and the store's row of
the batch alone says where that is. A piece and the new offset are one plan, guarded by the offset before: a piece that
was kept and whose answer was lost is refused with the right offset, and the uploader goes on from there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.casework.names import BATCH_REPORT
from gateway.dialect.party import Hub
from gateway.domain.errors import Malformed, Refused, Retriable, Unauthenticated
from gateway.exchange.batch.documents import ENDED, FILE, IN, PIECE_BYTES, RESULTS, BatchState
from gateway.exchange.batch.pieces import chunks, piece
from gateway.exchange.batch.results import report, result_form
from gateway.exchange.directory import Directory
from gateway.store.conflicts import begun
from gateway.store.pending import Going, Prepared
from gateway.store.plan import Plan, Update
from gateway.store.reading import Reader
from gateway.store.tables import BatchRow
from gateway.store.unit_of_work import Submissions
from gateway.store.vault import Vault
from gateway.trust.jws import JwsClaims, sign_detached
from gateway.validation.library import SchemaLibrary

TOKEN_CHARACTERS = 32
"""A token has so many characters at least: those of 32 random bytes in base64url are 43."""

LIFE = timedelta(seconds=300)
"""How long the signature of an answer holds: it is for now."""

YEAR = timedelta(days=366)


class WrongOffset(Refused):
    """A piece that does not begin where the last one ended; `offset` is where that is."""

    default_code = "upload-offset"

    def __init__(self, offset: int, given: int) -> None:
        super().__init__(f"the next byte is {offset}, the piece begins at {given}: go on from there")
        self.offset = offset


@dataclass(frozen=True)
class Uploaded:
    """Where an upload stands: the next byte, and of how many."""

    offset: int
    size: int

    @property
    def complete(self) -> bool:
        """Whether all bytes are there."""
        return self.offset == self.size


@dataclass(frozen=True, kw_only=True)
class Report:
    """The report of a batch as JSON; `signature` is the detached JWS over it, None before the end."""

    body: bytes
    signature: str | None


@dataclass(frozen=True, kw_only=True)
class ResultFile:
    """The result of a batch: its media type, how many bytes it has, and their SHA-256, as the report says it."""

    media_type: str
    size: int
    sha256: str
    read: Callable[[int, int], Iterator[bytes]]
    """The bytes from the first number to before the second, in pieces."""


class Uploads:
    """What an uploader may do. One for the process; safe to use from many threads."""

    def __init__(
        self,
        *,
        reader: Reader,
        vault: Vault,
        unit_of_work: Submissions,
        directory: Directory,
        library: SchemaLibrary,
        hub: Hub,
        clock: Callable[[], datetime],
    ) -> None:
        self._reader = reader
        self._vault = vault
        self._unit_of_work = unit_of_work
        self._directory = directory
        self._library = library
        self._hub = hub
        self._clock = clock

    def known(self, agency: str, interaction: str, batch: str, token: str) -> BatchRow:
        """The batch at an address, for who shows its token and whose agency is not suspended.

        Raises Unauthenticated `upload-token-wrong`, also for a batch that is not there: nobody learns which there are.
        """
        row = self._reader.batch(batch)
        digest = hashlib.sha256(token.encode()).hexdigest()
        is_theirs = row is not None and row.direction == IN and row.token
        fits = hmac.compare_digest(digest, row.token if row is not None and is_theirs else "-")
        if row is None or not fits or (row.agency, row.interaction) != (agency, interaction):
            raise Unauthenticated(
                "no batch here has this token: send `Authorization: Bearer <token>`, whose SHA-256 the manifest holds",
                code="upload-token-wrong",
            )
        if len(token) < TOKEN_CHARACTERS:
            raise Unauthenticated(
                f"the token has fewer than {TOKEN_CHARACTERS} characters and could be guessed: announce the file anew "
                "with a token of 32 random bytes",
                code="upload-token-weak",
            )
        self._directory.current(agency).check_not_suspended()
        return row

    def offset(self, row: BatchRow) -> Uploaded:
        """Where an upload stands."""
        return Uploaded(row.received, row.size)

    def append(self, row: BatchRow, offset: int, body: bytes, *, last: bool) -> Going[Uploaded]:
        """Keep a piece that begins at `offset`; `last`: the file ends with it.

        Raises WrongOffset, Malformed for a piece that is too large or beyond the file's end, Refused `batch-state`.
        """
        return begun(lambda: self._appended(row.id, offset, body, last=last), self._unit_of_work)

    def report(self, row: BatchRow, *, kept: bool = False) -> Report:
        """Where a batch stands; at its end signed, with the leaf that holds it.

        `kept`: it is put into a folder and fetched who knows when. Its signature holds for the years that the agreement
        keeps evidence (Pasal 22(1)); it answers no question, so nobody has to know that it was made just now.
        """
        if row.state not in ENDED:
            return Report(body=report(row, self._library), signature=None)
        stored = self._reader.part(row.id, BATCH_REPORT)
        if stored is None:
            raise Refused(f"the report of batch {row.name} is gone from the store", code="document-unknown")
        at = self._clock()
        claims = JwsClaims(
            iss=self._hub.id,
            aud=row.agency,
            iat=at,
            exp=at + (self._kept_for(row) if kept else LIFE),
            jti=f"{row.id}.report",
            agr=f"{row.agreement}/{row.agreement_version}",
            int_=row.interaction,
            leaf=self._leaf(row.id),
        )
        return Report(body=stored.body, signature=sign_detached(stored.body, self._hub.key, claims))

    def result(self, row: BatchRow) -> ResultFile:
        """What became of each record. Raises Retriable `result-not-yet` before the end of the batch."""
        if row.state not in ENDED or row.result_sha256 is None:
            raise Retriable(
                f"batch {row.name} is {row.state}: {row.read} of {row.records} records are read",
                code="result-not-yet",
                after_s=30,
            )
        form = result_form(row.format)
        return ResultFile(
            media_type=form.media_type,
            size=row.result_size,
            sha256=row.result_sha256,
            read=lambda begin, end: chunks(self._reader, row.id, RESULTS, end, begin),
        )

    def _leaf(self, exchange: str) -> str | None:
        """The hash of the leaf that commits to the report."""
        holds = f'"{BATCH_REPORT}":'.encode()
        rows = self._reader.leaves_of_exchange(exchange)
        return next((each.hash.hex() for each in rows if holds in each.canonical), None)

    def _kept_for(self, row: BatchRow) -> timedelta:
        """How long evidence of a batch is kept, by the agreement that it was announced under."""
        versions = (said for _, said in self._directory.agreements(row.agency))
        agreed = (
            each.keep_for_years
            for said in versions
            if (said.id, said.version) == (row.agreement, row.agreement_version)
            for each in said.interactions
            if each.name == row.interaction
        )
        return YEAR * max(1, next(agreed, 1))

    def _appended(self, batch: str, offset: int, body: bytes, *, last: bool) -> Uploaded | Prepared[Uploaded]:
        row = self._reader.batch(batch)
        if row is None or row.state not in (BatchState.UPLOADING, BatchState.VERIFYING, BatchState.READING):
            said = "unknown" if row is None else row.state
            raise Refused(f"the batch is {said}: no more bytes are taken", code="batch-state")
        if offset != row.received:
            raise WrongOffset(row.received, offset)
        end = offset + len(body)
        if len(body) > PIECE_BYTES:
            raise Malformed(f"the piece has {len(body)} bytes, at most {PIECE_BYTES} are read", code="body-too-large")
        if end > row.size or (last and end != row.size):
            raise Malformed(
                f"the piece ends at byte {end}, the manifest announces {row.size}: see that it is the same file",
                code="upload-length",
            )
        uploaded = Uploaded(end, row.size)
        if not body:
            return uploaded
        values: dict[str, object] = {"received": end, "due_at": self._clock()}
        if uploaded.complete:
            values |= {"state": BatchState.VERIFYING.value}
        expected = {"state": BatchState.UPLOADING.value, "received": offset}
        taken = Update(BatchRow, {"id": batch}, expected, values)
        plan = Plan.of(taken) + piece(self._vault, row, FILE, offset, body)
        return Prepared(plan, uploaded)
