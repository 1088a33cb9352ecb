"""A courier that brings the permit to the applicant, with the SKRD where there is one (Pasal 18). REST, request.

There is no public specification of such a service. All documents are a format of our own, as the parties agree on it
under Pasal 21(2)c.3.

    deliver-document  `request.json` is the order: to whom, where, and which papers lie ready at the counter; the case
                      is its reference. `answer.json` comes when the courier has gone: delivered (with the waybill,
                      who took it, when, and the proof), attempted (nobody was there; the courier comes again), or
                      returned. It is correlated by the JWS header member `rel` and repeats the case, so that a
                      crossed answer is noticed.

The order leaves when nothing but the hand-over is missing: before the survey is filled in there is none (Pasal 17).
Only `delivered` is the hand-over; `returned` calls an officer, who asks the applicant and chooses again.
"""

from __future__ import annotations

from adapters.courier.delivery import delivery_ended, delivery_order
from gateway.contract.adapter import Adapter, Agency, AgencyKind, Repeat, Request
from gateway.domain.events import DeliverDocument

ADAPTER = Adapter(
    agency=Agency("courier", "Penyedia Jasa Kurir", AgencyKind.VERTICAL),
    agreement="courier-2026",
    package=__name__,
    interactions=(
        Request(
            name="deliver-document",
            serves=DeliverDocument,
            security="jws",
            request="courier/deliver-document/1.0/request",
            answer="courier/deliver-document/1.0/answer",
            to_agency=delivery_order,
            to_case=delivery_ended,
            # the courier keeps one order for each message id: a second one would send two people for one document
            repeat=Repeat.SAME_ID,
        ),
    ),
)
