"""PINs (Pasal 13(3)): bound to a person, a case, a step and a digest; single use, short-lived, five tries.

The PIN is derived from the master key and the challenge when it is sent and when it is checked; it is stored nowhere.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime

from gateway.domain.errors import CaseRefusal
from gateway.store.tables import PinChallengeRow

MAX_WRONG = 5


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What a PIN is for. `digest` stands for what the person was shown."""

    person: str
    case_id: str
    step: str
    digest: str


@dataclass(frozen=True, kw_only=True)
class Fits:
    """The PIN fits; the caller uses the challenge up in the same commit."""


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """The PIN does not fit. The caller writes `wrong` where `before` was, then raises `refusal`."""

    before: int
    wrong: int
    refusal: CaseRefusal


def new_challenge(challenge: str, bound: Bound, phone: str, expires_at: datetime) -> dict[str, object]:
    """Give the values of a new PinChallengeRow."""
    return {
        "id": challenge,
        "person": bound.person,
        "phone": phone,
        "case_id": bound.case_id,
        "step": bound.step,
        "digest": bound.digest,
        "expires_at": expires_at,
        "wrong": 0,
        "used_at": None,
    }


def check(row: PinChallengeRow | None, given: str, *, bound: Bound, expected: str, at: datetime) -> Fits | Wrong:
    """Judge a PIN.

    Raises CaseRefusal: `pin-mismatch` (another person, case, step, or something else was shown), `pin-used`,
    `pin-locked` (five wrong tries), `pin-expired`. A challenge that does not exist is a mismatch like any other.
    """
    if row is None or (row.person, row.case_id, row.step, row.digest) != (
        bound.person,
        bound.case_id,
        bound.step,
        bound.digest,
    ):
        raise _refusal("pin-mismatch", "this PIN is not for this person, case, step and document: ask for a new one")
    if row.used_at is not None:
        raise _refusal("pin-used", "this PIN was used: ask for a new one")
    if row.wrong >= MAX_WRONG:
        raise _refusal("pin-locked", f"{MAX_WRONG} wrong tries: ask for a new PIN")
    if at >= row.expires_at:
        raise _refusal("pin-expired", "this PIN has expired: ask for a new one")
    if hmac.compare_digest(given.strip().encode(), expected.encode()):
        return Fits()
    left = MAX_WRONG - row.wrong - 1
    return Wrong(
        before=row.wrong,
        wrong=row.wrong + 1,
        refusal=_refusal("pin-wrong", f"the PIN is wrong; {left} tries are left"),
    )


def _refusal(code: str, text: str) -> CaseRefusal:
    return CaseRefusal(text, code=code, clause="Pasal 13(3)")
