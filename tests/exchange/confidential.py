"""DPUPR under an agreement that calls everything confidential; it encrypts with the code of `conformance.signing`."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cryptography import x509

from conformance.signing import encryption, jws, soap, wss
from conformance.signing.keys import Identity
from gateway.contract.adapter import Inquiry
from gateway.contract.message import Json
from gateway.ledger.leaf import Leaf
from gateway.operations.ledger_export import verify_store
from gateway.store.tables import DeliveryRow
from gateway.trust.certificates import Use
from gateway.trust.dev_ca import LeafKind
from tests.exchange import voices
from tests.exchange.keys import agency_identity, hub_leaf
from tests.exchange.stage import Stage, proof
from tests.exchange.town import Answer, Call, Told
from tests.exchange.voices import Said

JOSE = encryption.JOSE
VALIDITY = b'{"permitNumber":"001/KRK/III/2026"}'
NAME_IN_THE_REQUEST = b"Siti Contoh"


def encrypting(kind: str = "rsa") -> Identity:
    """What DPUPR is encrypted to; it signs with another key."""
    return agency_identity("dpupr-encrypting", kind)


def register(stage: Stage, identity: Identity, *uses: Use) -> None:
    registry = stage.hub.store.registry
    challenge = registry.challenge("dpupr", identity.certificate, "nonce-18")
    signed = proof(identity, challenge)
    registry.register_certificate("dpupr", identity.certificate, challenge, signed, "staff/siti", frozenset(uses))


def issue(stage: Stage) -> None:
    """Every permit that DPUPR asks about is in force."""
    adapter = stage.adapters["dpupr"]
    said: dict[str, Json] = {"valid": True, "status": "in-force", "service": "krk", "inForceSince": "2026-03-02"}
    interactions = tuple(
        replace(each, answer=lambda payload, _found: {"permitNumber": payload["permitNumber"], **said})
        if isinstance(each, Inquiry)
        else each
        for each in adapter.interactions
    )
    stage.adapters["dpupr"] = replace(adapter, interactions=interactions)


def agree(stage: Stage) -> None:
    """The hub's key is RSA, DPUPR has a certificate for encryption, and all that they exchange is confidential."""
    issue(stage)
    stage.take_key(hub_leaf(stage.folder.parent / "ca", LeafKind.RSA))
    register(stage, encrypting(), Use.ENCRYPT)
    stage.agree("dpupr", ("confidential = false", "confidential = true"))
    stage.town.always["dpupr"] = acknowledging(stage)


def clear(data: bytes, identity: Identity | None = None) -> bytes:
    """What the hub said, decrypted: it has to have been encrypted."""
    assert encryption.is_encrypted(data)
    return encryption.decrypt_body(data, identity or encrypting())


def acknowledging(stage: Stage, *, answers_encrypted: bool = True, to: x509.Certificate | None = None) -> Answer:
    """DPUPR decrypts what it is asked, verifies it, and acknowledges it."""

    def answer(call: Call) -> Told:
        asked = wss.verify(clear(call.body), [stage.certificate], at=stage.clock())
        document = soap.acknowledgement(asked.message_id, stage.clock(), "D-17")
        addressing = soap.Addressing(
            message_id="urn:dpupr:ack", to=soap.ANONYMOUS, action=soap.action_of(document), relates_to=asked.message_id
        )
        signed = wss.sign(soap.envelope(document, addressing), agency_identity("dpupr"), at=stage.clock())
        body = encryption.encrypt_body(signed, to or stage.certificate) if answers_encrypted else signed
        return Told(body=body, headers={"Content-Type": soap.CONTENT_TYPES[soap.SOAP_12]})

    return answer


def address(stage: Stage) -> str:
    """Where the WSDL says that DPUPR's answers go."""
    return f"{stage.settings.public_url.rstrip('/')}{voices.SOAP_PATH}"


def callback(stage: Stage, delivery: DeliveryRow, *, to: x509.Certificate | None = None, **twists: Any) -> bytes:
    """DPUPR's answer to our request: signed, for the hub's own address, then encrypted."""
    signed = voices.callback(stage, delivery, **{"addressed": address(stage), **twists})
    return encryption.encrypt_body(signed, to or stage.certificate)


def answer(stage: Stage, delivery: DeliveryRow, **twists: Any) -> Said:
    return voices.post(stage, voices.SOAP_PATH, callback(stage, delivery, **twists), voices.SOAP_12)


def sealed(stage: Stage, said: Said) -> wss.VerifiedEnvelope:
    """The hub's SOAP answer, decrypted and its signature verified."""
    return wss.verify(clear(said.body), [stage.certificate], at=stage.clock())


@dataclass(frozen=True)
class Heard:
    """What the hub answered over REST, decrypted; `header` is the verified one of its JWS."""

    said: Said
    body: bytes
    header: dict[str, object]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask_validity(
    stage: Stage,
    body: bytes = VALIDITY,
    *,
    agreement: str = "dpupr-2026/1.1",
    jti: str = "v-1",
    at: datetime | None = None,
    to: x509.Certificate | None = None,
    encrypted: bytes | None = None,
) -> Said:
    """DPUPR's inquiry: signed, then encrypted."""
    claims = {"iss": "dpupr", "aud": "dpmptsp", "jti": jti, "agr": agreement, "int": "permit-validity"}
    token = jws.sign_detached(body, agency_identity("dpupr"), claims, at=at or stage.clock())
    sent = encryption.encrypt_json(body, to or stage.certificate) if encrypted is None else encrypted
    return voices.post(stage, voices.JWS_PATH, sent, JOSE, X_JWS_Signature=token)


def heard(stage: Stage, said: Said, identity: Identity | None = None) -> Heard:
    """Decrypt and verify what the hub answered over REST."""
    assert said.headers["content-type"] == JOSE
    body = encryption.decrypt_json(said.body, identity or encrypting())
    header = jws.verify_detached(
        said.headers["x-jws-signature"],
        body,
        [stage.certificate],
        issuer="dpmptsp",
        audience="dpupr",
        at=stage.clock(),
    )
    return Heard(said, body, dict(header))


def verified(stage: Stage) -> None:
    """The ledger verifies, with the stored bytes."""
    while stage.hub.integrator.run_once():
        pass
    store = stage.hub.store
    verify_store(store.reader, store.vault, store.note_key.verifier)


def commitments(stage: Stage, exchange: str) -> set[str]:
    return {name for leaf in stage.leaves(exchange) for name in Leaf.parse(leaf).commitments}
