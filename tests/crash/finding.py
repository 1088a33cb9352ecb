"""What an audit finds."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that is not as it must be."""

    kind: str
    text: str


@dataclass(kw_only=True)
class Verdict:
    """All findings, and what was looked at."""

    findings: list[Finding] = field(default_factory=list)
    messages: int = 0
    answers: int = 0
    cases: int = 0
    deliveries: int = 0
    calls: int = 0
    checkpoints: int = 0
    leaves: int = 0

    def count(self, kind: str) -> int:
        """How many findings of a kind."""
        return sum(each.kind == kind for each in self.findings)
