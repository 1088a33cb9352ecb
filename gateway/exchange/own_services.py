"""What holds of the services that the hub offers of its own: those about the exchange itself, and those of mailboxes.

No agreement names them: what one would say of each is the hub's own word, the same for every agency.
"""

from __future__ import annotations

from gateway.contract.adapter import Document, Inbound
from gateway.contract.agreement import ANY_SERVICE, AgreedInteraction, PersonalData
from gateway.contract.message import Payload, Transport
from gateway.dialect.profiles import WSS_X509

RATE_PER_S = 20.0
"""How many messages to one service an agency may send in a second, as the sample agreements have it."""


def about_no_case(payload: Payload) -> tuple[()]:  # noqa: ARG001 - the form of Inbound.about
    """Such a service looks up no case by what a message says."""
    return ()


def own_service(
    declared: Inbound, *, model: str, reply: Document, max_size: int, call_timeout_s: float, purpose: str
) -> AgreedInteraction:
    """What stands in place of an agreed interaction. `max_size` is in bytes; `purpose` says what it is about."""
    return AgreedInteraction(
        name=declared.name,
        model=model,
        services=(ANY_SERVICE,),
        service_class="",
        transport=Transport.SOAP_12 if declared.security == WSS_X509 else Transport.REST,
        security=declared.security,
        request=declared.request,
        reply=reply,
        answer=None,
        answer_within_days=None,
        call_timeout_s=call_timeout_s,
        max_size=max_size,
        rate_per_s=RATE_PER_S,
        keep_for_years=10,
        repeat=None,
        minimum_requirements="",
        confidential=False,
        personal=PersonalData(purpose=purpose, fields=frozenset()),
    )
