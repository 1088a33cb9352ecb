"""What an inbound exchange leaves behind, as changes of a plan.

exchange row      who said what under which agreement, and how it ended
request           exact bytes of the body; `request-headers` beside it, without secrets
request-plain     of a request that came encrypted: the bytes that were signed, since our key will not decrypt for ever
answer-body       the business body of the answer
answer            exact sealed bytes; `answer-headers` with status and headers beside it
answer-plain      of an answer that left encrypted: what was signed, which nobody but its receiver could decrypt
two leaves        the first commits to request and answer-body, and the sealed answer names it; the second commits
                  to the sealed answer (an answer cannot hold the hash of a leaf that holds the answer)
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from gateway.casework.leaves import Leaves, MadeLeaf
from gateway.contract.message import Message
from gateway.dialect.shared_secret import HIDDEN
from gateway.exchange.wire import Answer, Sealed
from gateway.ledger.leaf import LeafKind
from gateway.primitives.json_writer import JsonWriter
from gateway.store.plan import Change, Claim, Insert
from gateway.store.sealing import PARTS, BodySeal
from gateway.store.tables import ExchangeRow, PartRow

SECRET_HEADERS = frozenset({"authorization", "token", "x-passkey", "user_key", "cookie", "proxy-authorization"})
IN = "in"
OUT = "out"
_writer = JsonWriter()


@dataclass(frozen=True, kw_only=True)
class Received:
    """What is known of an inbound exchange when its answer is written.

    `message_id` is None unless the outcome binds it; `content` is the keyed digest of the verified business content.
    """

    exchange: str
    message: Message
    actor: str
    interaction: str
    agreement: str
    message_id: str | None
    relates_to: str | None
    content: str
    case_id: str | None
    code: str | None
    at: datetime
    plain: bytes | None = None

    @cached_property
    def request_parts(self) -> dict[str, bytes]:
        """What came, by part: exact bytes and headers, and the plaintext of what came encrypted."""
        parts = {"request": self.message.body, "request-headers": headers_text(self.message.headers)}
        return parts if self.plain is None else {**parts, "request-plain": self.plain}

    @property
    def accepted(self) -> bool:
        """True when nothing was refused."""
        return self.code is None


def part(seal: BodySeal, name: str, body: bytes) -> Insert:
    """A part row of the exchange whose bodies `seal` seals."""
    return Insert(PartRow, {"exchange": seal.unit, "name": name, "body": seal.blob(PARTS, name, body)})


def headers_text(headers: Mapping[str, str]) -> bytes:
    """Headers as they are stored: sorted, secrets hidden."""
    shown = {name: HIDDEN if name.lower() in SECRET_HEADERS else value for name, value in sorted(headers.items())}
    return _writer.write(shown).encode()


def sealed_text(sealed: Sealed) -> bytes:
    """Status and headers of a sealed answer as they are stored; of an encrypted one also the type of its plaintext."""
    said: dict[str, object] = {"status": sealed.status, "headers": dict(sorted(sealed.headers.items()))}
    if sealed.plain is not None:
        said["plain-type"] = sealed.plain_type
    return _writer.write(said).encode()


def stored_sealed(text: bytes, body: bytes) -> Sealed:
    """Read a sealed answer back."""
    said = json.loads(text)
    return Sealed(status=said["status"], headers=said["headers"], body=body, plain_type=said.get("plain-type", ""))


def sealed_parts(sealed: Sealed, name: str) -> dict[str, bytes]:
    """A sealed answer by part: exact bytes and headers, and the plaintext of what left encrypted."""
    parts = {name: sealed.body, f"{name}-headers": sealed_text(sealed)}
    return parts if sealed.plain is None else {**parts, f"{name}-plain": sealed.plain}


def first_leaf(leaves: Leaves, received: Received, answer: Answer, key: bytes) -> MadeLeaf:
    """The leaf that the sealed answer will name."""
    extra: dict[str, str | int] = {"interaction": received.interaction}
    if received.code is not None:
        extra["code"] = received.code
    return leaves.make(
        LeafKind.ACCEPTED if received.accepted else LeafKind.REFUSED,
        at=received.at,
        actor=f"agency/{received.message.agency}",
        exchange=received.exchange,
        case_id=received.case_id,
        agreement=received.agreement,
        key=key,
        parts={**received.request_parts, "answer-body": answer.body},
        extra=extra,
    )


def answered_leaf(leaves: Leaves, received: Received, parts: Mapping[str, bytes], key: bytes) -> MadeLeaf:
    """The leaf of the sealed bytes, given by part."""
    return leaves.make(
        LeafKind.ANSWERED,
        at=received.at,
        actor=f"agency/{received.message.agency}",
        exchange=received.exchange,
        case_id=received.case_id,
        agreement=received.agreement,
        key=key,
        parts=parts,
    )


def exchange_changes(
    received: Received, answer: Answer, sealed: Sealed, sealed_by_part: Mapping[str, bytes], seal: BodySeal
) -> Iterator[Change]:
    """The exchange's own row and parts. A bound message id is claimed: the second of two is a conflict."""
    values = {
        "id": received.exchange,
        "direction": IN,
        "agency": received.message.agency,
        "interaction": received.interaction,
        "agreement": received.agreement,
        "message_id": received.message_id,
        "relates_to": received.relates_to,
        "content": received.content,
        "case_id": received.case_id,
        "verdict": "accepted" if received.accepted else "refused",
        "code": received.code,
        "at": received.at,
        "sealed_at": received.at,
        "status": sealed.status,
    }
    if received.message_id is None:
        yield Insert(ExchangeRow, values)
    else:
        yield Claim(ExchangeRow, ("direction", "agency", "message_id"), values)
    parts = {**received.request_parts, "answer-body": answer.body, **sealed_by_part}
    for name, body in parts.items():
        yield part(seal, name, body)
