"""Bakesbangpol (office for unity and politics of the city): may this study be made? SOAP 1.1, one request.

There is no public specification of this agency's system. Both documents are a format of our own, as the parties agree
on it under Pasal 21(2)c.3. SOAP 1.1, since that is what the agency's tools speak.

    technical-recommendation  `request.xsd` tells the title, the place and the researcher (a name and an institution,
                              no NIK), and the digest of the proposal. `answer.xsd` brings the recommendation back
                              within the agreed days, with the last day on which it holds where there is one. The
                              answer is correlated by WS-Addressing RelatesTo and repeats the case id, so that a
                              crossed answer is noticed.
"""

from __future__ import annotations

from adapters.bakesbangpol.recommendation import AGENCY, study_recommended, study_request
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Repeat, Request
from gateway.domain.events import RequestRecommendation

ADAPTER = Adapter(
    agency=Agency(AGENCY, "Badan Kesatuan Bangsa dan Politik Kota Mojokerto", AgencyKind.HORIZONTAL),
    agreement="bakesbangpol-2026",
    package=__name__,
    interactions=(
        Request(
            name="technical-recommendation",
            serves=RequestRecommendation,
            security="wss-x509",
            request="bakesbangpol/technical-recommendation/1.0/request",
            answer="bakesbangpol/technical-recommendation/1.0/answer",
            to_agency=study_request,
            to_case=study_recommended,
            repeat=Repeat.SAME_ID,
        ),
    ),
)
