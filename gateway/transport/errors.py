"""How an outbound call fails, told apart by what the caller may conclude.

    AgencyUnavailable
    |-- NotSent    no byte of the request went out: sending again repeats nothing
    `-- Unknown    it may have arrived: what to do stands in the interaction's `repeat` (SAFE, SAME_ID, PROBE, NEVER)

Codes: `agency-unreachable`, `agency-timeout`, `agency-cut-off`, `reply-too-large`. `stage` says where it failed, so
that a connection test can name DNS, TCP or TLS as the cause.
"""

from __future__ import annotations

from enum import StrEnum

from gateway.domain.errors import AgencyUnavailable


class Stage(StrEnum):
    """Where in a call it failed, in the order in which a call passes them."""

    POOL = "pool"
    """Waiting for a free connection of our own."""
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    WRITE = "write"
    READ = "read"


class _CallFailure(AgencyUnavailable):
    def __init__(self, text: str, *, code: str, stage: Stage) -> None:
        super().__init__(text, code=code)
        self.stage = stage


class NotSent(_CallFailure):
    """No byte of the request left: the agency knows nothing of it."""


class Unknown(_CallFailure):
    """The request left, wholly or in part, and no complete answer came: the agency may have acted on it."""
