"""What is said to an agency about a file, and how its answers are read.

In the manner of draft-ietf-httpbis-resumable-upload:

    POST   <endpoint>           the manifest, signed (`gateway.exchange.speaking`)
    HEAD   <upload>             how many bytes are there
    PATCH  <upload>             the next piece
    GET    <upload>             where the file stands; at its end the signed report
    GET    <upload>/result      what became of each record

`<upload>` is the path that the manifest was acknowledged with, on the host of the endpoint. What comes back and is
nonsense is told as AgencyUnavailable: it is tried again, and in the end a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from gateway.contract.message import Json, Payload
from gateway.dialect.jws import HEADER
from gateway.dialect.party import Hub
from gateway.domain.errors import AgencyUnavailable, GatewayError, Malformed, SchemaViolation, Unauthenticated
from gateway.exchange.batch.documents import ENDED, REPORT
from gateway.exchange.batch.office.ending import token_name
from gateway.exchange.batch.office.line import Line
from gateway.exchange.directory import Directory, Terms
from gateway.exchange.entry import Entry
from gateway.exchange.speaking import AgencyRefused, asked_to_wait, by_status
from gateway.store.batches import CALL
from gateway.store.tables import BatchRow
from gateway.transport.http import HttpReply, OutboundCall, StreamedReply
from gateway.trust.freshness import check_fresh
from gateway.trust.jws import verify_detached
from gateway.validation.json_parse import parse_json
from gateway.validation.library import SchemaLibrary

MAX_BYTES = 64 * 1024
FETCH_S = 600.0
"""A result that is given whole, and not from a byte on, has so long to come."""

_NONSENSE = (Malformed, SchemaViolation, Unauthenticated)
_RANGE = re.compile(r"bytes ([0-9]{1,16})-[0-9]{1,16}/(?:[0-9]{1,16}|\*)")


@dataclass(frozen=True, kw_only=True)
class Under:
    """What a call about a file is made under: the terms of its agreement, and the agency as the registry has it now."""

    terms: Terms
    entry: Entry

    @property
    def timeout(self) -> timedelta:
        """The time of one call: the agreed one, and no longer than a claim is drawn out for."""
        return min(timedelta(seconds=self.terms.agreed.call_timeout_s), CALL)


@dataclass(frozen=True, kw_only=True)
class AgencyReport:
    """An agency's report of a file, valid by its schema. `signed`: it is the last one, its signature verified."""

    said: Mapping[str, Any]
    body: bytes
    headers: Mapping[str, str]
    signed: bool


class Calls:
    """Calls about files. Safe to use from several threads."""

    def __init__(self, *, directory: Directory, library: SchemaLibrary, hub: Hub, line: Line) -> None:
        self._directory = directory
        self._library = library
        self._hub = hub
        self._line = line

    def under(self, row: BatchRow, on: date | None = None) -> Under:
        """The terms of a file, if they hold; `on`: the day on which a message leaves. Raises Unauthorised."""
        entry = self._directory.current(row.agency)
        own = row.agreement, row.agreement_version
        return Under(terms=self._directory.terms_of(row.agency, row.interaction, *own, on, entry), entry=entry)

    def endpoint(self, under: Under) -> str:
        """The URL that the manifest goes to. Raises Misconfigured `endpoint-missing`."""
        return self._directory.endpoint(under.entry.agency, under.terms.interaction, under.entry)

    def check(self, under: Under) -> None:
        """Raise Held while the endpoint is not called."""
        self._line.check(under.terms, under.entry)

    def send(self, under: Under, call: OutboundCall) -> HttpReply:
        """One call. Raises as `Line.send` does."""
        return self._line.send(under.terms, under.entry, call)

    def offset(self, row: BatchRow, under: Under, at: datetime) -> int:
        """How many bytes the agency has. Raises AgencyUnavailable, AgencyRefused."""
        reply = self._asked(row, under, "HEAD", at)
        return _offset(reply, row)

    def append(self, row: BatchRow, under: Under, piece: bytes, at: datetime) -> int:
        """Send the next piece; gives how many bytes the agency has then: where that is not the next one, what it said.

        Raises AgencyUnavailable, AgencyRefused.
        """
        is_last = row.received + len(piece) == row.size
        headers = {
            "Content-Type": "application/partial-upload",
            "Upload-Offset": str(row.received),
            "Upload-Complete": "?1" if is_last else "?0",
        }
        reply = self._call(row, under, "PATCH", headers, piece)
        if reply.status != 409 and not 200 <= reply.status < 300:
            raise refusal_of(reply, at)
        return _offset(reply, row)

    def report(self, row: BatchRow, under: Under, at: datetime) -> AgencyReport:
        """Where the agency says that the file stands. Raises AgencyUnavailable, also for nonsense; AgencyRefused."""
        reply = self._asked(row, under, "GET", at)
        try:
            return self._report(row, under, reply, at)
        except _NONSENSE as nonsense:
            raise nonsense_of(nonsense) from nonsense

    @contextmanager
    def result(self, row: BatchRow, under: Under, most: int, at: datetime) -> Iterator[tuple[int, StreamedReply]]:
        """The result while it comes, and the byte that it begins at: `answer_size`, or 0 from an agency that gives all.

        Raises AgencyUnavailable, AgencyRefused; so do the chunks.
        """
        begin = row.answer_size
        headers = self._headers(row, under) | ({"Range": f"bytes={begin}-"} if begin else {})
        call = OutboundCall(
            method="GET",
            url=self._address(row, under, "/result"),
            headers=headers,
            body=b"",
            timeout_s=FETCH_S,
            max_reply_bytes=most,
        )
        with self._line.streamed(under.terms, under.entry, call) as reply:
            if reply.status == 206:
                found = _RANGE.fullmatch(reply.headers.get("content-range", ""))
                if found is None or int(found[1]) != begin:
                    raise Malformed(f"the result does not go on from byte {begin}", code="reply-unexpected")
            elif reply.status != 200:
                raise refusal_of(HttpReply(status=reply.status, headers=reply.headers, body=b"", took_s=0.0), at)
            yield (begin if reply.status == 206 else 0), reply

    # --- within -------------------------------------------------------------------------------------------------------

    def _report(self, row: BatchRow, under: Under, reply: HttpReply, at: datetime) -> AgencyReport:
        said = parse_json(reply.body, max_bytes=MAX_BYTES)
        violations = self._library.json(REPORT).check(said)
        if violations or not isinstance(said, dict):
            where = violations[0].path if violations else "/"
            raise SchemaViolation(f"the agency's report breaks {REPORT} at {where or '/'}", violations=violations)
        for name, expected in (("batch", row.name), ("sha256", row.sha256)):
            if said[name] != expected:
                raise Malformed(f"the agency's report is one of another file ({name})", code="reply-unexpected")
        if said["state"] not in ENDED:
            return AgencyReport(said=said, body=reply.body, headers=reply.headers, signed=False)
        signature = reply.headers.get(HEADER.lower(), "")
        verified = verify_detached(signature, reply.body, under.entry.party.certificates, at, audience=self._hub.id)
        if verified.claims.iss != row.agency or verified.claims.int_ != row.interaction:
            raise Unauthenticated("the report is signed for another interaction (int)", code="signature-claims")
        check_fresh(verified.claims.iat, verified.claims.exp, at)
        return AgencyReport(said=said, body=reply.body, headers=reply.headers, signed=True)

    def _asked(self, row: BatchRow, under: Under, method: str, at: datetime) -> HttpReply:
        reply = self._call(row, under, method, {}, b"")
        if not 200 <= reply.status < 300:
            raise refusal_of(reply, at)
        return reply

    def _call(self, row: BatchRow, under: Under, method: str, headers: Mapping[str, str], body: bytes) -> HttpReply:
        call = OutboundCall(
            method=method,
            url=self._address(row, under),
            headers=self._headers(row, under) | dict(headers),
            body=body,
            timeout_s=under.timeout.total_seconds(),
            max_reply_bytes=MAX_BYTES,
        )
        return self.send(under, call)

    def _headers(self, row: BatchRow, under: Under) -> dict[str, str]:
        return {"Authorization": f"Bearer {under.entry.party.secret(token_name(row.id))}"}

    def _address(self, row: BatchRow, under: Under, below: str = "") -> str:
        """An address of the upload: on the host that staff set, whatever the agency's answer said."""
        parts = urlsplit(self.endpoint(under))
        return urlunsplit((parts.scheme, parts.netloc, f"{row.upload}{below}", "", ""))


def refusal_of(reply: HttpReply, at: datetime) -> GatewayError:
    """The error of a reply that is no yes, with what a problem (RFC 9457) in it says and how long to wait."""
    error = asked_to_wait(by_status(reply), reply, at)
    told = _detail(reply.body)
    if told and isinstance(error, AgencyRefused):
        return AgencyRefused(f"the agency answered HTTP {reply.status}: {told}")
    return error


def nonsense_of(error: GatewayError) -> AgencyUnavailable:
    """What cannot be believed or read is as good as no answer."""
    return AgencyUnavailable(f"nonsense came back: {error.text}", code=error.code)


def _offset(reply: HttpReply, row: BatchRow) -> int:
    text = reply.headers.get("upload-offset", "")
    if not (text.isascii() and text.isdecimal() and len(text) < 17) or int(text) > row.size:
        raise AgencyUnavailable(
            f"the agency answered HTTP {reply.status} and no Upload-Offset of 0 to {row.size}", code="upload-offset"
        )
    return int(text)


def _detail(body: bytes) -> str:
    """`detail` of a problem, for people: printable, and short."""
    try:
        said: Json | Payload = parse_json(body, max_bytes=MAX_BYTES)
    except Malformed:
        return ""
    detail = said.get("detail") if isinstance(said, Mapping) else None
    return "".join(each if each.isprintable() else " " for each in detail[:300]) if isinstance(detail, str) else ""
