"""How a delivery's message is written, sealed and its reply read: REST here, SOAP in `gateway.exchange.soap_speaking`.

What an agency answers is sorted by what the hub may conclude:

    a payload          it answered; the mapping decides what that means
    AgencyBusy         it said that it did not take the message: not sent
    AgencyUnavailable  nobody knows whether it took it
    Refused            it refused the message for good

Where the agreement calls an interaction confidential, what we say is encrypted after signing, and an answer that
carries a document has to come encrypted too. A refusal may come in clear: its text is for people and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from cryptography import x509

from gateway.contract.adapter import Batch, Notification, Query, Request
from gateway.contract.message import Payload
from gateway.dialect.party import Hub, Party
from gateway.dialect.profiles import OURS, OUTBOUND
from gateway.dialect.rest import Asking, Confidential, Heard, OutboundProfile, SealedRequest
from gateway.domain.errors import (
    AgencyUnavailable,
    GatewayError,
    Malformed,
    Misconfigured,
    Refused,
    SchemaViolation,
    Unauthenticated,
)
from gateway.exchange.directory import Terms
from gateway.exchange.retry_after import retry_after
from gateway.transport.http import HttpReply, OutboundCall
from gateway.validation.json_parse import parse_json
from gateway.validation.library import ACKNOWLEDGEMENT, BATCH_ACCEPTED, SchemaLibrary

_ENCRYPTING = {name: profile for name, profile in OUTBOUND.items() if isinstance(profile, Confidential)}
"""Told apart once: to ask it of a Protocol costs as much as to read a small answer."""


class AgencyBusy(AgencyUnavailable):
    """The agency answered that it cannot take the message now."""

    default_code = "agency-busy"


class AgencyRefused(Refused):
    """The agency refused the message for good."""

    default_code = "refused-by-agency"


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A message ready to leave, and the same as it is stored (without secrets).

    Of one that leaves encrypted, `signed` is what was signed in it and `stored_plain` the same without secrets.
    """

    call: OutboundCall
    stored_headers: Mapping[str, str]
    stored_body: bytes
    signed: bytes | None = None
    stored_plain: bytes | None = None


@dataclass(frozen=True, kw_only=True)
class Speech:
    """One message of one delivery at one moment."""

    terms: Terms
    payload: Payload
    message_id: str
    url: str
    party: Party
    at: datetime

    @property
    def recipient(self) -> x509.Certificate | None:
        """The certificate that it is encrypted to; None where the agreement lets it travel in clear.

        Raises Misconfigured `encryption-certificate-missing`.
        """
        agreed = self.terms.agreed
        return self.party.recipient(self.at, soap=agreed.transport.is_soap) if agreed.confidential else None


class Speaker(Protocol):
    """One transport, at the seat of the client."""

    def check(self, terms: Terms, payload: Payload) -> None:
        """Raise SchemaViolation when our own message breaks the agreed schema."""
        ...

    def speak(self, speech: Speech) -> Spoken:
        """Write and seal the message. Raises Misconfigured."""
        ...

    def decrypted(self, speech: Speech, reply: HttpReply) -> HttpReply | None:
        """Give what came back in clear; None for what came so.

        Raises as `gateway.trust` does for what cannot be decrypted, and Unauthenticated `encryption-missing` for an
        answer in clear where it is agreed that it is confidential.
        """
        ...

    def hear(self, speech: Speech, spoken: Spoken, reply: HttpReply, at: datetime) -> Payload | None:
        """Verify, validate and read what came back, in clear; None for an acknowledgement without a body of its own.

        Raises as the module says; Unauthenticated, Malformed and SchemaViolation for nonsense.
        """
        ...


def reply_document(terms: Terms) -> str | None:
    """The schema of what comes back in the same call; None when any 2xx answer is the acknowledgement."""
    match terms.interaction:
        case Query(reply=document) | Notification(reply=document):
            return document
        case Request():
            return ACKNOWLEDGEMENT
        case Batch():
            return BATCH_ACCEPTED  # of the office's own file: what is said is its manifest
        case other:
            raise Misconfigured(f"{terms.name} is a {type(other).__name__}: the hub does not speak first in it")


class RestSpeaker:
    """JSON over HTTP under the profile that the interaction names."""

    def __init__(self, library: SchemaLibrary, hub: Hub, max_reply_bytes: int) -> None:
        self._library = library
        self._hub = hub
        self._max_reply_bytes = max_reply_bytes

    def check(self, terms: Terms, payload: Payload) -> None:
        """Hold our message to the agreed schema."""
        violations = self._library.json(terms.interaction.request).check(payload)
        if violations:
            raise SchemaViolation(
                f"our own message to {terms.name} breaks the agreed schema at {violations[0].path or '/'}",
                clause=terms.interaction.request,
                violations=violations,
            )

    def speak(self, speech: Speech) -> Spoken:
        """Fill in secrets, sign, encrypt where that is agreed, and write the call."""
        asking = self._asking(speech)
        sealed = self._profile(speech.terms).seal_request(asking, speech.party, self._hub, speech.at)
        call = OutboundCall(
            method=asking.method,
            url=speech.url,
            headers=dict(sealed.headers),
            body=sealed.body,
            timeout_s=speech.terms.agreed.call_timeout_s,
            max_reply_bytes=self._max_reply_bytes,
        )
        return Spoken(
            call=call,
            stored_headers=_with_request_line(sealed.stored_headers, asking),
            stored_body=sealed.stored_body,
            signed=sealed.signed,
            stored_plain=sealed.stored_plain,
        )

    def decrypted(self, speech: Speech, reply: HttpReply) -> HttpReply | None:
        """Open a JWE. An answer that is to be read has to be one where that is agreed."""
        profile = _ENCRYPTING.get(speech.terms.interaction.security)
        if profile is not None and reply.content_type == profile.media_type:
            plain, media_type = profile.decrypt(reply.body, self._hub, max_bytes=self._max_reply_bytes)
            return replace(reply, body=plain, headers={**reply.headers, "content-type": media_type})
        if speech.terms.agreed.confidential and reply_document(speech.terms) is not None:
            if 200 <= reply.status < 300:
                raise came_in_clear(speech)
            raise by_status(reply)
        return None

    def hear(self, speech: Speech, spoken: Spoken, reply: HttpReply, at: datetime) -> Payload | None:
        """Read the answer; what fits the agreed schema is an answer, whatever its HTTP status says."""
        document = reply_document(speech.terms)
        good = 200 <= reply.status < 300
        if document is None and good:
            return None
        try:
            payload = self._read(speech, spoken, reply, document, at)
        except (Malformed, SchemaViolation, Unauthenticated):
            if good:
                raise
            raise by_status(reply) from None
        return payload

    def _read(
        self, speech: Speech, spoken: Spoken, reply: HttpReply, document: str | None, at: datetime
    ) -> Payload | None:
        heard = Heard(status=reply.status, headers=reply.headers, body=reply.body)
        sealed = SealedRequest(
            headers=spoken.call.headers,
            body=spoken.call.body,
            stored_headers=spoken.stored_headers,
            stored_body=spoken.stored_body,
            signed=spoken.signed,
            stored_plain=spoken.stored_plain,
        )
        self._profile(speech.terms).check_reply(heard, self._asking(speech), sealed, speech.party, self._hub, at)
        if document is None:
            raise Malformed("no answer body is agreed for this status", code="reply-unexpected")
        foreign = speech.terms.interaction.security not in OURS
        payload = parse_json(reply.body, max_bytes=self._max_reply_bytes, inexact_as_text=foreign)
        violations = self._library.json(document).check(payload)
        if violations or not isinstance(payload, dict):
            raise SchemaViolation(
                f"the answer of {speech.terms.name} breaks the agreed schema", clause=document, violations=violations
            )
        if document == ACKNOWLEDGEMENT and payload["messageId"] != speech.message_id:
            raise Unauthenticated("the acknowledgement names another message", code="signature-claims")
        return payload

    def _asking(self, speech: Speech) -> Asking:
        parts = urlsplit(speech.url)
        interaction = speech.terms.interaction
        return Asking(
            method=interaction.method if isinstance(interaction, Query) else "POST",
            path=f"{parts.path}?{parts.query}" if parts.query else parts.path,
            payload=speech.payload,
            message_id=speech.message_id,
            agreement=speech.terms.reference,
            interaction=speech.terms.interaction.name,
            redacted=speech.terms.interaction.redact,
            recipient=speech.recipient,
        )

    def _profile(self, terms: Terms) -> OutboundProfile:
        return OUTBOUND[terms.interaction.security]


def _with_request_line(headers: Mapping[str, str], asking: Asking) -> Mapping[str, str]:
    """The headers as they are stored; without a body the request line is all that was said (RFC 9113, 8.3.1)."""
    if asking.method != "GET":
        return headers
    return {**headers, ":method": asking.method, ":path": asking.path}


def came_in_clear(speech: Speech) -> Unauthenticated:
    """The error for an answer in clear where the agreement says confidential."""
    return Unauthenticated(
        f"the answer of {speech.terms.name} came in clear; agreed is that it is encrypted to the hub's certificate",
        code="encryption-missing",
        clause=f"{speech.terms.reference} confidential (Pasal 20 c)",
    )


def asked_to_wait(error: GatewayError, reply: HttpReply | None, at: datetime) -> GatewayError:
    """The error of a call, with what the agency's Retry-After says, whatever the status that came with it.

    With one, a redirect says that the message is not taken now, where it would else be refused for good.
    """
    after_s = None if reply is None else retry_after(reply.headers, at)
    if reply is None or after_s is None:
        return error
    if isinstance(error, AgencyUnavailable):
        error.after_s = after_s
    elif isinstance(error, AgencyRefused) and 300 <= reply.status < 400:
        return AgencyBusy(error.text, after_s=after_s)
    return error


def by_status(reply: HttpReply) -> GatewayError:
    """What a status alone says, of a reply without a body that was agreed."""
    if reply.status in (429, 503):
        return AgencyBusy(f"the agency answered HTTP {reply.status}: it cannot take messages now")
    if reply.status == 408 or reply.status >= 500:
        return AgencyUnavailable(
            f"the agency answered HTTP {reply.status}, and nobody knows whether it took the message"
        )
    return AgencyRefused(f"the agency answered HTTP {reply.status} and no body that was agreed")
