"""Agencies at their mailboxes over HTTP, in both transports, signing and verifying with `conformance.signing`."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from lxml import etree

from adapters.dpupr.recommendation import recommendation_request
from conformance.signing import jws, soap, wss
from conformance.signing.keys import Identity
from gateway.casework.occasion import Occasion
from gateway.casework.steps import CaseSteps
from gateway.contract.adapter import Mailbox, Repeat, Request
from gateway.domain.events import RequestRecommendation
from gateway.store.tables import DeliveryRow
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.voices import JSON, Said, post

AGREEMENT = "satpolpp-2026/1.0"


# --- what lies there ----------------------------------------------------------------------------------------------


def asked(stage: Stage, case_id: str | None = None, agency: str = "satpolpp") -> DeliveryRow:
    """Something is asked of an agency about a case; of a new one where none is named. It is queued."""
    case = case_id or stage.register("reklame" if agency == "satpolpp" else "krk").id
    at = stage.clock()
    steps = CaseSteps(stage.hub.casework, Occasion(actor="staff/rina", occurred_at=at, entered_at=at))
    made = steps.ask(case, RequestRecommendation(agency=agency))
    assert made is not None
    stage.hub.store.unit_of_work.commit(steps.plan())
    return row_of(stage, made)


def laid(stage: Stage, case_id: str | None = None, agency: str = "satpolpp") -> DeliveryRow:
    """The same, and the couriers have laid it down."""
    delivery = asked(stage, case_id, agency)
    assert not stage.hub.outbound.deliver(delivery.id)  # nobody is called
    row = row_of(stage, delivery.id)
    assert row.state == "laid-down"
    return row


def row_of(stage: Stage, delivery: str) -> DeliveryRow:
    row = stage.hub.store.reader.delivery(delivery)
    assert row is not None
    return row


def outcomes(stage: Stage, delivery: DeliveryRow) -> list[str | None]:
    """How each collection ended."""
    return [each.outcome for each in stage.hub.store.reader.attempts(delivery.id)]


def dpupr_collects(stage: Stage, *edits: tuple[str, str]) -> None:
    """DPUPR has a mailbox too, over SOAP, in the place of its endpoint."""
    adapter = stage.adapters["dpupr"]
    box = Mailbox(
        name="technical-recommendation",
        serves=RequestRecommendation,
        security="wss-x509",
        request="dpupr/technical-recommendation/1.0/request",
        to_agency=recommendation_request,
        repeat=Repeat.SAME_ID,
    )
    others = tuple(each for each in adapter.interactions if not isinstance(each, Request))
    stage.adapters["dpupr"] = replace(adapter, interactions=(box, *others))
    stage.restart()
    answer = 'answer = "dpupr/technical-recommendation/1.0/answer"\n'
    stage.agree("dpupr", ('model = "request"', 'model = "mailbox"\nvisible_again = "5m"'), (answer, ""), *edits)


# --- what an agency says ------------------------------------------------------------------------------------------


def say_rest(
    stage: Stage,
    service: str,
    payload: Mapping[str, Any],
    *,
    agency: str = "satpolpp",
    agreement: str = AGREEMENT,
    message_id: str = "m-1",
    signer: Identity | None = None,
) -> Said:
    body = json.dumps(payload).encode()
    claims = {"iss": agency, "aud": "dpmptsp", "jti": message_id, "agr": agreement, "int": f"mailbox.{service}"}
    token = jws.sign_detached(body, signer or agency_identity(agency), claims, at=stage.clock())
    return post(stage, f"/rest/{agency}/mailbox/{service}", body, JSON, X_JWS_Signature=token)


def say_soap(
    stage: Stage,
    service: str,
    payload: Mapping[str, Any],
    *,
    agency: str = "satpolpp",
    agreement: str = "",
    message_id: str = "m-1",
    signer: Identity | None = None,
) -> Said:
    document = stage.hub.library.xml(f"simojo/mailbox-{service}/1.0/request").to_element(payload)
    addressing = soap.Addressing(
        message_id=message_id,
        to=f"https://hub.example/soap/{agency}/mailbox.{service}",
        action=soap.action_of(document),
    )
    body = wss.sign(soap.envelope(document, addressing), signer or agency_identity(agency), at=stage.clock())
    return post(stage, f"/soap/{agency}/mailbox.{service}", body, soap.CONTENT_TYPES[soap.SOAP_12])


def read_rest(stage: Stage, said: Said, agency: str) -> dict[str, Any]:
    """A signed answer, verified."""
    assert said.status == 200, said.body
    token = said.headers["x-jws-signature"]
    jws.verify_detached(token, said.body, [stage.certificate], issuer="dpmptsp", audience=agency, at=stage.clock())
    payload: dict[str, Any] = said.json
    return payload


def read_soap(stage: Stage, said: Said, agency: str) -> dict[str, Any]:
    """The same over SOAP, read by the published XSD; an empty list is an absent one."""
    assert said.status == 200, said.body
    verified = wss.verify(said.body, [stage.certificate], at=stage.clock())
    service = etree.QName(verified.document).localname.removesuffix("Reply").lower()
    schema = stage.hub.library.xml(f"simojo/mailbox-{service}/1.0/reply")
    assert schema.check(verified.document) == ()
    return {"item": [], **schema.to_payload(verified.document)}


Say: TypeAlias = Callable[..., Said]
Read: TypeAlias = Callable[[Stage, Said, str], dict[str, Any]]
BOTH: Mapping[str, tuple[Say, Read]] = {"rest": (say_rest, read_rest), "soap": (say_soap, read_soap)}
"""Each transport, saying and reading."""


@dataclass
class Visitor:
    """An agency that comes to its mailbox, with a new message id each time."""

    stage: Stage
    transport: str = "rest"
    agency: str = "satpolpp"
    agreement: str = AGREEMENT
    came: int = 0

    def collect(self, **asked: Any) -> list[dict[str, Any]]:
        """The items."""
        items: list[dict[str, Any]] = self._told("collect", asked)["item"]
        return items

    def acknowledge(self, *message_ids: str, outcome: str = "taken", **text: str) -> list[str]:
        """The results, in the order of the ids."""
        items = [{"messageId": each, "outcome": outcome, **text} for each in message_ids]
        told = self._told("acknowledge", {"item": items})["item"]
        assert [each["messageId"] for each in told] == list(message_ids)
        return [each["result"] for each in told]

    def _told(self, service: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        say, read = BOTH[self.transport]
        self.came += 1
        message_id = f"{self.transport}-{service}-{self.came}"
        said = say(self.stage, service, payload, agency=self.agency, agreement=self.agreement, message_id=message_id)
        return read(self.stage, said, self.agency)


def opened(stage: Stage, item: Mapping[str, Any], agency: str = "satpolpp") -> Any:
    """The payload of a REST item, its signature verified."""
    body = base64.b64decode(item["body"], validate=True)
    claims = jws.verify_detached(
        item["signature"], body, [stage.certificate], issuer="dpmptsp", audience=agency, at=stage.clock()
    )
    named = {"jti": item["messageId"], "int": item["interaction"], "agr": item["agreement"]}
    assert {name: claims[name] for name in named} == named
    return json.loads(body)


def recommend(stage: Stage, recommendation: Mapping[str, Any], *, message_id: str) -> Said:
    """Satpol PP's own word: its Submission."""
    body = json.dumps(recommendation).encode()
    claims = {"iss": "satpolpp", "aud": "dpmptsp", "jti": message_id, "agr": AGREEMENT, "int": "recommendation"}
    token = jws.sign_detached(body, agency_identity("satpolpp"), claims, at=stage.clock())
    return post(stage, "/rest/satpolpp/recommendation", body, JSON, X_JWS_Signature=token)
