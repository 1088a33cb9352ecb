"""DPUPR (public works and spatial planning of the city): recommendations for KRK and PBG, and permit validity.

There is no public specification of this agency's system. All documents are a format of our own, as the parties
agree on it under Pasal 21(2)c.3.

    technical-recommendation  SOAP 1.2, request: `request.xsd` tells what is to be built where, and by whom (a name,
                              no NIK); `answer.xsd` brings the recommendation back within the agreed days. The answer
                              is correlated by WS-Addressing RelatesTo and repeats the case id, so that a crossed
                              answer is noticed. From agreement 1.1 on the request names the documents of the
                              application by their digests, and the answer says how long it holds.
    permit-validity           REST, inquiry: DPUPR's inspectors ask whether a permit number is in force. The answer
                              holds no personal data.
"""

from __future__ import annotations

from adapters.dpupr.recommendation import (
    AGENCY,
    recommendation_given,
    recommendation_given_until,
    recommendation_request,
    recommendation_request_with_documents,
)
from adapters.dpupr.validity import permit_number, validity
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Inquiry, Repeat, Request
from gateway.domain.events import RequestRecommendation

ADAPTER = Adapter(
    agency=Agency(AGENCY, "Dinas Pekerjaan Umum dan Penataan Ruang Kota Mojokerto", AgencyKind.HORIZONTAL),
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
        Request(
            name="technical-recommendation",
            version="1.1",
            serves=RequestRecommendation,
            security="wss-x509",
            request="dpupr/technical-recommendation/1.1/request",
            answer="dpupr/technical-recommendation/1.1/answer",
            to_agency=recommendation_request_with_documents,
            to_case=recommendation_given_until,
            repeat=Repeat.SAME_ID,
        ),
        Inquiry(
            name="permit-validity",
            security="jws",
            request="dpupr/permit-validity/1.0/request",
            reply="dpupr/permit-validity/1.0/reply",
            about=permit_number,
            answer=validity,
        ),
    ),
)
