"""The harness's encryption (libxmlsec) against the hub's own, both ways; and what the harness itself refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from conformance.signing import encryption, soap, wss
from conformance.signing.keys import Identity, self_signed
from gateway.domain.errors import Malformed, Refused
from gateway.trust import jwe, xml_encryption
from gateway.trust.envelope import open_envelope
from gateway.trust.keys import signing_key
from tests.conformance.conftest import NOW
from tests.trust.parties import private_key

BODY = b'{"permitNumber":"001/KRK/III/2026"}'


def party(kind: str) -> Identity:
    key = private_key(kind)
    return Identity(key, self_signed(key, kind, serial=7, at=NOW))  # type: ignore[arg-type]  # every kind here is one


def signed(agency: Identity, soap_ns: str = soap.SOAP_12) -> bytes:
    document = etree.fromstring('<a:Paper xmlns:a="urn:a" xmlns:b="urn:b"><a:sum b:of="x">seribu</a:sum></a:Paper>')
    addressing = soap.Addressing(message_id="urn:uuid:1", to="http://hub.example/", action="urn:a#Paper")
    return wss.sign(soap.envelope(document, addressing, soap=soap_ns), agency, at=NOW)


def total(data: bytes, agency: Identity) -> str | None:
    return wss.verify(data, [agency.certificate], at=NOW).document.findtext("{urn:a}sum")


@pytest.mark.parametrize("version", [soap.SOAP_11, soap.SOAP_12])
def test_libxmlsec_reads_what_the_hub_encrypts_and_the_hub_what_libxmlsec_does(agency: Identity, version: str) -> None:
    hub = party("rsa")
    whole = signed(agency, version)
    by_hub = xml_encryption.encrypt_envelope(whole, hub.certificate)
    assert b"seribu" not in by_hub
    assert total(encryption.decrypt_body(by_hub, hub), agency) == "seribu"
    by_xmlsec = encryption.encrypt_body(whole, hub.certificate)
    assert b"seribu" not in by_xmlsec
    opened = open_envelope(by_xmlsec, max_bytes=100_000)
    plain = xml_encryption.decrypt_envelope(opened, [signing_key(hub.key, hub.certificate)])
    assert total(plain, agency) == "seribu"
    assert total(encryption.decrypt_body(by_xmlsec, hub), agency) == "seribu"


@pytest.mark.parametrize("enc", ["A128GCM", "A256GCM"])
@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_both_write_the_same_jwe(kind: str, enc: str) -> None:
    one = party(kind)
    hub = signing_key(one.key, one.certificate)
    assert jwe.decrypt(encryption.encrypt_json(BODY, one.certificate, enc=enc), [hub], max_bytes=9999).plaintext == BODY
    assert encryption.decrypt_json(jwe.encrypt(BODY, "application/json", one.certificate), one) == BODY


def test_what_is_encrypted_is_told_from_what_is_not(agency: Identity) -> None:
    whole = signed(agency)
    assert not encryption.is_encrypted(whole)
    assert encryption.is_encrypted(encryption.encrypt_body(whole, party("rsa").certificate))


REFUSED: dict[str, tuple[Callable[[Identity], object], str]] = {
    "an envelope in clear": (lambda agency: encryption.decrypt_body(signed(agency), party("rsa")), "malformed"),
    "another key": (
        lambda agency: encryption.decrypt_body(
            xml_encryption.encrypt_envelope(signed(agency), agency.certificate), party("rsa")
        ),
        "decryption-failed",
    ),
    "CBC": (
        lambda agency: encryption.decrypt_body(
            xml_encryption.encrypt_envelope(signed(agency), agency.certificate).replace(
                b"http://www.w3.org/2009/xmlenc11#aes256-gcm", b"http://www.w3.org/2001/04/xmlenc#aes256-cbc"
            ),
            agency,
        ),
        "algorithm-forbidden",
    ),
    "SHA-1 in OAEP": (
        lambda agency: encryption.decrypt_body(
            xml_encryption.encrypt_envelope(signed(agency), agency.certificate).replace(
                b'mgf1p"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"',
                b'mgf1p"><ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"',
            ),
            agency,
        ),
        "algorithm-forbidden",
    ),
    "encrypting to EC": (
        lambda agency: encryption.encrypt_body(signed(agency), party("p256").certificate),
        "key-unfit",
    ),
    "encrypting what is not signed": (
        lambda agency: encryption.encrypt_body(
            b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body/></s:Envelope>', agency.certificate
        ),
        "key-unfit",
    ),
    "a body in clear": (lambda agency: encryption.decrypt_json(BODY, agency), "malformed"),
    "a JWE to another key": (
        lambda agency: encryption.decrypt_json(encryption.encrypt_json(BODY, agency.certificate), party("rsa")),
        "decryption-failed",
    ),
    "a JWE of another kind of key": (
        lambda agency: encryption.decrypt_json(encryption.encrypt_json(BODY, party("p256").certificate), agency),
        "algorithm-forbidden",
    ),
    "a JWE to Ed25519": (
        lambda _: encryption.encrypt_json(BODY, party("ed25519").certificate),
        "key-unfit",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_harness_refuses(agency: Identity, name: str) -> None:
    call, code = REFUSED[name]
    with pytest.raises((Malformed, Refused)) as caught:
        call(agency)
    assert caught.value.code == code
