"""Whether answers are what they must be: a sample of them is verified by the client's own code, after the clock."""

from __future__ import annotations

import json
from collections.abc import Iterable

from benchmarks.agency import AGENCY
from benchmarks.choice import Protocol
from benchmarks.documents import Document
from benchmarks.load import Answered, LoadFailed
from benchmarks.parties import HUB_ID, Parties
from conformance.signing import jws, soap, wss
from gateway.domain.errors import GatewayError
from gateway.machine import now


def check_answers(
    protocol: Protocol, parties: Parties, answers: Iterable[Answered], document: Document, *, leaf: bool
) -> int:
    """Verify the signature of each, that it answers its message, and names a `leaf` of the ledger where there is one.

    Gives how many were verified. Raises LoadFailed for the first that is not good, or when there is none.
    """
    count = 0
    for answer in answers:
        try:
            named = _rest(parties, answer, document) if protocol is Protocol.REST else _soap(parties, answer)
        except (GatewayError, ValueError, LookupError) as fault:
            raise LoadFailed(
                f"the answer to {answer.message.id} is not good: {fault}; {answer.body[:500]!r}"
            ) from fault
        if leaf and not named:
            raise LoadFailed(f"the answer to {answer.message.id} names no leaf of the ledger")
        count += 1
    if not count:
        raise LoadFailed("nothing was answered")
    return count


def _rest(parties: Parties, answer: Answered, document: Document) -> str:
    certificates = (parties.hub.certificate,)
    seal = answer.header(jws.HEADER)
    said = jws.verify_detached(seal, answer.body, certificates, issuer=HUB_ID, audience=AGENCY, at=now())
    request = document.before + answer.message.number + document.after
    if said.get("rel") != jws.body_digest(request):
        raise ValueError("it is the answer to another request")
    if json.loads(answer.body)["messageId"] != answer.message.id:
        raise ValueError("it acknowledges another message")
    return str(said.get("leaf", ""))


def _soap(parties: Parties, answer: Answered) -> str:
    verified = wss.verify(answer.body, (parties.hub.certificate,), at=now())
    if verified.relates_to != answer.message.id:
        raise ValueError("it is the answer to another request")
    if verified.document.findtext(f"{{{soap.ACKNOWLEDGEMENT}}}messageId") != answer.message.id:
        raise ValueError("it acknowledges another message")
    return verified.leaf or ""
