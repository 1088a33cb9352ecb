"""Attacks through the HTTP door of a whole hub: refused by code, counted by code, and nothing changes.

The genuine twin is accepted afterwards, so that what was refused was refused for its one change.
"""

from __future__ import annotations

import socket
from collections import Counter
from urllib.parse import urlsplit

import httpx2
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from conformance.signing import soap, wss
from conformance.signing.keys import Identity
from gateway.store.tables import DeliveryRow
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.trust.jws_attacks import forge
from tests.trust.jws_attacks.attack import Forged
from tests.trust.jws_attacks.catalogue import ATTACKS
from tests.trust.wrapping.catalogue import at_the_door, harmless, named
from tests.trust.wrapping.genuine import add_reply_to
from tests.trust.wrapping.scene import Genuine

KEPT = ("exchange", "exchange_part", "leaf", "certificate", "agreement", "agency", "endpoint", "credential")
"""Tables that a refused stranger must not touch either, besides the stage's own."""


def _pem(identity: Identity) -> bytes:
    return identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def genuine_callback(stage: Stage, delivery: DeliveryRow, soap_ns: str = soap.SOAP_12) -> Genuine:
    """DPUPR's signed answer, and what somebody in between would rather have the hub read."""
    signer, stranger = agency_identity("dpupr"), agency_identity("stranger")
    whole = voices.envelope(
        voices.recommendation(delivery.case_id),
        relates_to=delivery.message_id,
        message_id="urn:dpupr:genuine",
        soap_ns=soap_ns,
    )
    add_reply_to(whole)
    return Genuine(
        data=wss.sign(whole, signer, at=stage.clock()),
        key_pem=_pem(signer),
        certificate_der=signer.certificate.public_bytes(Encoding.DER),
        public_pem=signer.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        stranger_pem=_pem(stranger),
        stranger_der=stranger.certificate.public_bytes(Encoding.DER),
        evil_document=lambda: voices.recommendation(delivery.case_id, favourable="false", official="Penipu Contoh"),
    )


def test_no_forged_soap_message_changes_anything_and_the_genuine_one_is_accepted(stage: Stage) -> None:
    delivery = stage.requested()
    genuine = genuine_callback(stage, delivery)
    attacks = at_the_door()
    told, before = {}, stage.refusals()
    with stage.unchanged(*KEPT):
        for attack in attacks:
            said = voices.post(stage, voices.SOAP_PATH, attack.make(genuine), voices.SOAP_12)
            told[attack.name] = (said.status, said.code)
    assert told == {attack.name: (400, attack.code) for attack in attacks}
    assert before == {}
    assert stage.refusals() == dict(Counter(attack.code for attack in attacks))
    assert len(attacks) > 500

    accepted = voices.post(stage, voices.SOAP_PATH, genuine.data, voices.SOAP_12)
    assert (accepted.status, stage.state(delivery)) == (200, "answered")
    after = stage.rows("case_event", "delivery")
    for change in harmless():
        said = voices.post(stage, voices.SOAP_PATH, change.make(genuine), voices.SOAP_12)
        assert (said.status, said.body) == (200, accepted.body), change.name
    assert stage.rows("case_event", "delivery") == after


def test_soap_1_1_is_attacked_in_vain_as_well(stage: Stage) -> None:
    """A SOAP 1.1 Fault is HTTP 500 whosever fault it is (SOAP 1.1 section 6.2): soap:Client says that it is theirs."""
    delivery = stage.requested()
    genuine = genuine_callback(stage, delivery, soap.SOAP_11)
    attacks = [each for each in named() if each.code]
    told = {}
    with stage.unchanged(*KEPT):
        for attack in attacks:
            said = voices.post(stage, voices.SOAP_PATH, attack.make(genuine), soap.CONTENT_TYPES[soap.SOAP_11])
            told[attack.name] = (said.status, said.code, b"<faultcode>soap:Client</faultcode>" in said.body)
    assert told == {attack.name: (500, attack.code, True) for attack in attacks}
    said = voices.post(stage, voices.SOAP_PATH, genuine.data, soap.CONTENT_TYPES[soap.SOAP_11])
    assert (said.status, stage.state(delivery)) == (200, "answered")


def genuine_question(stage: Stage) -> forge.Genuine:
    """DPUPR's question about a permit."""
    sender, stranger, bank = agency_identity("dpupr"), agency_identity("stranger"), agency_identity("bank", "rsa")
    return forge.Genuine(
        kind="p256",
        sender=forge.Signer(sender.key, sender.certificate),
        stranger=forge.Signer(stranger.key, stranger.certificate),
        other_agency=forge.Signer(bank.key, bank.certificate),
        payload=b'{"permitNumber":"001/KRK/III/2026"}',
        at=stage.clock(),
        claims={"iss": "dpupr", "aud": "dpmptsp", "jti": "v-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"},
    )


def ask(stage: Stage, forged: Forged) -> voices.Said:
    """Send the body with one X-JWS-Signature line for each token."""
    lines = [("Content-Type", forged.content_type), *(("X-JWS-Signature", each) for each in forged.tokens)]
    return voices.read(stage.client.post(voices.JWS_PATH, content=forged.body, headers=lines))


KNOWN_SENDER = ("agreement-mismatch", "timestamp-stale", "timestamp-future")
"""Refusals of a sender who is proven: kept as an exchange of his, not counted among strangers."""


def test_no_forged_jws_changes_anything_and_the_genuine_one_is_accepted(stage: Stage) -> None:
    genuine = genuine_question(stage)
    attacks = [each for each in ATTACKS if "p256" in each.kinds]
    strangers = [each for each in attacks if each.at_the_door not in KNOWN_SENDER]
    told = {}
    with stage.unchanged(*KEPT):
        for attack in strangers:
            said = ask(stage, attack.forge(genuine))
            told[attack.name] = (said.status // 100, said.code)
    assert told == {attack.name: (4, attack.at_the_door) for attack in strangers}
    assert stage.refusals() == dict(Counter(attack.at_the_door for attack in strangers))
    assert len(strangers) > 150
    with stage.unchanged():
        for attack in attacks:
            if attack not in strangers:
                assert ask(stage, attack.forge(genuine)).code == attack.at_the_door, attack.name

    said = ask(stage, Forged(tokens=(genuine.token(),), body=genuine.payload))
    assert (said.status, said.code) == (404, "not-found")  # nobody has such a permit: the question was answered
    assert said.headers["x-jws-signature"]  # and the answer is signed: it is to somebody who is known


def test_a_header_line_that_is_folded_is_refused(stage: Stage) -> None:
    """Obsolete line folding (RFC 9112 section 5.2): the value is then two words, and no signature."""
    genuine = genuine_question(stage)
    token = genuine.token()
    for folded in (f"{token[:40]}\r\n {token[40:]}", f"\r\n\t{token}\r\n x"):
        with stage.unchanged(*KEPT):
            answer = _raw(
                stage,
                f"POST {voices.JWS_PATH} HTTP/1.1\r\nHost: hub\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(genuine.payload)}\r\nConnection: close\r\n"
                f"X-JWS-Signature: {folded}\r\n\r\n".encode()
                + genuine.payload,
            )
        assert answer.split(b" ", 2)[1][:1] == b"4", answer[:200]


def _raw(stage: Stage, data: bytes) -> bytes:
    """Send bytes that no client library would, and read until the hub ends the connection."""
    place = urlsplit(str(httpx2.URL(stage.door.url)))
    assert place.hostname is not None
    with socket.create_connection((place.hostname, place.port or 80), timeout=10) as connection:
        connection.sendall(data)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer
