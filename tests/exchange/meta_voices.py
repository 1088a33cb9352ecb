"""Agencies that ask the hub's meta-services over HTTP, in both transports, signing with `conformance.signing`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from conformance.signing import jws, soap, wss
from conformance.signing.keys import Identity
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.voices import JSON, Said, post


def identity(agency: str) -> Identity:
    """The key that `furnishing.furnish` registered for an agency, or would have."""
    return agency_identity("bank", "rsa") if agency == "bank" else agency_identity(agency)


def enrol(stage: Stage, agency: str) -> None:
    """An agency registers its certificate (an EC one) with proof of its key."""
    registry, who = stage.hub.store.registry, agency_identity(agency)
    challenge = registry.challenge(agency, who.certificate, "nonce-17")
    assert isinstance(who.key, ec.EllipticCurvePrivateKey)
    proof = who.key.sign(challenge, ec.ECDSA(hashes.SHA256()))
    registry.register_certificate(agency, who.certificate, challenge, proof, "staff/siti")


def ask_rest(
    stage: Stage,
    name: str,
    payload: Mapping[str, Any] | None = None,
    *,
    agency: str = "dpupr",
    message_id: str = "m-1",
    signer: Identity | None = None,
    at: datetime | None = None,
    signed: bytes | None = None,
    raw: bytes | None = None,
    claims: Mapping[str, str] | None = None,
) -> Said:
    """Ask `meta/<name>` with a detached JWS."""
    body = json.dumps(payload or {}).encode() if raw is None else raw
    named = {
        "iss": agency,
        "aud": "dpmptsp",
        "jti": message_id,
        "agr": "meta/1.0",
        "int": f"meta.{name}",
        **(claims or {}),
    }
    token = jws.sign_detached(
        body if signed is None else signed, signer or identity(agency), named, at=at or stage.clock()
    )
    return post(stage, f"/rest/{agency}/meta/{name}", body, JSON, X_JWS_Signature=token)


def question(name: str, payload: Mapping[str, Any]) -> etree._Element:
    """The request element of a meta-service."""
    namespace = f"urn:simojo:meta-{name}:request:1.0"
    root = etree.Element(f"{{{namespace}}}{name.title()}Request", nsmap={None: namespace})
    for member, value in payload.items():
        etree.SubElement(root, f"{{{namespace}}}{member}").text = str(value)
    return root


def soap_message(
    stage: Stage,
    name: str,
    payload: Mapping[str, Any] | None = None,
    *,
    agency: str = "dpupr",
    message_id: str = "m-1",
    signer: Identity | None = None,
    at: datetime | None = None,
    version: str = soap.SOAP_12,
) -> bytes:
    document = question(name, payload or {})
    addressing = soap.Addressing(
        message_id=message_id, to=f"https://hub.example/soap/{agency}/meta.{name}", action=soap.action_of(document)
    )
    whole = soap.envelope(document, addressing, soap=version)
    return wss.sign(whole, signer or identity(agency), at=at or stage.clock())


def ask_soap(
    stage: Stage,
    name: str,
    payload: Mapping[str, Any] | None = None,
    *,
    agency: str = "dpupr",
    version: str = soap.SOAP_12,
    **twists: Any,
) -> Said:
    """Ask `meta.<name>` with a signed envelope."""
    body = soap_message(stage, name, payload, agency=agency, version=version, **twists)
    return post(stage, f"/soap/{agency}/meta.{name}", body, soap.CONTENT_TYPES[version])


@dataclass(frozen=True)
class Answered:
    """What a signed answer says, and the leaf that its seal names."""

    payload: Any
    leaf: str


def read_rest(stage: Stage, said: Said, agency: str = "dpupr") -> Answered:
    """An answer over REST, its signature verified."""
    assert said.status == 200, said.body
    token = said.headers["x-jws-signature"]
    head = jws.verify_detached(
        token, said.body, [stage.certificate], issuer="dpmptsp", audience=agency, at=stage.clock()
    )
    assert head["agr"] == "meta/1.0"
    return Answered(said.json, str(head["leaf"]))


def read_soap(stage: Stage, said: Said, agency: str = "dpupr") -> Answered:
    """An answer over SOAP, its signature verified, read by the published XSD."""
    assert said.status == 200, said.body
    verified = wss.verify(said.body, [stage.certificate], at=stage.clock())
    service = etree.QName(verified.document).localname.removesuffix("Reply").lower()
    schema = stage.hub.library.xml(f"simojo/meta-{service}/{'1.1' if service == 'allowed' else '1.0'}/reply")
    assert schema.check(verified.document) == ()
    return Answered(schema.to_payload(verified.document), verified.leaf or "")


Ask: TypeAlias = Callable[..., Said]
Read: TypeAlias = Callable[..., Answered]
BOTH: Mapping[str, tuple[Ask, Read]] = {"rest": (ask_rest, read_rest), "soap": (ask_soap, read_soap)}
"""Each transport, asking and reading."""


def tell(stage: Stage, transport: str, name: str, payload: dict[str, Any] | None = None, **twists: Any) -> Any:
    """The payload of a signed answer; over SOAP an empty list is an absent one, and so it is made everywhere."""
    ask, read = BOTH[transport]
    told = read(stage, ask(stage, name, payload, **twists), twists.get("agency", "dpupr")).payload
    return {member: value for member, value in told.items() if value != []}
