"""What README documents: a permit's validity asked with openssl and curl alone, an answer given by zeep."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from datetime import date
from pathlib import Path

import pytest
import zeep.exceptions
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.clients.soap_client import Recommendation, give_recommendation
from conformance.signing import soap
from gateway.domain import events as e
from tests.exchange import voices
from tests.exchange.keys import agency_identity
from tests.exchange.stage import RINA, Stage

BODY = b'{"permitNumber":"001/KRK/III/2026"}'


def in_force(stage: Stage) -> str:
    """A permit of service KRK with its number in force; gives the number."""
    delivery = stage.requested()
    voices.answer(stage, delivery)
    number = "001/KRK/III/2026"
    digest = "a" * 64
    facts = (
        e.ApplicationApproved(officer="Dewi Contoh", challenge="c-1"),
        e.NumberReserved(number=number),
        e.DocumentPrepared(sha256=digest),
        e.DocumentSigned(
            signer="Dewi Contoh",
            signer_nip="198001012005011001",
            delegation="d-1",
            method=e.SigningMethod.ELECTRONIC,
            document_sha256=digest,
            sha256="b" * 64,
            challenge="c-2",
        ),
        e.NumberActivated(number=number),
    )
    stage.hub.deeds.record(delivery.case_id, RINA.actor, *facts)
    return number


def run(*command: str, given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_openssl_and_curl_are_enough_to_ask_and_to_check_the_answer(stage: Stage, tmp_path: Path) -> None:
    in_force(stage)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    identity = agency_identity("dpupr", "rsa")
    key.write_bytes(identity.key_pem)
    certificate.write_bytes(identity.certificate.public_bytes(Encoding.PEM))
    fingerprint = run("openssl", "x509", "-in", str(certificate), "-outform", "DER")
    registered(stage, certificate, key)
    issued = int(stage.clock().timestamp())
    header = {
        "alg": "RS256",
        "x5t#S256": base64url(hashlib.sha256(fingerprint).digest()),
        "iss": "dpupr",
        "aud": "dpmptsp",
        "iat": issued,
        "exp": issued + 300,
        "jti": "by-hand-1",
        "agr": "dpupr-2026/1.0",
        "int": "permit-validity",
    }
    head = base64url(json.dumps(header).encode())
    signature = run("openssl", "dgst", "-sha256", "-sign", str(key), given=f"{head}.{base64url(BODY)}".encode())
    heads, answer = tmp_path / "headers", tmp_path / "answer"
    run(
        *("curl", "-s", "--noproxy", "*", "-D", str(heads), "-o", str(answer), "--data-binary", "@-"),
        *("-H", "Content-Type: application/json", "-H", f"X-JWS-Signature: {head}..{base64url(signature)}"),
        f"{stage.door.url}/rest/dpupr/permit-validity",
        given=BODY,
    )
    assert json.loads(answer.read_bytes()) == {
        "permitNumber": "001/KRK/III/2026",
        "valid": True,
        "status": "in-force",
        "service": "krk",
        "inForceSince": "2026-03-02",
    }
    token = next(line for line in heads.read_text().splitlines() if line.lower().startswith("x-jws-signature:"))
    theirs, _, proof = token.partition(":")[2].strip().partition("..")
    check(stage, tmp_path, f"{theirs}.{base64url(answer.read_bytes())}".encode(), proof)
    claims = json.loads(base64.urlsafe_b64decode(theirs + "=="))
    assert claims["rel"] == base64url(hashlib.sha256(BODY).digest())


def registered(stage: Stage, certificate: Path, key: Path) -> None:
    """Register the certificate as staff do: its holder signs a challenge with openssl."""
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    registry = stage.hub.store.registry
    challenge = registry.challenge("dpupr", read, "nonce-18")
    proof = run("openssl", "dgst", "-sha256", "-sign", str(key), given=challenge)
    registry.register_certificate("dpupr", read, challenge, proof, "staff/siti")


def check(stage: Stage, folder: Path, signed: bytes, proof: str) -> None:
    """The hub's key is EC: a JWS signature is r and s side by side, openssl wants them in DER."""
    raw = base64.urlsafe_b64decode(proof + "==")
    numbers = [int.from_bytes(half) for half in (raw[:32], raw[32:])]
    spec = folder / "signature.cnf"
    spec.write_text("asn1=SEQUENCE:s\n[s]\n" + "".join(f"n{i}=INTEGER:{n}\n" for i, n in enumerate(numbers)))
    run("openssl", "asn1parse", "-genconf", str(spec), "-noout", "-out", str(folder / "signature.der"))
    (folder / "hub.pem").write_bytes(stage.certificate.public_bytes(Encoding.PEM))
    run("openssl", "x509", "-in", str(folder / "hub.pem"), "-pubkey", "-noout", "-out", str(folder / "hub.pub"))
    told = run(
        *("openssl", "dgst", "-sha256", "-verify", str(folder / "hub.pub")),
        *("-signature", str(folder / "signature.der")),
        given=signed,
    )
    assert b"OK" in told


def said(stage: Stage, relates_to: str, case: str) -> Recommendation:
    return Recommendation(
        relates_to=relates_to,
        case=case,
        number="600/17/2026",
        date=date(2026, 3, 2),
        favourable=True,
        official="Budi Contoh",
        conditions=("Sempadan 3 meter",),
    )


def test_a_zeep_client_that_knows_only_the_wsdl_gives_a_recommendation(stage: Stage) -> None:
    delivery = stage.requested()
    acknowledged = give_recommendation(
        f"{stage.door.url}{voices.SOAP_PATH}?wsdl",
        said(stage, delivery.message_id, delivery.case_id),
        agency_identity("dpupr"),
        [stage.certificate],
        message_id="urn:uuid:zeep-1",
        clock=stage.clock,
    )
    assert soap.acknowledged_id(acknowledged.document) == "urn:uuid:zeep-1"
    (recommendation,) = stage.case(delivery.case_id).recommendations
    assert recommendation.conditions == ("Sempadan 3 meter",)


def test_a_zeep_client_is_told_a_fault(stage: Stage) -> None:
    with pytest.raises(zeep.exceptions.Fault) as raised:
        give_recommendation(
            f"{stage.door.url}{voices.SOAP_PATH}?wsdl",
            said(stage, "urn:uuid:nobody", "K-2026-000017"),
            agency_identity("dpupr"),
            [stage.certificate],
            message_id="urn:uuid:zeep-2",
            clock=stage.clock,
        )
    assert "answers no message of ours" in raised.value.message
