"""Who did not prove to be anybody: refused in the form of the address, counted, and not kept.

A refusal is counted per address, minute and code. The address is kept as a keyed hash of its owner; a minute becomes a
leaf at its end (`gateway.casework.refusals`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.contract.adapter import Interaction
from gateway.contract.address import owner_of
from gateway.contract.message import Message
from gateway.dialect.party import Hub
from gateway.domain.errors import GatewayError, Malformed, Refused, Unauthenticated
from gateway.exchange.directory import Directory
from gateway.exchange.meta.inquiry import MetaInquiry
from gateway.exchange.meta.pointer import SIGNED, pointed_to_echo
from gateway.exchange.refusing import refusal_answer
from gateway.exchange.wire import Sealed, Wire
from gateway.primitives.mac import hmac_sha256
from gateway.store.pending import Prepared
from gateway.store.plan import Add, Plan
from gateway.store.tables import RefusalTallyRow

T = TypeVar("T")


class UnknownSenders:
    """Refuses them. `not_proven` is told of each whose signature was refused. Safe to use from many threads."""

    def __init__(
        self,
        *,
        directory: Directory,
        address_key: bytes,
        hub: Hub,
        not_proven: Callable[[Message, Refused], None],
    ) -> None:
        self._directory = directory
        self._address_key = address_key
        self._hub = hub
        self._not_proven = not_proven

    def unproven(self, message: Message, wire: Wire, interaction: Interaction, refusal: Refused) -> Prepared[Sealed]:
        """Refuse whoever speaks to an interaction of ours, with what is found besides."""
        if interaction.security in SIGNED:
            self._not_proven(message, refusal)
        return self.refuse(message, wire, explained(message, interaction, refusal))

    def refuse(self, message: Message, wire: Wire, refusal: Refused) -> Prepared[Sealed]:
        """The answer, which leaves once the refusal is counted."""
        return self.counted(message, refusal.code, self.unsigned(message, wire, refusal))

    def unsigned(self, message: Message, wire: Wire, error: GatewayError) -> Sealed:
        """An answer that nothing is kept of."""
        answer = refusal_answer(self._directory.adapters.get(message.agency), message, wire, error)
        return wire.seal(answer, None, self._hub, message.received_at)

    def counted(self, message: Message, code: str, value: T) -> Prepared[T]:
        """The value, once a refusal of somebody unknown is counted, by the owner of the address."""
        minute = message.received_at.replace(second=0, microsecond=0)
        owner = hmac_sha256(self._address_key, owner_of(message.address).encode()).hex()[:32]
        key = {"minute": minute, "address": owner, "code": code}
        return Prepared(Plan.of(Add(RefusalTallyRow, key, "count")), value)


def explained(message: Message, interaction: Interaction, refusal: Refused) -> Refused:
    """The refusal of a sender who is not proven, with what the meta-service that was asked finds besides."""
    if isinstance(interaction, MetaInquiry) and isinstance(refusal, Unauthenticated | Malformed):
        return interaction.explain(message, refusal)
    return pointed_to_echo(message, interaction, refusal)
