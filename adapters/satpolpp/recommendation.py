"""Recommendations on advertising (Pasal 11(3)d): what Satpol PP is told of a case, and what it says of it."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline, Found, Reason
from gateway.contract.message import Json, Payload
from gateway.contract.recommendations import recommendation, texts
from gateway.domain.case import PermitCase
from gateway.domain.events import Reference, RequestRecommendation

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


def about_task(said: Payload) -> tuple[Reference, ...]:
    """Look up the case that the task was about."""
    return (Reference(kind="message", value=str(said["task"])),)


def recommendation_given(said: Payload, found: Found) -> Accept | Decline:
    """Read the recommendation as a fact of the case; decline one that answers no task, or names another case."""
    cases = [case for each in about_task(said) for case in found.get(each, ())]
    if not cases:
        return Decline(reason=Reason.NOT_FOUND, text="no task has this message id: send it as it was collected")
    (case,) = cases
    return recommendation(
        case,
        agency=AGENCY,
        about=said["case"],
        favourable=said["favourable"] is True,
        number=said["number"],
        on=said["date"],
        by=said["official"],
        conditions=texts(said.get("condition")),
    )
