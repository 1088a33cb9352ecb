"""Kinds of case: conditions that choose between two rows of the table of steps for one fact and stage.

They are guards as those of `gateway.domain.guards` are, and come in pairs, of which exactly one holds. `levied` also
stands as a condition by itself.
"""
# ruff: noqa: D103 - what a guard means is the sentence in its decorator, which people get to read

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from gateway.domain import events
from gateway.domain.events import CaseEvent, SigningMethod
from gateway.domain.guard import guard

if TYPE_CHECKING:
    from gateway.domain.case import PermitCase


@guard("step-not-allowed", "Pasal 16(2)", "this document is for wet ink: it is printed before it is signed")
def electronic(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.signing is SigningMethod.ELECTRONIC


@guard("step-not-allowed", "Pasal 16(2)", "this document is signed electronically and printed after that")
def wet_ink(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.signing is SigningMethod.WET


@guard("not-levied", "Pasal 15", "{case.service} carries no retribusi: nothing is charged or paid")
def levied(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.levied


@guard("step-not-allowed", "Pasal 15", "{case.service} carries retribusi")
def unlevied(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return not case.levied


@guard("step-not-allowed", "Pasal 11(3)d", "this type needs a technical recommendation")
def no_recommendation_needed(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return not case.required_recommendations


@guard("step-not-allowed", "Pasal 11(3)d", "this type needs no technical recommendation")
def recommendation_needed(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return bool(case.required_recommendations)


@guard("step-not-allowed", "Pasal 11(3)d", "other recommendations are still missing")
def last_recommendation(case: PermitCase, event: events.RecommendationGiven, _at: datetime) -> bool:
    return case.missing_recommendations == (event.agency,)


@guard("step-not-allowed", "Pasal 11(3)d", "no other recommendation is missing")
def more_recommendations(case: PermitCase, event: events.RecommendationGiven, _at: datetime) -> bool:
    return case.missing_recommendations != (event.agency,)


@guard("step-not-allowed", "Pasal 13", "its certified service signed this document")
def signed_here(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.signature_asked is None


@guard("step-not-allowed", "Pasal 13", "no certified service was asked to sign this document")
def signed_by_service(case: PermitCase, _event: CaseEvent, _at: datetime) -> bool:
    return case.signature_asked is not None
