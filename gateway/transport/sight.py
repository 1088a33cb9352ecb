"""What a look at an endpoint sees, step by step (`gateway.transport.probe`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.transport.connection import why


class Verdict(StrEnum):
    """How a step of a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


class Stage(StrEnum):
    """The steps of a look, in their order."""

    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    HTTP = "http"
    CLOCK = "clock"


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What one step saw. `advice` says what to do, empty where all is well."""

    stage: Stage
    verdict: Verdict
    expected: str
    found: str
    advice: str = ""


class LookEndedError(Exception):
    """The look cannot go on; its last sight says why."""

    def __init__(self, sight: Sight) -> None:
        super().__init__(sight.found)
        self.sight = sight


def failed(stage: Stage, expected: str, found: str, advice: str) -> LookEndedError:
    """The end of a look by a step that failed."""
    return LookEndedError(Sight(stage=stage, verdict=Verdict.FAIL, expected=expected, found=found, advice=advice))


def because(fault: Exception) -> str:
    """What broke a connection, in words for a sentence."""
    if isinstance(fault, TimeoutError):
        return "time ran out"
    return why(fault) if isinstance(fault, OSError) else str(fault)
