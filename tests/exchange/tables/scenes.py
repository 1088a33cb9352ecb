"""Cases brought to where a fault can happen, and agencies that speak the hub's own REST profile."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from conformance.signing import jws
from gateway.domain.case import PermitCase
from gateway.domain.case import Stage as At
from gateway.domain.events import CaseEvent
from gateway.store.tables import DeliveryRow
from tests.domain import journeys
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.town import Answer, Call, Told

ACTOR = "staff/rina"
COUNTED = "nothing on a case: the count of refused senders rises"
"""What staff see of a sender that proved nothing."""

LATER = timedelta(hours=3)
"""Longer than any agency of the tables asks the hub to wait."""


def brought(
    stage: Stage,
    until: At,
    *more: CaseEvent,
    service: str = "pbg",
    change: Callable[[CaseEvent], CaseEvent] = lambda each: each,
) -> PermitCase:
    """A permit at that stage of the straight way, and what happened to it besides; nothing was sent yet."""
    case = stage.register(service)
    facts: list[CaseEvent] = []
    now = case
    for fact in map(change, journeys.path(case)):
        if now.stage is until:
            break
        facts.append(fact)
        now = now.apply(fact, stage.clock())
    assert now.stage is until
    stage.hub.deeds.record(case.id, ACTOR, *facts, *more)
    return stage.case(case.id)


def told(stage: Stage, agency: str) -> DeliveryRow:
    """The one delivery to the agency about a case whose tanda terima was just given."""
    case = stage.register("pbg")
    stage.hub.deeds.record(case.id, ACTOR, journeys.COMPLETED)
    return stage.delivery(case.id, agency)


def notice(stage: Stage, case: PermitCase, agency: str, kind: str) -> DeliveryRow:
    """The delivery of that notice to the agency."""
    rows = stage.hub.store.reader.deliveries(case_id=case.id, limit=100)
    (found,) = (row for row in rows if row.agency == agency and json.loads(row.ask_body).get("notice") == kind)
    return found


def row_of(stage: Stage, delivery: DeliveryRow) -> DeliveryRow:
    """The delivery as it stands now."""
    found = stage.hub.store.reader.delivery(delivery.id)
    assert found is not None
    return found


# --- the hub's own REST profile, at the agency's seat -------------------------------------------------------------


def signs(stage: Stage, payload: Callable[[str], Mapping[str, Any]], *, signer: str | None = None) -> Answer:
    """An agency that verifies the hub's message and signs what it answers; `payload` is given the message's id."""

    def answer(call: Call) -> Told:
        agency = call.path.split("/")[1]
        claims = jws.verify_detached(
            call.headers["x-jws-signature"],
            call.body,
            [stage.certificate],
            issuer="dpmptsp",
            audience=agency,
            at=stage.clock(),
        )
        body = json.dumps(payload(str(claims["jti"]))).encode()
        said = {
            "iss": agency,
            "aud": "dpmptsp",
            "jti": f"{claims['jti']}.answer",
            "agr": str(claims["agr"]),
            "int": str(claims["int"]),
            "rel": jws.body_digest(call.body),
        }
        token = jws.sign_detached(body, agency_identity(signer or agency), said, at=stage.clock())
        return Told(body=body, headers={"Content-Type": "application/json", "X-JWS-Signature": token})

    return answer


def says_signed(
    stage: Stage,
    agency: str,
    interaction: str,
    payload: Mapping[str, Any],
    *,
    message_id: str,
    signer: str | None = None,
    **claims: str,
) -> voices.Said:
    """A message of an agency to the hub; `claims` are further members of its signature's header."""
    body = json.dumps(payload).encode()
    named = {
        "iss": agency,
        "aud": "dpmptsp",
        "jti": message_id,
        "agr": f"{agency}-2026/1.0",
        "int": interaction,
        **claims,
    }
    token = jws.sign_detached(body, agency_identity(signer or agency), named, at=stage.clock())
    return voices.post(stage, f"/rest/{agency}/{interaction}", body, voices.JSON, X_JWS_Signature=token)


def refused(said: voices.Said, status: int, code: str) -> None:
    """The hub said no, in its own words."""
    assert (said.status, said.code) == (status, code)
