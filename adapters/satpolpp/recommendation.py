"""Recommendations on advertising (Pasal 11(3)d): what Satpol PP is told of a case, and what it says of it."""

from __future__ import annotations

from datetime import date

from gateway.contract.adapter import Accept, Decline, Effect, Found, Reason
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import RecommendationGiven, Reference, RequestRecommendation

AGENCY = "satpolpp"


def recommendation_task(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Say what is to be judged and where, and nothing more about the applicant than the name."""
    applicant: dict[str, Json] = {"name": case.applicant.name}
    if case.applicant.company:
        applicant["company"] = case.applicant.company
    task: dict[str, Json] = {"case": case.id}
    if case.acknowledgement_number:
        task["acknowledgementNumber"] = case.acknowledgement_number
    return task | {
        "service": case.service,
        "serviceName": case.service_name,
        "applicant": applicant,
        "location": {"address": case.site.address, "kelurahan": case.site.kelurahan},
        "purpose": case.site.purpose,
    }


def about_task(recommendation: Payload) -> tuple[Reference, ...]:
    """Look up the case that the task was about."""
    return (Reference(kind="message", value=str(recommendation["task"])),)


def recommendation_given(recommendation: Payload, found: Found) -> Accept | Decline:
    """Read the recommendation as a fact of the case; decline one that answers no task, or names another case."""
    cases = [case for each in about_task(recommendation) for case in found.get(each, ())]
    if not cases:
        return Decline(reason=Reason.NOT_FOUND, text="no task has this message id: send it as it was collected")
    (case,) = cases
    if recommendation["case"] != case.id:
        return Decline(
            reason=Reason.INCONSISTENT,
            text=f"the recommendation names case {recommendation['case']}, its task was about {case.id}",
        )
    day = _day(str(recommendation["date"]))
    if day is None:
        return Decline(
            reason=Reason.INCONSISTENT, text=f"date {recommendation['date']} does not exist: send a real day"
        )
    conditions = recommendation.get("condition", [])
    event = RecommendationGiven(
        agency=AGENCY,
        favourable=recommendation["favourable"] is True,
        number=str(recommendation["number"]),
        on=day,
        by=str(recommendation["official"]),
        conditions=tuple(str(each) for each in conditions) if isinstance(conditions, list) else (str(conditions),),
    )
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
