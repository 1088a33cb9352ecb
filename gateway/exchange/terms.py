"""What the parties agreed about one interaction, and what the adapter declares for it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.contract.adapter import Adapter, Batch, Document, Interaction, Request
from gateway.contract.agreement import AgreedInteraction, Agreement
from gateway.contract.differences import declared_for
from gateway.validation.library import BATCH_MANIFEST


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the parties agreed about one interaction."""

    adapter: Adapter
    interaction: Interaction
    agreement: Agreement
    agreed: AgreedInteraction

    @property
    def name(self) -> str:
        """`<agency>/<interaction>`."""
        return f"{self.adapter.agency.id}/{self.interaction.name}"

    @property
    def reference(self) -> str:
        """`<agreement>/<version>`, as leaves and JWS headers name it."""
        return f"{self.agreement.id}/{self.agreement.version}"

    @property
    def heard_document(self) -> Document:
        """The schema of what the agency says.

        Of its answer in a Request, where it speaks second; of a batch, its manifest's.
        """
        match self.interaction:
            case Request() as request:
                return request.answer
            case Batch():
                return BATCH_MANIFEST
            case spoken:
                return spoken.request


def terms_under(adapter: Adapter, agreement: Agreement, interaction: str) -> Terms | None:
    """The terms of an interaction under one version; None where it is not agreed there, or not declared for it."""
    agreed = agreement.interaction(interaction)
    declared = None if agreed is None else declared_for(adapter, agreement, agreed)
    if agreed is None or declared is None:
        return None
    return Terms(adapter=adapter, interaction=declared, agreement=agreement, agreed=agreed)
