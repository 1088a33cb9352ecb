"""Technical recommendations (Pasal 11(3)d): what DPUPR is told of a case, and what its answer means."""

from __future__ import annotations

from datetime import date

from gateway.contract.adapter import Accept, Decline, Effect, Reason
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import RecommendationGiven, RequestRecommendation

AGENCY = "dpupr"
IDENTITY_CARD = "ktp"


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


def recommendation_request_with_documents(case: PermitCase, ask: RequestRecommendation, message_id: str) -> Payload:
    """Send the same in version 1.1, with the digests of what the applicant handed in but for the identity card."""
    payload = dict(recommendation_request(case, ask, message_id))
    documents: list[Json] = [
        {"kind": each.kind, "sha256": each.sha256} for each in case.documents if each.kind != IDENTITY_CARD
    ]
    if documents:
        payload["document"] = documents
    return payload


def recommendation_given(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the recommendation as a fact of the case; decline when the answer speaks of another case."""
    return _given(case, answer)


def recommendation_given_until(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the same in version 1.1: the day until which it holds is the last of its conditions."""
    return _given(case, answer, f"Rekomendasi ini berlaku sampai dengan {answer['validUntil']}.")


def _given(case: PermitCase, answer: Payload, *more: str) -> Accept | Decline:
    if answer["case"] != case.id:
        return Decline(
            reason=Reason.INCONSISTENT,
            text=f"the answer names case {answer['case']} and relates to a request about {case.id}: send it again",
        )
    said = answer.get("condition", [])
    conditions = said if isinstance(said, list) else [said]
    event = RecommendationGiven(
        agency=AGENCY,
        favourable=answer["favourable"] is True,
        number=str(answer["number"]),
        on=date.fromisoformat(str(answer["date"])),
        by=str(answer["official"]),
        conditions=(*(str(each) for each in conditions), *more),
    )
    return Accept(effects=(Effect(case=case.id, events=(event,)),))
