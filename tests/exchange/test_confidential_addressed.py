"""What came encrypted has to be signed for this hub, and only a registered signer's is decrypted at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import pytest
from lxml import etree

from conformance.signing import encryption, jws, soap, wss
from gateway.store.tables import DeliveryRow
from gateway.trust.keys import SoftwareKey, fingerprint
from tests.exchange import confidential, voices
from tests.exchange.deliveries import now
from tests.exchange.keys import agency_identity
from tests.exchange.stage import Stage
from tests.exchange.voices import Said

PUBLIC = "https://hub.example/simojo"
WSA_HEADERS = f"{{*}}Header/{{{soap.WSA}}}"


@pytest.fixture
def public(agreed: Stage) -> Iterator[Stage]:
    """The hub is known by a name and below a path, behind a proxy."""
    known = agreed.settings.model_copy(update={"public_url": f"{PUBLIC}/"})
    with mock.patch.object(Stage, "settings", mock.PropertyMock(return_value=known)):
        agreed.restart()
        yield agreed


@contextmanager
def counted() -> Iterator[list[str]]:
    """What the hub's private key is put to inside, to decrypt."""
    done: list[str] = []

    def counting(name: str) -> Any:
        real = getattr(SoftwareKey, name)

        def operation(self: SoftwareKey, *arguments: Any) -> bytes:
            done.append(name)
            return bytes(real(self, *arguments))

        return mock.patch.object(SoftwareKey, name, operation)

    with counting("unwrap"), counting("agree"):
        yield done


def send(stage: Stage, signed: bytes) -> Said:
    return voices.post(stage, voices.SOAP_PATH, encryption.encrypt_body(signed, stage.certificate), voices.SOAP_12)


def without(stage: Stage, asked: DeliveryRow, name: str) -> bytes:
    """DPUPR's answer, signed without that addressing block."""
    document = voices.recommendation(asked.case_id)
    whole = voices.envelope(document, relates_to=asked.message_id, addressed=confidential.address(stage))
    (block,) = whole.findall(f"{WSA_HEADERS}{name}")
    header = block.getparent()
    assert header is not None
    header.remove(block)
    return wss.sign(whole, agency_identity("dpupr"), at=stage.clock())


# --- for whom it was signed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["To", "Action"])
def test_an_encrypted_message_says_for_whom_and_what_it_is(agreed: Stage, name: str) -> None:
    asked = agreed.requested()
    signed = without(agreed, asked, name)
    with agreed.unchanged():
        said = send(agreed, signed)
    assert (said.status, said.code) == (400, "signature-part-missing")
    assert f"no wsa:{name}".encode() in said.body
    assert agreed.refusals() == {"signature-part-missing": 1}
    assert confidential.answer(agreed, asked).status == 200


@pytest.mark.parametrize("name", ["To", "Action"])
def test_a_message_in_clear_may_leave_that_out(stage: Stage, name: str) -> None:
    asked = stage.requested()
    said = voices.post(stage, voices.SOAP_PATH, without(stage, asked, name), voices.SOAP_12)
    assert (said.status, now(stage, asked).state) == (200, "answered")


def test_what_was_signed_for_another_receiver_cannot_be_encrypted_anew_to_us(public: Stage) -> None:
    asked = public.requested()
    elsewhere = [
        f"https://other.example/simojo{voices.SOAP_PATH}",
        f"https://hub.example.other.example/simojo{voices.SOAP_PATH}",
        f"https://hub.example@other.example/simojo{voices.SOAP_PATH}",
        f"https://someone@hub.example/simojo{voices.SOAP_PATH}",
        f"http://hub.example/simojo{voices.SOAP_PATH}",
        f"https://hub.example:8443/simojo{voices.SOAP_PATH}",
        f"https://hub.example:0/simojo{voices.SOAP_PATH}",
        f"https://hub.example:x/simojo{voices.SOAP_PATH}",
        f"https://hub.example{voices.SOAP_PATH}",
        f"https://hub.example/simojo/other{voices.SOAP_PATH}",
        f"https://hub.example/SIMOJO{voices.SOAP_PATH}",
        f"https://hub.example/simojo{voices.SOAP_PATH}/",
        f"https://hub.example/simojo{voices.SOAP_PATH}#part",
        f"https://hub.example/simo\tjo{voices.SOAP_PATH}",
        f"//hub.example/simojo{voices.SOAP_PATH}",
        voices.SOAP_PATH,
        soap.ANONYMOUS,
    ]
    with public.unchanged():
        codes = {to: confidential.answer(public, asked, addressed=to).code for to in elsewhere}
    assert codes == dict.fromkeys(elsewhere, "signature-claims")
    assert confidential.answer(public, asked).status == 200


def test_an_address_is_the_same_in_other_letters_with_its_port_and_a_query(public: Stage) -> None:
    asked = public.requested()
    same = [
        f"{PUBLIC}{voices.SOAP_PATH}",
        f"HTTPS://Hub.Example/simojo{voices.SOAP_PATH}",
        f"https://hub.example:443/simojo{voices.SOAP_PATH}",
        f"{PUBLIC}{voices.SOAP_PATH}?from=dpupr",
    ]
    assert {to: confidential.answer(public, asked, addressed=to).status for to in same} == dict.fromkeys(same, 200)


def test_in_clear_an_agency_reaches_the_hub_under_any_name(stage: Stage) -> None:
    asked = stage.requested()
    assert voices.answer(stage, asked, addressed=f"http://10.99.0.1:8080{voices.SOAP_PATH}").status == 200
    assert voices.answer(stage, asked, addressed="https://hub.example/soap/oss/x").code == "signature-claims"


# --- what is decrypted at all -------------------------------------------------------------------------------------


def _soap(stage: Stage, case: str) -> Said:
    """A recommendation, encrypted to the hub, with what is wrong in the clear part of it."""
    signer = agency_identity("stranger" if case == "certificate-unknown" else "dpupr")
    whole = voices.envelope(
        voices.recommendation("K-2026-000017"), relates_to="urn:uuid:x", addressed=confidential.address(stage)
    )
    root = etree.fromstring(encryption.encrypt_body(wss.sign(whole, signer, at=stage.clock()), stage.certificate))
    (security,) = root.findall(f"{{*}}Header/{{{wss.WSSE}}}Security")
    (signature,) = security.findall("{http://www.w3.org/2000/09/xmldsig#}Signature")
    if case == "signature-missing":
        security.remove(signature)
    if case == "signature-malformed":
        signature.remove(signature[1])
    if case == "signature-policy":
        signature[0][1].set("Algorithm", "http://www.w3.org/2000/09/xmldsig#rsa-sha1")
    return voices.post(stage, voices.SOAP_PATH, etree.tostring(root), voices.SOAP_12)


def _rest(stage: Stage, case: str) -> Said:
    """An inquiry, encrypted to the hub, under such a header line."""
    claims = {"iss": "dpupr", "aud": "dpmptsp", "jti": "v-1", "agr": "dpupr-2026/1.1", "int": "permit-validity"}
    signer = agency_identity("stranger" if case == "certificate-unknown" else "dpupr")
    token = jws.sign_detached(confidential.VALIDITY, signer, claims, at=stage.clock())
    lines = {
        "signature-missing": {},
        "signature-malformed": {"X_JWS_Signature": token.replace("..", ".")},
        "signature-policy": {"X_JWS_Signature": f"{_HS256}.{token.partition('.')[2]}"},
    }
    sent = encryption.encrypt_json(confidential.VALIDITY, stage.certificate)
    line = lines.get(case, {"X_JWS_Signature": token})
    return voices.post(stage, voices.JWS_PATH, sent, confidential.JOSE, **line)


_HS256 = "eyJhbGciOiJIUzI1NiJ9"
"""{"alg":"HS256"}"""

CASES = ["signature-missing", "signature-malformed", "signature-policy", "certificate-unknown", "certificate-revoked"]


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ask", [_soap, _rest])
def test_a_stranger_costs_no_operation_of_the_private_key(agreed: Stage, ask: Any, case: str) -> None:
    if case == "certificate-revoked":
        known = fingerprint(agency_identity("dpupr").certificate)
        agreed.hub.store.registry.revoke_certificate(known, "kunci hilang", "staff/siti")
    with agreed.unchanged(), counted() as done:
        said = ask(agreed, case)
    assert (said.code, done) == (case, [])
    assert agreed.refusals() == {case: 1}


@pytest.mark.parametrize("ask", [_soap, _rest])
def test_a_registered_signer_s_message_is_decrypted_once(agreed: Stage, ask: Any) -> None:
    with counted() as done:
        said = ask(agreed, "genuine")
    assert done == ["unwrap"]
    assert said.code == ""
    assert len(agreed.exchanges("dpupr")) == 1  # it came as far as an exchange, whatever its answer is


def test_a_certificate_for_encryption_alone_signs_nothing(agreed: Stage) -> None:
    claims = {"iss": "dpupr", "aud": "dpmptsp", "jti": "v-1", "agr": "dpupr-2026/1.1", "int": "permit-validity"}
    token = jws.sign_detached(confidential.VALIDITY, confidential.encrypting(), claims, at=agreed.clock())
    sent = encryption.encrypt_json(confidential.VALIDITY, agreed.certificate)
    with counted() as done:
        said = voices.post(agreed, voices.JWS_PATH, sent, confidential.JOSE, X_JWS_Signature=token)
    assert (said.code, done) == ("certificate-not-for-signing", [])
