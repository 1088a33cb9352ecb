"""Which agency serves an Ask: asked of the exchange, which knows agreements; declared here, below it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gateway.domain.events import Ask


@dataclass(frozen=True, kw_only=True)
class Route:
    """An interaction under an active agreement that serves an Ask."""

    agency: str
    interaction: str
    agreement: str
    agreement_version: str


class Routes(Protocol):
    """Finds routes."""

    def serving(self, ask: Ask, service: str, on: date, *, at_once: bool = False) -> Route | None:
        """The route of `ask` for a case of that service, or None: no active agreement serves it (Pasal 21(1)).

        Of a suspended agency too, which is asked when the suspension ends; `at_once`: not of one, for what lives for
        minutes.
        """
        ...

    def serves(self, kind: type[Ask], service: str, on: date) -> bool:
        """Whether an active agreement serves such Asks for cases of that service, with an agency not suspended."""
        ...
