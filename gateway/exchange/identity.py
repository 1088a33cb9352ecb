"""Which message it is: the terms it comes under, its id, and the keyed digest of its content."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from gateway.contract.adapter import Interaction
from gateway.contract.message import Message, Payload
from gateway.dialect.party import Party, Proven
from gateway.domain.errors import Unauthorised
from gateway.exchange.directory import Terms
from gateway.exchange.entry import Entry
from gateway.exchange.spoken import Spoken
from gateway.exchange.wire import Wire


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A message whose sender is proven: the terms (or why none cover it) and what identifies it.

    `by_content`: it bears no id, and what it says is its identity. `entry` is what the registry said of the sender when
    both were judged. `not_now` is why its terms do not hold for a
    new message, None where they do.
    """

    message: Message
    wire: Wire
    entry: Entry
    proven: Proven
    terms: Terms | Unauthorised
    message_id: str | None
    content: str
    not_now: Unauthorised | None = None
    by_content: bool = False

    @property
    def party(self) -> Party:
        """What staff registered about the sender."""
        return self.entry.party

    @property
    def at(self) -> datetime:
        """When it arrived."""
        return self.message.received_at

    @property
    def is_confidential(self) -> bool:
        """True when the answer has to be encrypted: it is agreed, or the message itself came encrypted."""
        agreed = isinstance(self.terms, Terms) and self.terms.agreed.confidential
        return agreed or self.proven.plain is not None

    @property
    def agreement(self) -> str:
        """`<agreement>/<version>`, or "" when none covers it."""
        return self.terms.reference if isinstance(self.terms, Terms) else ""


def identify(
    message: Message,
    wire: Wire,
    interaction: Interaction,
    proven: Proven,
    *,
    entry: Entry,
    spoken: Spoken,
    key: bytes,
) -> Seen:
    """Give the message its identity. `key` keys the digests: whoever reads the store cannot guess contents."""
    scope = f"{message.agency}/{interaction.name}\x00".encode()
    content = hmac.digest(key, scope + proven.content, "sha256").hex()
    declared = spoken.terms.interaction if isinstance(spoken.terms, Terms) else interaction
    identity = getattr(declared, "identity", None)
    message_id = proven.message_id
    if message_id is None and identity is not None:
        # a body that the mapping cannot identify is identified by its content; validation will say what is wrong
        message_id = _read(identity, proven.document)
        if not message_id:
            message_id = f"content:{hmac.digest(key, proven.content, 'sha256').hex()}"
    return Seen(
        message=message,
        wire=wire,
        entry=entry,
        proven=proven,
        terms=spoken.terms,
        message_id=message_id,
        content=content,
        not_now=spoken.not_now,
        by_content=proven.message_id is None,
    )


def _read(identity: Callable[[Payload], str], document: Payload) -> str | None:
    try:
        return identity(document)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
