"""JSON behind the door that the exchange knows: bounded parsing, the profile's proof, agreed schema, proven answers.

A body that came encrypted is decrypted for whom its signature, in clear, names a registered certificate of the agency;
then it is parsed, by the same parser within the same bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.contract.adapter import Document
from gateway.contract.message import Message, Payload, Reply
from gateway.dialect.party import Hub, Party, Proven
from gateway.dialect.profiles import INBOUND, OURS
from gateway.dialect.rest import Answering, Confidential, InboundProfile, body_of
from gateway.domain.errors import GatewayError, Malformed, MappingFault, Retriable, SchemaViolation
from gateway.edge.http import language_of, problem_body, status_of
from gateway.exchange.wire import Answer, Sealed, Sealing
from gateway.validation.json_parse import parse_json
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary

JSON = "application/json"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class _Encrypted:
    """A body that is still encrypted, and how much of it may be read."""

    max_bytes: int


class RestWire:
    """One REST interaction of one agency under one profile.

    `foreign`: the profile is a dialect that the agency speaks with everybody, numbers that are not exact included.
    """

    def __init__(self, profile: InboundProfile, *, library: SchemaLibrary, foreign: bool = False) -> None:
        self._profile = profile
        self._confidential = profile if isinstance(profile, Confidential) else None
        self._library = library
        self._foreign = foreign

    @classmethod
    def under(cls, security: str, *, library: SchemaLibrary) -> RestWire:
        """The wire of an interaction under the profile of that name."""
        return cls(INBOUND[security], library=library, foreign=security not in OURS)

    def open(self, message: Message, max_bytes: int) -> Any:
        """Parse the body, unless it is encrypted.

        Raises Malformed; `content-type-wrong` for another type or charset (RFC 8259 section 8.1).
        """
        if self._confidential is not None and message.content_type == self._confidential.media_type:
            return _Encrypted(max_bytes)
        if message.content_type != JSON:
            raise Malformed(
                f"content type {message.content_type[:60] or 'missing'!r}: send {JSON}", code="content-type-wrong"
            )
        charset = _foreign_charset(message.headers.get("content-type", ""))
        if charset is not None:
            raise Malformed(f"charset {charset[:60]!r}: send {JSON} in UTF-8", code="content-type-wrong")
        return parse_json(message.body, max_bytes=max_bytes, inexact_as_text=self._foreign)

    def authenticate(self, message: Message, opened: Any, party: Party, hub: Hub, at: datetime) -> Proven:
        """Decrypt what came encrypted, and let the profile prove the sender."""
        if not isinstance(opened, _Encrypted) or self._confidential is None:
            return self._profile.authenticate(message, opened, party, hub, at)
        self._confidential.check_signer(message, party, at)
        plain, media_type = self._confidential.decrypt(message.body, hub, max_bytes=opened.max_bytes)
        if media_type != JSON:
            raise Malformed(f"the encrypted body is of type {media_type}: send {JSON}", code="content-type-wrong")
        payload = parse_json(plain, max_bytes=opened.max_bytes)
        proven = self._profile.authenticate(replace(message, body=plain), payload, party, hub, at)
        return replace(proven, plain=plain)

    def form(self, proven: Proven) -> Document | None:  # noqa: ARG002 - the wire's signature
        """JSON does not tell which document it is meant to be."""
        return None

    def check_fresh(self, proven: Proven, at: datetime) -> None:
        """Let the profile judge the timestamp."""
        self._profile.check_fresh(proven, at)

    def read(self, proven: Proven, document: str) -> Payload:
        """Give the payload. Raises SchemaViolation with every violation."""
        violations = self._library.json(document).check(proven.document)
        if violations:
            raise SchemaViolation(
                f"the body breaks {document} in {len(violations)} place(s), first at {violations[0].path or '/'}",
                clause=f"{document} (Pasal 21(2)c.3)",
                violations=violations,
            )
        payload: Payload = proven.document
        return payload

    def reply(self, document: str, payload: Payload) -> Answer:
        """Write a reply of ours. Raises MappingFault when it breaks its own schema."""
        violations = self._library.json(document).check(payload)
        if violations:
            raise MappingFault(
                f"our own reply breaks {document} at {violations[0].path or '/'}; nothing was kept", clause="adapter"
            )
        return Answer(status=200, body=body_of(dict(payload)), media_type=JSON)

    def acknowledge(self, acknowledgement: Payload) -> Answer:
        """Write an acknowledgement."""
        return self.reply(ACKNOWLEDGEMENT, acknowledgement)

    def custom(self, reply: Reply) -> Answer:
        """Write an answer in the agency's own dialect."""
        return Answer(status=reply.status, body=body_of(dict(reply.payload)), media_type=JSON, headers=reply.headers)

    def refuse(self, error: GatewayError, message: Message, exchange: str) -> Answer:
        """Write an RFC 9457 problem, in the client's language."""
        after_s = error.after_s if isinstance(error, Retriable) else None
        return Answer(
            status=status_of(error),
            body=problem_body(error, exchange=exchange or None, language=language_of(message.headers)),
            media_type=PROBLEM,
            headers={} if after_s is None else {"Retry-After": str(after_s)},
        )

    def seal(self, answer: Answer, sealing: Sealing | None, hub: Hub, at: datetime) -> Sealed:
        """Add what proves the answer, and encrypt it to its recipient."""
        proof: dict[str, str] = {}
        if sealing is not None:
            answering = Answering(
                body=answer.body,
                proven=sealing.proven,
                request=sealing.message,
                agreement=sealing.agreement,
                interaction=sealing.message.interaction,
                leaf=sealing.leaf,
            )
            proof = dict(self._profile.seal(answering, hub, at))
        headers = {"Content-Type": answer.media_type, **answer.headers, **proof}
        if sealing is None or sealing.recipient is None or self._confidential is None:
            return Sealed(status=answer.status, headers=headers, body=answer.body)
        return Sealed(
            status=answer.status,
            headers={**headers, "Content-Type": self._confidential.media_type},
            body=self._confidential.encrypt(answer.body, answer.media_type, sealing.recipient),
            plain=answer.body,
            plain_type=answer.media_type,
        )


def _foreign_charset(content_type: str) -> str | None:
    """Give the first charset parameter that is not UTF-8, if there is one."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset != "utf-8":
            return charset
    return None
