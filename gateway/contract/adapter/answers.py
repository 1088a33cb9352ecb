"""What a mapping answers: what the message means for cases, or why nothing can be made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from gateway.domain.events import CaseEvent, Reference


class Reason(StrEnum):
    """Why a mapping declines; each dialect gives it the agency's own code."""

    NOT_FOUND = "not-found"
    ALREADY_DONE = "already-done"
    EXPIRED = "expired"
    WRONG_AMOUNT = "wrong-amount"
    INCONSISTENT = "inconsistent"
    NOT_ALLOWED = "not-allowed"


@dataclass(frozen=True, kw_only=True)
class Decline:
    """A final business no, said to the agency in its own dialect."""

    reason: Reason
    text: str


@dataclass(frozen=True, kw_only=True)
class Retry:
    """The agency cannot answer now (a maintenance page): try again, after `after_s` seconds or by the agreed schedule.

    After as many attempts as agreed it is a dead letter. `counts` False: the agency did not look at what was asked (a
    spent quota, which it also says of everything else in this interaction), and no attempt is used up. Such a wait is a
    quarter of an hour at least, for all that is asked in the interaction; and when a week has passed since the message
    was made, attempts count all the same, so that a person looks at what is never taken.
    """

    text: str
    after_s: int | None = None
    counts: bool = True


@dataclass(frozen=True, kw_only=True)
class AskPerson:
    """No rule decides this answer; an officer is asked. The text says what came and what to look at.

    It is the end of the message: asking the same once more would give the same answer. `again`: it would not, for the
    fault is the office's own (a password, an address that is not registered) and nothing was decided. Then it is a dead
    letter: the hub never sends it by itself, staff do once they have mended what is wrong. Nothing else is asked in
    this interaction for a quarter of an hour, since accounts are locked after some wrong passwords.
    """

    text: str
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class SignedFile:
    """The signed form of a document of the case: exact bytes of a PDF. `of` is the SHA-256 (hex) of what was sent.

    The hub keeps it with the case if it is that, and asks a person if not. It comes in the reply to a Query alone.
    """

    of: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Events for one case. `case` None opens a new case, which `key` then names: the same key never opens a second.

    `signed` are the files on which a DocumentSigned among the events rests.
    """

    case: str | None
    events: tuple[CaseEvent, ...]
    key: Reference | None = None
    signed: tuple[SignedFile, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Accept:
    """The message is understood and has these effects, perhaps none. `final` False: more answers will follow."""

    effects: tuple[Effect, ...] = ()
    final: bool = True


Heard: TypeAlias = Accept | Decline | Retry | AskPerson
