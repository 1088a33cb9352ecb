"""The whole vocabulary of an adapter author.

An adapter is data plus pure functions: it declares each interaction as one of the typed models below (Pasal 21(2)a
and c.1) and maps case -> payload and payload -> case events. It does no I/O, holds no host and no secret, and
needs no test code: the conformance kit reads the declaration.

    Query          the hub asks, the agency answers in the same call
    Request        the hub asks, the agency answers later by callback
    Notification   the hub tells, the agency acknowledges
    Mailbox        the hub lays an item down, the agency collects and acknowledges it
    Inquiry        the agency asks, the hub answers in the same call
    Submission     the agency tells, the hub acknowledges
    Batch          one sends a file of records, the other says of each what became of it

Every mapping may raise: the hub then treats the message as not yet processed (`MappingFault`) and loses nothing.

    declaration    the models, and the adapter that holds them
    answers        what a mapping answers

Import from this package alone: how it is divided may change.
"""

from __future__ import annotations

from gateway.contract.adapter.answers import (
    Accept,
    AskPerson,
    Decline,
    Effect,
    Heard,
    Reason,
    Retry,
    SignedFile,
)
from gateway.contract.adapter.declaration import (
    Adapter,
    Agency,
    AgencyKind,
    Batch,
    Dialect,
    Document,
    Expected,
    Found,
    Inbound,
    Inquiry,
    Interaction,
    Mailbox,
    Notification,
    Outbound,
    Query,
    Repeat,
    Request,
    Submission,
)

__all__ = [
    "Accept",
    "Adapter",
    "Agency",
    "AgencyKind",
    "AskPerson",
    "Batch",
    "Decline",
    "Dialect",
    "Document",
    "Effect",
    "Expected",
    "Found",
    "Heard",
    "Inbound",
    "Inquiry",
    "Interaction",
    "Mailbox",
    "Notification",
    "Outbound",
    "Query",
    "Reason",
    "Repeat",
    "Request",
    "Retry",
    "SignedFile",
    "Submission",
]
