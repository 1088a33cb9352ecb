"""Technical recommendations (Pasal 11(3)d): what DPUPR is told of a case, and what its answer means."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Decline
from gateway.contract.message import Json, Payload
from gateway.contract.recommendations import known, recommendation, texts
from gateway.domain.case import PermitCase
from gateway.domain.events import RequestRecommendation

AGENCY = "dpupr"
IDENTITY_CARD = "ktp"


def recommendation_request(case: PermitCase, _ask: RequestRecommendation, _message_id: str) -> Payload:
    """Send what DPUPR needs to judge the site, and nothing more about the applicant than the name."""
    return known(
        {
            "case": case.id,
            "acknowledgementNumber": case.acknowledgement_number,
            "service": case.service,
            "serviceName": case.service_name,
            "applicant": known({"name": case.applicant.name, "company": case.applicant.company}),
            "location": {"address": case.site.address, "kelurahan": case.site.kelurahan},
            "purpose": case.site.purpose,
            "builtArea": case.site.area_m2,
        }
    )


def recommendation_request_with_documents(case: PermitCase, ask: RequestRecommendation, message_id: str) -> Payload:
    """Send the same in version 1.1, with the digests of what the applicant handed in but for the identity card."""
    documents: list[Json] = [
        {"kind": each.kind, "sha256": each.sha256} for each in case.documents if each.kind != IDENTITY_CARD
    ]
    return known({**recommendation_request(case, ask, message_id), "document": documents})


def recommendation_given(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the recommendation as a fact of the case; decline when the answer speaks of another case."""
    return _given(case, answer)


def recommendation_given_until(case: PermitCase, _ask: RequestRecommendation, answer: Payload) -> Accept | Decline:
    """Read the same in version 1.1: the day until which it holds is the last of its conditions."""
    return _given(case, answer, f"Rekomendasi ini berlaku sampai dengan {answer['validUntil']}.")


def _given(case: PermitCase, answer: Payload, *more: str) -> Accept | Decline:
    return recommendation(
        case,
        agency=AGENCY,
        about=answer["case"],
        favourable=answer["favourable"] is True,
        number=answer["number"],
        on=answer["date"],
        by=answer["official"],
        conditions=(*texts(answer.get("condition")), *more),
    )
