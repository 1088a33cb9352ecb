"""The harness's signing code and the gateway's, each written without the other, understand one another."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from conformance.signing import jws, snap, soap, wss
from conformance.signing.keys import Identity, self_signed
from gateway.dialect.snap_bi import symmetric_signature
from gateway.trust.certificates import check_registrable, register
from gateway.trust.envelope import open_envelope
from gateway.trust.jws import JwsClaims
from gateway.trust.jws import sign_detached as hub_sign_detached
from gateway.trust.jws import verify_detached as hub_verify_detached
from gateway.trust.keys import signing_key
from gateway.trust.possession import possession_challenge, verify_possession
from gateway.trust.wss import sign_envelope, verify_envelope
from tests.conformance.conftest import NOW

ADDRESSING = soap.Addressing(
    message_id="urn:uuid:m-1", to="http://hub.example/", action="urn:a#Paper", relates_to="urn:uuid:r-1"
)
BODY = b'{"permitNumber":"503/1/2026"}'


def paper() -> etree._Element:
    root = etree.Element("{urn:a}Paper", nsmap={None: "urn:a"})
    root.text = "seribu"
    return root


@pytest.fixture(params=["rsa", "ec"])
def identity(request: pytest.FixtureRequest, agency: Identity) -> Identity:
    if request.param == "rsa":
        return agency
    key = ec.generate_private_key(ec.SECP256R1())
    return Identity(key, self_signed(key, "ec", serial=7, at=NOW))


@pytest.mark.parametrize("version", [soap.SOAP_11, soap.SOAP_12])
def test_the_gateway_takes_our_envelope(identity: Identity, version: str) -> None:
    data = wss.sign(soap.envelope(paper(), ADDRESSING, soap=version), identity, at=NOW)
    verified = verify_envelope(open_envelope(data, max_bytes=100_000), [register("dpupr", identity.certificate)], NOW)
    assert (verified.message_id, verified.relates_to) == ("urn:uuid:m-1", "urn:uuid:r-1")
    assert verified.content.text == "seribu"


def test_we_take_the_gateways_envelope(identity: Identity) -> None:
    leaf = etree.Element(soap.LEAF)
    leaf.text = "ab" * 32
    data = sign_envelope(
        soap.envelope(paper(), ADDRESSING, blocks=[leaf]),
        signing_key(identity.key, identity.certificate),
        created=NOW,
        expires=NOW + timedelta(seconds=300),
    )
    verified = wss.verify(data, [identity.certificate], at=NOW)
    assert (verified.message_id, verified.leaf, verified.document.text) == ("urn:uuid:m-1", "ab" * 32, "seribu")


def test_the_gateway_takes_our_jws(identity: Identity) -> None:
    claims = {"iss": "dpupr", "aud": "dpmptsp", "jti": "m-1", "agr": "dpupr-2026/1.0", "int": "permit-validity"}
    token = jws.sign_detached(BODY, identity, claims, at=NOW)
    verified = hub_verify_detached(token, BODY, [register("dpupr", identity.certificate)], NOW, audience="dpmptsp")
    assert verified.claims.jti == "m-1"


def test_we_take_the_gateways_jws(identity: Identity) -> None:
    claims = JwsClaims(
        iss="dpmptsp",
        aud="dpupr",
        iat=NOW,
        exp=NOW + timedelta(seconds=300),
        jti="m-1.answer",
        agr="dpupr-2026/1.0",
        int_="permit-validity",
        rel=jws.body_digest(BODY),
    )
    token = hub_sign_detached(b"{}", signing_key(identity.key, identity.certificate), claims)
    header = jws.verify_detached(token, b"{}", [identity.certificate], issuer="dpmptsp", audience="dpupr", at=NOW)
    assert header["rel"] == jws.body_digest(BODY)


def test_the_certificates_that_peers_make_can_be_registered(agency: Identity) -> None:
    check_registrable(agency.certificate)
    challenge = possession_challenge("dpupr", "ab" * 32, "n-1")
    signature = base64.b64decode(agency.prove_possession(challenge.decode()))
    verify_possession(agency.certificate, challenge, signature)


def test_both_make_one_snap_signature() -> None:
    moment, body = snap.timestamp(NOW), b'{"partnerServiceId":"   99887"}'
    ours = snap.transaction_signature("secret", "/p", "t", body, moment)
    assert ours == symmetric_signature("secret", "POST", "/p", "t", body, moment)
