"""References, transforms and algorithms that the sender itself signed and that are refused all the same.

The holder of the key plays along (`resigned`): the signature is right, so the refusal is policy alone.
"""

from __future__ import annotations

import pytest
import xmlsec
from lxml import etree
from zeep.wsse.signature import _verify_envelope_with_key

from gateway.domain.errors import Refused
from gateway.trust import names
from gateway.trust.policy import REFUSED
from tests.trust.parties import NS, Edit, altered, key, one, resigned, verify

BODY_REFERENCE = "//ds:Reference[@URI='#sj-body']"


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        verify(data)
    return caught.value.code


@pytest.mark.parametrize(
    "uri",
    ["", "#", "https://evil.example/body.xml", "file:///etc/hostname", "#xpointer(/)", "#xpointer(id('sj-body'))"],
)
def test_a_reference_to_anything_but_a_part_of_this_envelope_is_a_policy_refusal(uri: str) -> None:
    assert refused(altered(lambda root: one(root, BODY_REFERENCE).set("URI", uri))) == "signature-policy"


def test_a_reference_without_a_uri_is_a_policy_refusal() -> None:
    assert refused(altered(lambda root: one(root, BODY_REFERENCE).attrib.pop("URI"))) == "signature-policy"


def test_a_reference_without_transforms_is_a_policy_refusal() -> None:
    def attack(root: etree._Element) -> None:
        reference = one(root, BODY_REFERENCE)
        reference.remove(one(root, f"{BODY_REFERENCE}/ds:Transforms"))

    assert refused(resigned(attack)) == "signature-policy"


def transform(algorithm: str, parameters: str = "", *, alone: bool = False) -> Edit:
    """A transform of the attacker's choice on the Body: before the canonical form, or in its place."""

    def attack(root: etree._Element) -> None:
        transforms = one(root, f"{BODY_REFERENCE}/ds:Transforms")
        if alone:
            transforms.clear()
        new = etree.fromstring(
            f'<ds:Transform xmlns:ds="{names.DS}" Algorithm="{algorithm}">{parameters}</ds:Transform>'
        )
        transforms.insert(0, new)

    return attack


XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
FILTER = "http://www.w3.org/2002/06/xmldsig-filter2"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
UNSIGNING = "<ds:XPath>not(ancestor-or-self::*[local-name() = 'amount'])</ds:XPath>"
COPYING = (
    '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform" version="1.0">'
    '<x:template match="/"><x:copy-of select="."/></x:template></x:stylesheet>'
)


@pytest.mark.parametrize(
    "attack",
    [
        transform(XPATH, UNSIGNING),
        transform(XSLT, COPYING),
        transform(ENVELOPED),
        transform(FILTER, f'<f:XPath xmlns:f="{FILTER}" Filter="subtract">//*</f:XPath>'),
        transform(INCLUSIVE, alone=True),
        transform(f"{names.EXCLUSIVE_C14N}WithComments", alone=True),
    ],
    ids=["xpath", "xslt", "enveloped", "xpath-filter-2", "inclusive", "with-comments"],
)
def test_a_transform_that_was_really_signed_is_a_policy_refusal(attack: Edit) -> None:
    assert refused(resigned(attack)) == "signature-policy"


def test_an_xpath_that_leaves_a_field_unsigned_would_let_it_be_changed() -> None:
    """The twin of the refusal above: a default verifier takes the changed amount for signed."""

    def change(root: etree._Element) -> None:
        one(root, "//b:amount").text = "9000000"

    changed = altered(change, resigned(transform(XPATH, UNSIGNING)))
    arrived = etree.fromstring(changed)
    _verify_envelope_with_key(
        arrived, xmlsec.Key.from_memory(key().certificate_der, xmlsec.constants.KeyDataFormatCertDer, None)
    )
    assert refused(changed) == "signature-policy"


def test_two_canonical_forms_in_a_row_are_malformed() -> None:
    assert refused(resigned(transform(names.EXCLUSIVE_C14N))) == "signature-malformed"


@pytest.mark.parametrize("algorithm", sorted(name for name in REFUSED if "#" in name or "/" in name))
@pytest.mark.parametrize(
    "path", ["//ds:SignatureMethod", "//ds:CanonicalizationMethod", f"{BODY_REFERENCE}//ds:DigestMethod"]
)
def test_an_algorithm_off_the_list_is_a_policy_refusal_in_every_place(algorithm: str, path: str) -> None:
    assert refused(altered(lambda root: one(root, path).set("Algorithm", algorithm))) == "signature-policy"


def with_sha_1(root: etree._Element) -> None:
    for method in root.iterfind(".//ds:DigestMethod", NS):
        method.set("Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")


def with_ecdsa_sha_1(root: etree._Element) -> None:
    one(root, "//ds:SignatureMethod").set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1")


@pytest.mark.parametrize("weakening", [with_sha_1, with_ecdsa_sha_1])
def test_sha_1_is_refused_though_the_signature_is_right(weakening: Edit) -> None:
    weak = resigned(weakening)
    _verify_envelope_with_key(
        etree.fromstring(weak),
        xmlsec.Key.from_memory(key().certificate_der, xmlsec.constants.KeyDataFormatCertDer, None),
    )
    assert refused(weak) == "signature-policy"


def test_an_rsa_signature_under_an_ec_certificate_is_a_policy_refusal() -> None:
    rsa = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    assert refused(altered(lambda root: one(root, "//ds:SignatureMethod").set("Algorithm", rsa))) == "signature-policy"
