"""Dishub (transport office of the city): may this route be driven? REST, one request that is answered in two steps.

There is no public specification of this agency's system. Both documents are a format of our own, as the parties agree
on it under Pasal 21(2)c.3.

    technical-recommendation  `request.json` tells the route, the base and the vehicles' registrations by their digests,
                              and of the applicant a name, no NIK. `answer.json` comes twice, each time signed by JWS
                              whose `rel` names our message: first `tahap` "diterima" with the number in the office's
                              register (agenda), which leaves the request open, then `tahap` "selesai" with the
                              recommendation. The first may be left out; the agreed days run until the second.
"""

from __future__ import annotations

from adapters.dishub.recommendation import AGENCY, route_answered, route_request
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Repeat, Request
from gateway.domain.events import RequestRecommendation

ADAPTER = Adapter(
    agency=Agency(AGENCY, "Dinas Perhubungan Kota Mojokerto", AgencyKind.HORIZONTAL),
    agreement="dishub-2026",
    package=__name__,
    interactions=(
        Request(
            name="technical-recommendation",
            serves=RequestRecommendation,
            security="jws",
            request="dishub/technical-recommendation/1.0/request",
            answer="dishub/technical-recommendation/1.0/answer",
            to_agency=route_request,
            to_case=route_answered,
            repeat=Repeat.SAME_ID,
        ),
    ),
)
