"""Technical recommendations (Pasal 11(3)d): what DPUPR is told of a case, and what its answer means."""

from __future__ import annotations

from datetime import date

from gateway.contract.adapter import Accept, Decline, Effect, Reason
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import RecommendationGiven, RequestRecommendation

AGENCY = "dpupr"


def recommendation_request(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Send what DPUPR needs to judge the site, and nothing more about the applicant than the name."""
    applicant: dict[str, Json] = {"name": case.applicant.name}
    if case.applicant.company:
        applicant["company"] = case.applicant.company
    payload: dict[str, Json] = {"case": case.id}
    if case.acknowledgement_number:
        payload["acknowledgementNumber"] = case.acknowledgement_number
    payload |= {
        "service": case.service,
        "serviceName": case.service_name,
        "applicant": applicant,
        "location": {"address": case.site.address, "kelurahan": case.site.kelurahan},
        "purpose": case.site.purpose,
    }
    if case.site.area_m2 is not None:
        payload["builtArea"] = case.site.area_m2
    return payload


def recommendation_given(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the recommendation as a fact of the case; decline when the answer speaks of another case."""
    if answer["case"] != case.id:
        return Decline(
            reason=Reason.INCONSISTENT,
            text=f"the answer names case {answer['case']} and relates to a request about {case.id}: send it again",
        )
    conditions = answer.get("condition", [])
    event = RecommendationGiven(
        agency=AGENCY,
        favourable=answer["favourable"] is True,
        number=str(answer["number"]),
        on=date.fromisoformat(str(answer["date"])),
        by=str(answer["official"]),
        conditions=tuple(str(each) for each in conditions) if isinstance(conditions, list) else (str(conditions),),
    )
    return Accept(effects=(Effect(case=case.id, events=(event,)),))
