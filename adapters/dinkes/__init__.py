"""Dinkes PPKB (health office of the city): may this person practise at this place? REST, one request.

There is no public specification of this agency's system. Both documents are a format of our own, as the parties agree
on it under Pasal 21(2)c.3.

    technical-recommendation  `request.json` tells the profession, the place of practice and the digests of the papers,
                              and of the person a name, no NIK. `answer.json` comes back within the agreed days, signed
                              by JWS whose `rel` names our message; it says how long the registration (STR) holds and
                              which of the person's places of practice this is, and repeats the case id, so that a
                              crossed answer is noticed.

The profession is the service's code after `sip-`: a licence for midwives (sip-bidan) needs a new version of the
agreement that names the service, and no other adapter.
"""

from __future__ import annotations

from adapters.dinkes.recommendation import AGENCY, practice_recommended, practice_request
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Repeat, Request
from gateway.domain.events import RequestRecommendation

ADAPTER = Adapter(
    agency=Agency(
        AGENCY, "Dinas Kesehatan, Pengendalian Penduduk dan Keluarga Berencana Kota Mojokerto", AgencyKind.HORIZONTAL
    ),
    agreement="dinkes-2026",
    package=__name__,
    interactions=(
        Request(
            name="technical-recommendation",
            serves=RequestRecommendation,
            security="jws",
            request="dinkes/technical-recommendation/1.0/request",
            answer="dinkes/technical-recommendation/1.0/answer",
            to_agency=practice_request,
            to_case=practice_recommended,
            repeat=Repeat.SAME_ID,
        ),
    ),
)
