"""What a scenario saw, and what was wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.crash.ending import look_back
from tests.crash.finding import Finding
from tests.crash.town import Town


@dataclass(kw_only=True)
class Seen:
    """What a scenario saw, in sentences, and what was wrong."""

    name: str
    engine: str
    said: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def must(self, holds: bool, text: str) -> None:
        """A finding when it does not hold."""
        if not holds:
            self.findings.append(Finding(kind="failure", text=text))

    def end(self, town: Town) -> None:
        """Look back at the town."""
        verdict = look_back(town)
        self.findings += verdict.findings
        self.said.append(
            f"{verdict.messages} messages, {verdict.deliveries} deliveries, {verdict.leaves} leaves:"
            f" {verdict.count('lost')} lost, {verdict.count('doubled')} doubled"
        )
