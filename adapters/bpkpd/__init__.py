"""BPKPD (finance, revenue and assets of the city): recommendations for its assets and billboards, arrears, books. REST.

There is no public specification of this agency's system. All documents are a format of our own, as the parties agree
on it under Pasal 21(2)c.3.

    technical-recommendation  request: what is to be used or put up where, and by whom (a name, no NIK). The answer
                              comes within the agreed days, under a JWS whose `rel` names our message, with the case.
    arrears                   query: does the applicant owe city taxes or retribusi? Asked by one number (NPWPD, a
                              firm's NPWP, or the NIK) for the services that this agreement names. What is owed is told
                              to an officer in whole rupiah; nothing is refused by machine.
    retribusi                 batch (agreement 1.1): each day the realised retribusi of the city's books, as a file. It
                              is compared with the payments that cases know; where they differ a person is called.
"""

from __future__ import annotations

from adapters.bpkpd.arrears import arrears_query, arrears_told
from adapters.bpkpd.recommendation import AGENCY, asset_recommended, asset_request
from adapters.bpkpd.retribusi import PAID, realised, realised_charge
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Batch, Query, Repeat, Request
from gateway.domain.events import QueryArrears, RequestRecommendation

ADAPTER = Adapter(
    agency=Agency(
        AGENCY, "Badan Pengelolaan Keuangan, Pendapatan dan Aset Daerah Kota Mojokerto", AgencyKind.HORIZONTAL
    ),
    agreement="bpkpd-2026",
    package=__name__,
    interactions=(
        Request(
            name="technical-recommendation",
            serves=RequestRecommendation,
            security="jws",
            path="rekomendasi",
            request="bpkpd/technical-recommendation/1.0/request",
            answer="bpkpd/technical-recommendation/1.0/answer",
            to_agency=asset_request,
            to_case=asset_recommended,
            repeat=Repeat.SAME_ID,
        ),
        Query(
            name="arrears",
            serves=QueryArrears,
            security="jws",
            path="tunggakan",
            request="bpkpd/arrears/1.0/request",
            reply="bpkpd/arrears/1.0/reply",
            to_agency=arrears_query,
            to_case=arrears_told,
            repeat=Repeat.SAFE,
        ),
        Batch(
            name="retribusi",
            since="1.1",
            security="jws",
            request="bpkpd/retribusi/1.0/request",
            result="simojo/batch-result/1.0/result",
            about=realised_charge,
            to_cases=realised,
            expects=PAID,
        ),
    ),
)
