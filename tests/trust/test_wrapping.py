"""Signature wrapping: genuine signatures over content that is not what the reader would take. Made by code.

Each attack begins with a message that `dpupr` really signed.
"""

from __future__ import annotations

from copy import deepcopy

import pytest
import xmlsec
from lxml import etree
from zeep.wsse.signature import _verify_envelope_with_key

from gateway.domain.errors import Refused
from gateway.trust import names
from tests.trust.parties import BUSINESS, altered, envelope, key, one, sign, signed, verify
from tests.trust.parties import Edit as Attack

SOAP = f"{{{names.SOAP_12}}}"


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        verify(data)
    return caught.value.code


def evil_body(identifier: str | None = None) -> etree._Element:
    """A Body of the attacker's."""
    body = etree.Element(f"{SOAP}Body")
    body.append(one(envelope(text="Penipu Contoh"), "//b:Recommendation"))
    if identifier:
        body.set(names.WSU_ID, identifier)
    return body


def replaced_body(root: etree._Element, evil: etree._Element | None = None) -> etree._Element:
    """Put the attacker's Body in the place of the genuine one, which is given back."""
    genuine = one(root, "/soap:Envelope/soap:Body")
    root.replace(genuine, evil_body() if evil is None else evil)
    return genuine


def wrapper(parent: etree._Element, *content: etree._Element) -> etree._Element:
    hidden = etree.SubElement(parent, "{urn:attack}Wrapper")
    hidden.extend(content)
    return hidden


def body_into_a_header_block(root: etree._Element) -> None:
    wrapper(one(root, "//soap:Header"), replaced_body(root))


def body_among_the_header_blocks(root: etree._Element) -> None:
    one(root, "//soap:Header").append(replaced_body(root))


def body_into_the_security_header(root: etree._Element) -> None:
    one(root, "//wsse:Security").append(replaced_body(root))


def body_into_an_object_of_the_signature(root: etree._Element) -> None:
    etree.SubElement(one(root, "//ds:Signature"), f"{{{names.DS}}}Object").append(replaced_body(root))


def body_into_the_new_body(root: etree._Element) -> None:
    genuine = replaced_body(root)
    wrapper(one(root, "/soap:Envelope/soap:Body/b:Recommendation"), genuine)


def body_under_an_id_of_its_own_beside_the_signed_one(root: etree._Element) -> None:
    wrapper(one(root, "//soap:Header"), replaced_body(root, evil_body("evil")))


def whole_envelope_inside_a_block(root: etree._Element) -> None:
    original = etree.Element(f"{SOAP}Envelope")
    original.append(replaced_body(root))
    wrapper(one(root, "//soap:Header"), original)


def whole_envelope_inside_the_document(root: etree._Element) -> None:
    original = etree.Element(f"{SOAP}Envelope")
    original.append(replaced_body(root))
    one(root, "/soap:Envelope/soap:Body/b:Recommendation").append(original)


def id_on_an_attribute_of_another_spelling(root: etree._Element) -> None:
    genuine = replaced_body(root)
    wrapper(one(root, "//soap:Header"), genuine)
    one(root, "/soap:Envelope/soap:Body").set("ID", "sj-body")


def id_only_on_another_attribute(root: etree._Element) -> None:
    body = one(root, "/soap:Envelope/soap:Body")
    del body.attrib[names.WSU_ID]
    body.set("ID", "sj-body")


def id_in_another_namespace(root: etree._Element) -> None:
    wrapper(one(root, "//soap:Header"), replaced_body(root))
    one(root, "/soap:Envelope/soap:Body").set("{urn:attack}id", "sj-body")


def id_a_second_time_behind_the_signed_body(root: etree._Element) -> None:
    one(root, "//b:amount").set("ID", "sj-body")


def timestamp_into_a_header_block(root: etree._Element) -> None:
    wrapper(one(root, "//soap:Header"), fresh_timestamp(root))


def timestamp_among_the_header_blocks(root: etree._Element) -> None:
    one(root, "//soap:Header").append(fresh_timestamp(root))


def fresh_timestamp(root: etree._Element) -> etree._Element:
    """Put an unsigned Timestamp in the place of the signed one, which is given back."""
    genuine = one(root, "//wsse:Security/wsu:Timestamp")
    evil = deepcopy(genuine)
    del evil.attrib[names.WSU_ID]
    one(root, "//wsse:Security").replace(genuine, evil)
    return genuine


def second_timestamp(root: etree._Element) -> None:
    one(root, "//wsse:Security").insert(0, fresh_timestamp(root))


def action_into_a_block(root: etree._Element) -> None:
    genuine = one(root, "//wsa:Action")
    evil = etree.Element(names.ACTION)
    evil.text = f"{BUSINESS}#Withdrawal"
    one(root, "//soap:Header").replace(genuine, evil)
    wrapper(one(root, "//soap:Header"), genuine)


def second_security_header(root: etree._Element) -> None:
    header = one(root, "//soap:Header")
    etree.SubElement(header, names.SECURITY).append(deepcopy(one(root, "//wsu:Timestamp")))
    del header[-1][0].attrib[names.WSU_ID]


def second_signature(root: etree._Element) -> None:
    one(root, "//wsse:Security").append(deepcopy(one(root, "//ds:Signature")))


WRAPPED: list[Attack] = [
    body_into_a_header_block,
    body_among_the_header_blocks,
    body_into_the_security_header,
    body_into_an_object_of_the_signature,
    body_into_the_new_body,
    body_under_an_id_of_its_own_beside_the_signed_one,
    whole_envelope_inside_a_block,
    whole_envelope_inside_the_document,
    id_on_an_attribute_of_another_spelling,
    id_only_on_another_attribute,
    id_in_another_namespace,
    id_a_second_time_behind_the_signed_body,
    timestamp_into_a_header_block,
    timestamp_among_the_header_blocks,
    second_timestamp,
    action_into_a_block,
    second_security_header,
    second_signature,
]


def test_the_genuine_message_passes() -> None:
    assert verify(altered(lambda _: None)).content.findtext(f"{{{BUSINESS}}}name") == "Budi Contoh"


@pytest.mark.parametrize("attack", WRAPPED, ids=lambda attack: attack.__name__)
def test_a_wrapped_envelope_is_refused_as_wrapped(attack: Attack) -> None:
    assert refused(altered(attack)) == "signature-wrapped"


def test_zeep_s_own_verifier_accepts_the_wrapped_envelope_that_we_refuse() -> None:
    wrapped = altered(body_into_a_header_block)
    arrived = etree.fromstring(wrapped)
    certificate = xmlsec.Key.from_memory(key().certificate_der, xmlsec.constants.KeyDataFormatCertDer, None)
    _verify_envelope_with_key(arrived, certificate)
    assert one(arrived, "/soap:Envelope/soap:Body//b:name").text == "Penipu Contoh"
    assert refused(wrapped) == "signature-wrapped"


def sibling_body(root: etree._Element) -> None:
    root.append(evil_body())


def sibling_body_before(root: etree._Element) -> None:
    root.insert(1, evil_body())


def nested_envelope_as_the_root(root: etree._Element) -> None:
    root.append(deepcopy(root))


def second_document_in_the_body(root: etree._Element) -> None:
    one(root, "/soap:Envelope/soap:Body").insert(0, evil_body()[0])


def second_action(root: etree._Element) -> None:
    etree.SubElement(one(root, "//soap:Header"), names.ACTION).text = f"{BUSINESS}#Withdrawal"


def multi_reference(root: etree._Element) -> None:
    one(root, "//b:amount").set("href", "#evil")


@pytest.mark.parametrize(
    "attack",
    [
        sibling_body,
        sibling_body_before,
        nested_envelope_as_the_root,
        second_document_in_the_body,
        second_action,
        multi_reference,
    ],
    ids=lambda attack: attack.__name__,
)
def test_a_shape_that_can_be_read_in_two_ways_is_refused_before_any_signature(attack: Attack) -> None:
    assert refused(altered(attack)) == "envelope-invalid"


@pytest.mark.parametrize("attribute", [names.WSU_ID, "Id", "{http://www.w3.org/XML/1998/namespace}id"])
def test_the_signed_id_on_two_elements_is_refused(attribute: str) -> None:
    def attack(root: etree._Element) -> None:
        genuine = replaced_body(root)
        one(root, "/soap:Envelope/soap:Body").set(attribute, "sj-body")
        wrapper(one(root, "//soap:Header"), genuine)

    assert refused(altered(attack)) == "id-duplicated"


def test_an_action_that_was_added_unsigned_is_refused() -> None:
    def attack(root: etree._Element) -> None:
        etree.SubElement(one(root, "//soap:Header"), names.ACTION).text = f"{BUSINESS}#Withdrawal"

    bare = envelope()
    one(bare, "//soap:Header").remove(one(bare, "//wsa:Action"))
    without = sign(bare)
    assert verify(without).action is None
    assert refused(altered(attack, without)) == "signature-part-missing"


def test_the_registered_certificate_decides_not_the_one_in_the_message() -> None:
    """A message that the attacker signed, with the registered certificate put where its own was."""
    attackers = sign(envelope(text="Penipu Contoh"), key("p256", 1))
    own = one(etree.fromstring(signed()), "//wsse:BinarySecurityToken").text

    def attack(root: etree._Element) -> None:
        one(root, "//wsse:BinarySecurityToken").text = own

    assert refused(attackers) == "certificate-unknown"
    assert refused(altered(attack, attackers)) == "signature-wrong"
