"""DPUPR (public works and spatial planning of the city): technical recommendations for KRK and PBG. SOAP 1.2, request.

There is no public specification of this agency's system. Both documents are a format of our own, as the parties
agree on it under Pasal 21(2)c.3: `request.xsd` tells what is to be built where, and by whom (a name, no NIK);
`answer.xsd` brings the recommendation back within the agreed days. The answer is correlated by WS-Addressing
RelatesTo and repeats the case id, so that a crossed answer is noticed.
"""

from __future__ import annotations

from datetime import date

from gateway.contract.adapter import Accept, Adapter, Agency, AgencyKind, Decline, Effect, Reason, Repeat, Request
from gateway.contract.message import Json, Payload
from gateway.domain.case import PermitCase
from gateway.domain.events import RecommendationGiven, RequestRecommendation


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
        agency=ADAPTER.agency.id,
        favourable=answer["favourable"] is True,
        number=str(answer["number"]),
        on=date.fromisoformat(str(answer["date"])),
        by=str(answer["official"]),
        conditions=tuple(str(each) for each in conditions) if isinstance(conditions, list) else (str(conditions),),
    )
    return Accept(effects=(Effect(case=case.id, events=(event,)),))


ADAPTER = Adapter(
    agency=Agency("dpupr", "Dinas Pekerjaan Umum dan Penataan Ruang Kota Mojokerto", AgencyKind.HORIZONTAL),
    agreement="dpupr-2026",
    package=__name__,
    interactions=(
        Request(
            name="technical-recommendation",
            serves=RequestRecommendation,
            security="wss-x509",
            request="dpupr/technical-recommendation/1.0/request",
            answer="dpupr/technical-recommendation/1.0/answer",
            to_agency=recommendation_request,
            to_case=recommendation_given,
            repeat=Repeat.SAME_ID,
        ),
    ),
)
