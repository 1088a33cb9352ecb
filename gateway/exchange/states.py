"""The states of a delivery.

    queued ---> sending ---> answered                        the agency's answer is final
      ^            |-------> awaiting ---> answered          a Request: acknowledged, its callback is awaited
      |            |-------> not-sent ---> sending ...       no byte went out: tried again
      |            |-------> unknown ----> sending ...       it may have arrived: tried again where that is safe
      |            `-------> dead                            given up: a person looks
      |                        |
      `------- redrive --------+------> cancelled            a person decided

What waits (`queued`, `not-sent`, `unknown`) is claimed by a lease, which does not show in its state: nothing was sent
yet. `sending` begins with the attempt's own commit. `not-sent` and `unknown` wait for their `due_at`. A callback may
end a delivery from any state but the concluded.
"""

from __future__ import annotations

from enum import StrEnum


class Delivery(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    NOT_SENT = "not-sent"
    UNKNOWN = "unknown"
    AWAITING = "awaiting"
    ANSWERED = "answered"
    DEAD = "dead"
    CANCELLED = "cancelled"


NOT_CALLED = "not-called"
"""The outcome of an attempt whose worker woke too late to call."""

CONCLUDED = (Delivery.ANSWERED, Delivery.CANCELLED)
"""Nothing more is done about it, and the next of its queue may go."""

WAITING = (Delivery.QUEUED, Delivery.NOT_SENT, Delivery.UNKNOWN)
"""Sent when due."""
