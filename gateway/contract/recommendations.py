"""What every technical recommendation has in common (Pasal 11(3)d), in whatever words an agency writes it.

An adapter reads its agency's own document and hands over what it says; here it becomes a fact of the case, or is
declined. No member of anybody's document is named in this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from gateway.contract.adapter import Accept, Decline, Effect, Reason
from gateway.contract.message import Json
from gateway.domain.case import PermitCase
from gateway.domain.events import RecommendationGiven


def recommendation(
    case: PermitCase,
    *,
    agency: str,
    about: Json,
    favourable: bool,
    number: Json,
    on: Json,
    by: Json,
    conditions: Iterable[str] = (),
) -> Accept | Decline:
    """Give an agency's recommendation as a fact of the case that was asked about.

    `about` is the case that the answer names, `on` the date that it bears (YYYY-MM-DD), `by` the official. Declined as
    INCONSISTENT when it speaks of another case, or bears a date that does not exist.
    """
    if crossed := other_case(case, about):
        return crossed
    try:
        day = date.fromisoformat(str(on))
    except ValueError:
        return contradiction(f"the recommendation bears the date {on}, which does not exist: correct it")
    event = RecommendationGiven(
        agency=agency, favourable=favourable, number=str(number), on=day, by=str(by), conditions=tuple(conditions)
    )
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


def other_case(case: PermitCase, about: Json) -> Decline | None:
    """Decline an answer that names another case than the request to which it relates; None when it names this one."""
    if about == case.id:
        return None
    return contradiction(f"the answer names case {about} and relates to a request about {case.id}: send it again")


def contradiction(text: str) -> Decline:
    """Decline an answer that contradicts itself or what it answers; `text` says what to correct."""
    return Decline(reason=Reason.INCONSISTENT, text=text)


def known(members: Mapping[str, Json]) -> dict[str, Json]:
    """Leave out what a case does not know: None, empty text, and empty lists."""
    return {name: value for name, value in members.items() if value is not None and value not in ("", [])}


def texts(repeated: Json) -> tuple[str, ...]:
    """Read texts that may be there several times, once (XML gives a list or one), or not at all (None)."""
    if repeated is None:
        return ()
    return tuple(str(each) for each in repeated) if isinstance(repeated, list) else (str(repeated),)
