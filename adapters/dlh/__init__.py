"""DLH (environment office of the city): may this undertaking be run here, and with which duties? SOAP 1.2, one request.

There is no public specification of this agency's system. Both documents are a format of our own, as the parties agree
on it under Pasal 21(2)c.3.

    technical-recommendation  `request.xsd` tells what is to be run where, by whom (a name and a NIB, no NIK), and the
                              digest of the environmental document. `answer.xsd` brings the consideration back within
                              the agreed days: its kind of document (SPPL, UKL-UPL or AMDAL) and the duties. The answer
                              is correlated by WS-Addressing RelatesTo and repeats the case id, so that a crossed
                              answer is noticed.
"""

from __future__ import annotations

from adapters.dlh.recommendation import AGENCY, consideration_given, consideration_request
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Repeat, Request
from gateway.domain.events import RequestRecommendation

ADAPTER = Adapter(
    agency=Agency(AGENCY, "Dinas Lingkungan Hidup Kota Mojokerto", AgencyKind.HORIZONTAL),
    agreement="dlh-2026",
    package=__name__,
    interactions=(
        Request(
            name="technical-recommendation",
            serves=RequestRecommendation,
            security="wss-x509",
            request="dlh/technical-recommendation/1.0/request",
            answer="dlh/technical-recommendation/1.0/answer",
            to_agency=consideration_request,
            to_case=consideration_given,
            repeat=Repeat.SAME_ID,
        ),
    ),
)
