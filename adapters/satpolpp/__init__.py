"""Satpol PP (the city's public order police): recommendations on outdoor advertising (reklame).

It has no endpoint of its own: what the office asks of it lies in its mailbox, and it comes for it. There is no public
specification of this agency's system. Both documents are a format of our own, as the parties agree on it under
Pasal 21(2)c.3.

    recommendation-task  REST, mailbox: what is to be judged, and where. Collected with `mailbox/collect` and
                         acknowledged with `mailbox/acknowledge` within the agreed days; that it was taken is not yet
                         an answer, and tells the case nothing.
    recommendation       REST, submission: the recommendation (Pasal 11(3)d). `task` is the message id of the item that
                         it answers; the case id is repeated, so that a crossed answer is noticed.
"""

from __future__ import annotations

from adapters.satpolpp.recommendation import about_task, recommendation_given, recommendation_task
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Mailbox, Repeat, Submission
from gateway.domain.events import RequestRecommendation

ADAPTER = Adapter(
    agency=Agency("satpolpp", "Satuan Polisi Pamong Praja Kota Mojokerto", AgencyKind.HORIZONTAL),
    agreement="satpolpp-2026",
    package=__name__,
    interactions=(
        Mailbox(
            name="recommendation-task",
            serves=RequestRecommendation,
            security="jws",
            request="satpolpp/recommendation-task/1.0/request",
            to_agency=recommendation_task,
            repeat=Repeat.SAME_ID,
        ),
        Submission(
            name="recommendation",
            security="jws",
            request="satpolpp/recommendation/1.0/request",
            about=about_task,
            to_cases=recommendation_given,
        ),
    ),
)
