"""Who did not prove to be anybody: refused in the form of the address, counted, and not kept.

A refusal is counted per address, minute and code. The address is kept as a keyed hash of its owner; a minute becomes a
leaf at its end (`gateway.casework.refusals`).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

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
from gateway.store.conflicts import commit
from gateway.store.plan import Add, Plan
from gateway.store.tables import RefusalTallyRow
from gateway.store.unit_of_work import UnitOfWork


class UnknownSenders:
    """Refuses them. `not_proven` is told of each whose signature was refused. Safe to use from many threads."""

    def __init__(
        self,
        *,
        directory: Directory,
        unit_of_work: UnitOfWork,
        address_key: bytes,
        hub: Hub,
        not_proven: Callable[[Message, Refused], None],
    ) -> None:
        self._directory = directory
        self._unit_of_work = unit_of_work
        self._address_key = address_key
        self._hub = hub
        self._not_proven = not_proven

    def unproven(self, message: Message, wire: Wire, interaction: Interaction, refusal: Refused) -> Sealed:
        """Refuse whoever speaks to an interaction of ours, with what is found besides."""
        if interaction.security in SIGNED:
            self._not_proven(message, refusal)
        return self.refuse(message, wire, explained(message, interaction, refusal))

    def refuse(self, message: Message, wire: Wire, refusal: Refused) -> Sealed:
        """Count and answer. Raises HubBusy when it cannot be counted."""
        self.count(message, refusal.code)
        return self.unsigned(message, wire, refusal)

    def unsigned(self, message: Message, wire: Wire, error: GatewayError) -> Sealed:
        """An answer that nothing is kept of."""
        answer = refusal_answer(self._directory.adapters.get(message.agency), message, wire, error)
        return wire.seal(answer, None, self._hub, message.received_at)

    def count(self, message: Message, code: str) -> None:
        """Count a refusal of somebody unknown, by the owner of the address."""
        minute = message.received_at.replace(second=0, microsecond=0)
        owner = hmac.digest(self._address_key, owner_of(message.address).encode(), "sha256").hex()[:32]
        key = {"minute": minute, "address": owner, "code": code}
        commit(self._unit_of_work, Plan.of(Add(RefusalTallyRow, key, "count")))


def explained(message: Message, interaction: Interaction, refusal: Refused) -> Refused:
    """The refusal of a sender who is not proven, with what the meta-service that was asked finds besides."""
    if isinstance(interaction, MetaInquiry) and isinstance(refusal, Unauthenticated | Malformed):
        return interaction.explain(message, refusal)
    return pointed_to_echo(message, interaction, refusal)
