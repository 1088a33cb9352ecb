"""Our WS-Security: what is signed verifies, and each way to tamper with it is named."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from conformance.signing import soap, wss
from conformance.signing.keys import Identity, self_signed
from gateway.domain.errors import Malformed, Refused
from tests.conformance.conftest import NOW

NAMES = {"s": soap.SOAP_12, "wsse": wss.WSSE, "wsu": wss.WSU, "ds": wss.DS, "wsa": soap.WSA}
ADDRESSING = soap.Addressing(message_id="urn:uuid:1", to="http://hub.example/", action="urn:a#Paper", relates_to="r-1")


def paper(text: str = "seribu") -> etree._Element:
    root = etree.Element("{urn:a}Paper", nsmap={None: "urn:a"})
    etree.SubElement(root, "{urn:a}sum").text = text
    return root


def one(root: etree._Element, path: str) -> etree._Element:
    found = root.find(path, NAMES)
    assert found is not None
    return found


def remove(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def sealed(identity: Identity, version: str = soap.SOAP_12) -> bytes:
    leaf = etree.Element(soap.LEAF)
    leaf.text = "ab" * 32
    return wss.sign(soap.envelope(paper(), ADDRESSING, soap=version, blocks=[leaf]), identity, at=NOW)


@pytest.mark.parametrize("version", [soap.SOAP_11, soap.SOAP_12])
def test_what_was_signed_comes_back_as_it_was(agency: Identity, version: str) -> None:
    verified = wss.verify(sealed(agency, version), [agency.certificate], at=NOW)
    assert verified.document.findtext("{urn:a}sum") == "seribu"
    assert (verified.message_id, verified.relates_to, verified.action) == ("urn:uuid:1", "r-1", "urn:a#Paper")
    assert verified.leaf == "ab" * 32


def test_an_elliptic_key_signs_too() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    identity = Identity(key, self_signed(key, "ec", serial=7, at=NOW))
    assert wss.verify(sealed(identity), [identity.certificate], at=NOW).message_id == "urn:uuid:1"


def test_the_digest_names_the_content_and_not_the_envelope(agency: Identity) -> None:
    later = NOW + timedelta(seconds=100)
    again = wss.sign(soap.envelope(paper(), ADDRESSING), agency, at=later)
    other = wss.sign(soap.envelope(paper("dua"), ADDRESSING), agency, at=later)
    first, second, third = (
        wss.verify(each, [agency.certificate], at=later).digest for each in (sealed(agency), again, other)
    )
    assert first == second != third


def change_body(root: etree._Element) -> None:
    one(root, ".//{urn:a}sum").text = "sejuta"


def change_message_id(root: etree._Element) -> None:
    one(root, ".//wsa:MessageID").text = "urn:uuid:2"


def wrap(root: etree._Element) -> None:
    """Move the signed Body into a header block and put another in its place."""
    header, body = one(root, "s:Header"), one(root, "s:Body")
    forged = etree.SubElement(root, f"{{{soap.SOAP_12}}}Body")
    forged.append(paper("sejuta"))
    etree.SubElement(header, "{urn:x}Wrapper").append(body)


def wrap_with_same_id(root: etree._Element) -> None:
    wrap(root)
    one(root, "s:Body").set(f"{{{wss.WSU}}}Id", "body")


def add_unsigned_block(root: etree._Element) -> None:
    etree.SubElement(one(root, "s:Header"), "{urn:x}Extra").text = "unsigned"


def drop_body_reference(root: etree._Element) -> None:
    remove(one(root, ".//ds:Reference[@URI='#body']"))


def sha1_digest(root: etree._Element) -> None:
    one(root, ".//ds:DigestMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


def hmac_signature(root: etree._Element) -> None:
    one(root, ".//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1")


def xpath_transform(root: etree._Element) -> None:
    one(root, ".//ds:Transform").set("Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")


def drop_security(root: etree._Element) -> None:
    remove(one(root, ".//wsse:Security"))


def second_security(root: etree._Element) -> None:
    one(root, "s:Header").append(deepcopy(one(root, ".//wsse:Security")))


def drop_timestamp(root: etree._Element) -> None:
    remove(one(root, ".//wsu:Timestamp"))


def second_child(root: etree._Element) -> None:
    one(root, "s:Body").append(paper("sejuta"))


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (change_body, "signature-wrong"),
        (change_message_id, "signature-wrong"),
        (wrap, "signature-coverage"),
        (wrap_with_same_id, "signature-coverage"),
        (add_unsigned_block, "signature-coverage"),
        (drop_body_reference, "signature-coverage"),
        (sha1_digest, "algorithm-forbidden"),
        (hmac_signature, "algorithm-forbidden"),
        (xpath_transform, "algorithm-forbidden"),
        (drop_security, "not-signed"),
        (second_security, "not-signed"),
        (drop_timestamp, "timestamp-missing"),
        (second_child, "malformed-envelope"),
    ],
)
def test_a_tampered_envelope_is_refused_by_name(
    agency: Identity, tamper: Callable[[etree._Element], None], code: str
) -> None:
    root = etree.fromstring(sealed(agency))
    tamper(root)
    with pytest.raises(Refused) as refused:
        wss.verify(etree.tostring(root), [agency.certificate], at=NOW)
    assert refused.value.code == code


def test_a_comment_cuts_no_text_in_two(agency: Identity) -> None:
    data = sealed(agency).replace(b"urn:uuid:1<", b"urn:uuid<!-- -->:1<")
    assert b"<!-- -->" in data
    assert wss.verify(data, [agency.certificate], at=NOW).message_id == "urn:uuid:1"


def test_only_a_registered_certificate_counts(agency: Identity, hub_identity: Identity) -> None:
    with pytest.raises(Refused) as refused:
        wss.verify(sealed(agency), [hub_identity.certificate], at=NOW)
    assert refused.value.code == "certificate-unknown"


def test_anothers_certificate_does_not_lend_its_name(agency: Identity, hub_identity: Identity) -> None:
    root = etree.fromstring(sealed(agency))
    token = one(root, ".//wsse:BinarySecurityToken")
    token.text = base64.b64encode(hub_identity.certificate.public_bytes(serialization.Encoding.DER)).decode()
    with pytest.raises(Refused) as refused:
        wss.verify(etree.tostring(root), [hub_identity.certificate], at=NOW)
    assert refused.value.code == "signature-wrong"


@pytest.mark.parametrize(("seconds", "fresh"), [(-61, False), (-59, True), (359, True), (361, False)])
def test_a_timestamp_lives_300_seconds_and_a_minute_of_skew(agency: Identity, seconds: int, fresh: bool) -> None:
    at = NOW + timedelta(seconds=seconds)
    if fresh:
        assert wss.verify(sealed(agency), [agency.certificate], at=at).message_id
        return
    with pytest.raises(Refused) as refused:
        wss.verify(sealed(agency), [agency.certificate], at=at)
    assert refused.value.code == "timestamp-stale"


def test_a_certificate_ends(agency: Identity) -> None:
    at = NOW + timedelta(days=800)
    with pytest.raises(Refused) as refused:
        wss.verify(wss.sign(soap.envelope(paper(), ADDRESSING), agency, at=at), [agency.certificate], at=at)
    assert refused.value.code == "certificate-expired"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "doctype-forbidden"),
        (b"<a>", "malformed-xml"),
        (b"<a>" * 200 + b"</a>" * 200, "too-deep"),
        (b"<a/>", "malformed-envelope"),
    ],
)
def test_what_is_no_envelope_is_not_read(agency: Identity, data: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        wss.verify(data, [agency.certificate], at=NOW)
    assert refused.value.code == code


def test_a_fault_survives_the_wire(agency: Identity) -> None:
    fault = soap.Fault(code="schema-violation", text="broken", clause="Pasal 21(2)c.3")
    data = wss.sign(soap.envelope(soap.fault_document(fault), ADDRESSING), agency, at=NOW)
    assert soap.read_fault(wss.verify(data, [agency.certificate], at=NOW).document) == fault
    assert soap.read_fault(paper()) is None
