"""The states of a delivery.

    queued ---> sending ---> answered                        the agency's answer is final
      ^            |-------> awaiting ---> answered          a Request: acknowledged, its callback is awaited
      |            |-------> not-sent ---> sending ...       no byte went out: tried again
      |            |-------> unknown ----> sending ...       it may have arrived: tried again where that is safe
      |            `-------> dead                            given up: a person looks
      |                        |
      `------- redrive --------+------> cancelled            a person decided

Of a Mailbox, which is not called:

    queued ---> laid-down ---> collected ---> answered       the agency took it, and acknowledged it
      ^            ^ |            | |`------> dead           it refused it, or it collected it as often as agreed and
      |            `-|------------' |           |            never acknowledged it: a person looks
      |              |  not acknowledged in time             it can be collected again
      |              |------------------------> dead         no agreement covers it any more: a person looks
      |              `--------------+-----------+---> cancelled
      `------- redrive -------------------------'

What waits (`queued`, `not-sent`, `unknown`) is claimed by a lease, which does not show in its state: nothing was sent
yet. `sending` begins with the attempt's own commit. `not-sent` and `unknown` wait for their `due_at`. A callback may
end a delivery from any state but the concluded, and so may the acknowledgement of an item that was collected once. In a
mailbox `due_at` is when the item can be collected, or collected again.
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
    LAID_DOWN = "laid-down"
    COLLECTED = "collected"
    ANSWERED = "answered"
    DEAD = "dead"
    CANCELLED = "cancelled"


NOT_CALLED = "not-called"
"""The outcome of an attempt whose worker woke too late to call."""

CONCLUDED = (Delivery.ANSWERED, Delivery.CANCELLED)
"""Nothing more is done about it, and the next of its queue may go."""

IN_MAILBOX = (Delivery.LAID_DOWN, Delivery.COLLECTED)
"""For the agency to collect or to acknowledge."""

WAITING = (Delivery.QUEUED, Delivery.NOT_SENT, Delivery.UNKNOWN)
"""Sent when due."""
