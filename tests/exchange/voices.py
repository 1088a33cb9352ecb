"""Agencies that speak to the hub over HTTP, signing with the code of `conformance.signing` and not with the hub's."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import httpx2
from lxml import etree

from conformance.signing import jws, oss, snap, soap, wss
from conformance.signing.keys import Identity
from gateway.store.tables import DeliveryRow
from tests.exchange.keys import agency_identity
from tests.exchange.stage import SECRETS, Stage

ANSWER = "urn:simojo:dpupr:technical-recommendation:answer:1.0"
SOAP_PATH = "/soap/dpupr/technical-recommendation"
JWS_PATH = "/rest/dpupr/permit-validity"
TOKEN_PATH = "/rest/bank/v1.0/access-token/b2b"
BANK_PATH = "/rest/bank/v1.0/transfer-va"
NIB_PATH = "/rest/oss/receiveNIB"
REPORT_PATH = "/rest/sms/delivery-report"
SOAP_12 = soap.CONTENT_TYPES[soap.SOAP_12]
JSON = "application/json"


@dataclass(frozen=True)
class Said:
    """What the hub answered, however it said it. `code` is "" in a dialect that has no stable codes."""

    status: int
    code: str
    clause: str
    paths: tuple[str, ...]
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def read(response: httpx2.Response) -> Said:
    """Read a problem or a Fault; any other answer has no code."""
    kind = response.headers["content-type"].partition(";")[0]
    said: dict[str, Any] = {"code": "", "clause": "", "paths": ()}
    if kind == "application/problem+json":
        problem = response.json()
        assert problem["status"] == response.status_code
        assert problem["type"] == f"urn:simojo:problem:{problem['code']}"
        said = {name: problem[name] for name in ("code", "clause")}
        said["paths"] = tuple(each["path"] for each in problem["violations"])
    elif kind in ("application/soap+xml", "text/xml"):
        fault = soap.read_fault(soap.body_child(response.content))
        if fault is not None:
            paths = tuple(each.path for each in fault.violations)
            said = {"code": fault.code, "clause": fault.clause, "paths": paths}
    return Said(status=response.status_code, body=response.content, headers=response.headers, **said)


def post(stage: Stage, path: str, body: bytes, content_type: str, **headers: str) -> Said:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read(stage.client.post(path, content=body, headers={"Content-Type": content_type, **named}))


# --- DPUPR over SOAP ----------------------------------------------------------------------------------------------


def recommendation(case: str, number: str = "600/17/2026", **more: str) -> etree._Element:
    root = etree.Element(f"{{{ANSWER}}}RecommendationAnswer", nsmap={None: ANSWER})
    members = {"case": case, "number": number, "date": "2026-03-02", "favourable": "true", "official": "Budi Contoh"}
    for name, value in {**members, **more}.items():
        etree.SubElement(root, f"{{{ANSWER}}}{name}").text = value
    return root


def envelope(
    document: etree._Element,
    *,
    relates_to: str | None,
    message_id: str = "urn:dpupr:1",
    soap_ns: str = soap.SOAP_12,
    addressed: str = f"https://hub.example{SOAP_PATH}",
) -> etree._Element:
    addressing = soap.Addressing(
        message_id=message_id,
        to=addressed,
        action=soap.action_of(document),
        relates_to=relates_to,
    )
    return soap.envelope(document, addressing, soap=soap_ns)


def callback(
    stage: Stage,
    delivery: DeliveryRow,
    *,
    message_id: str = "urn:dpupr:1",
    signer: Identity | None = None,
    at: datetime | None = None,
    case: str | None = None,
    addressed: str = f"https://hub.example{SOAP_PATH}",
    **more: str,
) -> bytes:
    """DPUPR's signed answer to our request; in wsa:To one of the names under which it may reach the hub."""
    document = recommendation(case or delivery.case_id, **more)
    whole = envelope(document, relates_to=delivery.message_id, message_id=message_id, addressed=addressed)
    return wss.sign(whole, signer or agency_identity("dpupr"), at=at or stage.clock())


def answer(stage: Stage, delivery: DeliveryRow, **twists: Any) -> Said:
    return post(stage, SOAP_PATH, callback(stage, delivery, **twists), SOAP_12)


def sealed(stage: Stage, said: Said) -> wss.VerifiedEnvelope:
    """The hub's SOAP answer, its signature verified."""
    return wss.verify(said.body, [stage.certificate], at=stage.clock())


# --- DPUPR over REST ----------------------------------------------------------------------------------------------


def ask_validity(
    stage: Stage,
    body: bytes = b'{"permitNumber":"001/KRK/III/2026"}',
    *,
    signer: Identity | None = None,
    at: datetime | None = None,
    content_type: str = JSON,
    path: str = JWS_PATH,
    signed: bytes | None = None,
    **claims: str,
) -> Said:
    named = {
        "iss": "dpupr",
        "aud": "dpmptsp",
        "jti": "v-1",
        "agr": "dpupr-2026/1.0",
        "int": "permit-validity",
        **claims,
    }
    who = signer or agency_identity("dpupr")
    token = jws.sign_detached(body if signed is None else signed, who, named, at=at or stage.clock())
    return post(stage, path, body, content_type, X_JWS_Signature=token)


# --- the bank -----------------------------------------------------------------------------------------------------

ACCOUNT = {"partnerServiceId": "   88726", "customerNo": "00000000000017", "virtualAccountNo": "   8872600000000000017"}
INQUIRY = {**ACCOUNT, "inquiryRequestId": "202603020900000000000000000001"}


def ask_token(stage: Stage, *, client: str = "client-7Q", at: datetime | None = None, **headers: str) -> Said:
    moment = snap.timestamp(at or stage.clock())
    signature = snap.token_signature(agency_identity("bank", "rsa").key, client, moment)
    named = {"X_TIMESTAMP": moment, "X_CLIENT_KEY": client, "X_SIGNATURE": signature, **headers}
    return post(stage, TOKEN_PATH, b'{"grantType":"client_credentials"}', JSON, **named)


def ask_bill(
    stage: Stage,
    payload: Mapping[str, Any] = INQUIRY,
    *,
    service: str = "inquiry",
    external: str = "17",
    token: str | None = None,
    secret: str = SECRETS["bank"]["client_secret"],
    at: datetime | None = None,
    raw: bytes | None = None,
    content_type: str = JSON,
    **headers: str,
) -> Said:
    body = json.dumps(payload, separators=(",", ":")).encode() if raw is None else raw
    access = ask_token(stage).json["accessToken"] if token is None else token
    moment, path = snap.timestamp(at or stage.clock()), f"{BANK_PATH}/{service}"
    named = {
        "Authorization": f"Bearer {access}",
        "X_TIMESTAMP": moment,
        "X_SIGNATURE": snap.transaction_signature(secret, path, access, body, moment),
        "X_PARTNER_ID": "partner-7Q",
        "X_EXTERNAL_ID": external,
        "CHANNEL_ID": "95051",
        **headers,
    }
    return post(stage, path, body, content_type, **named)


# --- OSS and the SMS aggregator -----------------------------------------------------------------------------------


def nib(stage: Stage, **members: Any) -> dict[str, Any]:
    """The published example of a NIB with one permit, with other members in `dataNIB`."""
    folder = stage.hub.library.folder("oss/receiveNIB/1.0/request")
    said: dict[str, Any] = json.loads((folder / "examples/request/one-permit.json").read_bytes())
    said["dataNIB"].update(members)
    return said


def send_nib(
    stage: Stage,
    payload: Mapping[str, Any] | None = None,
    *,
    token: str | None = None,
    raw: bytes | None = None,
    content_type: str = JSON,
) -> Said:
    body = json.dumps(nib(stage) if payload is None else payload).encode() if raw is None else raw
    secrets = SECRETS["oss"]
    made = oss.token(secrets["username"], secrets["password"], "0000000000017", stage.clock())
    return post(stage, NIB_PATH, body, content_type, Token=made if token is None else token)


REPORT = {"reference": "urn:uuid:0198c0de/charge", "status": "DELIVRD", "done_at": "2026-03-02T09:05:00+07:00"}


def report(
    stage: Stage,
    payload: Mapping[str, Any] = REPORT,
    *,
    key: str = "report-key-7Q",
    raw: bytes | None = None,
    content_type: str = JSON,
) -> Said:
    body = json.dumps(payload).encode() if raw is None else raw
    return post(stage, REPORT_PATH, body, content_type, X_Passkey=key)


# --- one of each --------------------------------------------------------------------------------------------------

Voice: TypeAlias = Callable[[Stage], Said]


def any_callback(stage: Stage) -> Said:
    """A genuine SOAP message that answers nothing of ours."""
    whole = envelope(recommendation("K-2026-000017"), relates_to="urn:uuid:nobody")
    return post(stage, SOAP_PATH, wss.sign(whole, agency_identity("dpupr"), at=stage.clock()), SOAP_12)


def any_report(stage: Stage) -> Said:
    """A genuine report about a message of ours that nobody sent: its reference has the agreed shape."""
    return report(stage, {**REPORT, "reference": "0198c0de-0000-7000-8000-000000000017/charge"})


VOICES: Mapping[str, tuple[str, Voice]] = {
    "soap": ("dpupr", any_callback),
    "jws": ("dpupr", ask_validity),
    "snap": ("bank", ask_bill),
    "oss": ("oss", send_nib),
    "sms": ("sms", any_report),
}
"""For each inbound profile its agency and a message that is well in every respect."""


def basic_of(call_headers: Mapping[str, str]) -> str:
    """User and password of a Basic header."""
    return base64.b64decode(call_headers["authorization"].removeprefix("Basic ")).decode()
