"""Facts that may come at any time: the service clock, a revocation, what a person has to look at."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.domain.events.fact import CaseEvent


@dataclass(frozen=True, kw_only=True)
class ServiceClockPaused(CaseEvent):
    """The service clock stops (OSS status 41)."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ServiceClockResumed(CaseEvent):
    """The service clock goes on (OSS status 42)."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class ServiceClockRestarted(CaseEvent):
    """The service clock starts again from zero (OSS status 43, 44)."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class PermitRevoked(CaseEvent):
    """An issued permit was revoked or cancelled (7(2)b)."""

    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class AttentionRaised(CaseEvent):
    """A person must look: an agency answered what no rule decides. `source` is the agency and interaction."""

    source: str
    text: str


@dataclass(frozen=True, kw_only=True)
class AttentionSettled(CaseEvent):
    """An officer looked, and says what was done about it; all that waited is settled.

    With `only` it is that one alone (as the case holds it): what an agency said later answers it, and `officer` names
    the agency and the interaction.
    """

    officer: str
    text: str
    only: str = ""
