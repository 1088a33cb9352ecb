"""A message while it is heard, and what it draws on: the agreed rate when it is new, a rate of its own when not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from gateway.contract.adapter import Interaction
from gateway.contract.message import Message
from gateway.domain.errors import Refused
from gateway.exchange.directory import Terms
from gateway.exchange.identity import Seen
from gateway.exchange.spoken import VersionExpected
from gateway.exchange.wire import Wire

Allowance: TypeAlias = Callable[[str, str, float | None, bool], None]
"""Counts one message of a proven agency in an interaction with that agreed rate, None where none was agreed.

The last says whether it is new: what repeats or is not let in is counted apart. Raises RateLimited.
"""


@dataclass(kw_only=True)
class Hearing:
    """A message that is well-formed, while it is heard: once, or again when others came first.

    `spend` counts it, once for all its preparations. `opened` is what the wire made of it, for the first of them
    alone: while many wait for their COMMIT, a parsed document is ten times its bytes. `patient`: it may be waited for.
    """

    message: Message
    wire: Wire
    interaction: Interaction
    opened: Any
    spend: Allowance
    again: bool = False
    patient: bool = True


def binds_id(seen: Seen, refusal: Refused, spend: Allowance) -> bool:
    """Whether a refusal in steps 6 to 8 binds the message id. One of a message without an id counts as a repeat."""
    if seen.by_content:
        count(seen, spend, new=False)
    return not (seen.by_content or isinstance(refusal, VersionExpected))


def count(seen: Seen, spend: Allowance, *, new: bool) -> None:
    """Draw on the agreed rate for what is new, else on the one beside it. Raises RateLimited."""
    rate_per_s = seen.terms.agreed.rate_per_s if isinstance(seen.terms, Terms) else None
    spend(seen.message.agency, seen.message.interaction, rate_per_s, new)
