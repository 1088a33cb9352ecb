"""Header blocks: Timestamps, Security headers, signatures and understanding, doubled or out of place."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from gateway.trust import names
from tests.trust.wrapping.attack import CLOUDS, GRUSCHKA, HARMLESS, MCINTOSH, PRACTICE, SAML, SURVEY, Theme
from tests.trust.wrapping.scene import Scene, ds

THEME = Theme("blocks")
attack = THEME.attack

_ROLE = f"{{{names.SOAP_12}}}role"
_ACTOR = f"{{{names.SOAP_11}}}actor"
_NEXT = {
    names.SOAP_12: (_ROLE, f"{names.SOAP_12}/role/next"),
    names.SOAP_11: (_ACTOR, f"{names.SOAP_11[:-9]}actor/next"),
}


def _role(scene: Scene, security: etree._Element, other: str | None = None) -> None:
    attribute, following = _NEXT[scene.soap]
    security.set(attribute, other or following)


# --- Timestamp ----------------------------------------------------------------------------------------------------


@attack("signature-wrapped", MCINTOSH)
def fresh_timestamp_before_the_signed_one(scene: Scene) -> None:
    """An unsigned Timestamp stands before the signed one: the old message looks fresh."""
    scene.security.insert(0, scene.evil("Timestamp"))


@attack("signature-wrapped", MCINTOSH)
def fresh_timestamp_behind_the_signed_one(scene: Scene) -> None:
    """An unsigned Timestamp stands behind the signed one."""
    scene.security.append(scene.evil("Timestamp"))


@attack("timestamp-missing", PRACTICE)
def timestamp_left_out(scene: Scene) -> None:
    """The sender's tool signs no Timestamp, so that the message is good for ever."""
    scene.signed_info.remove(scene.reference("Timestamp"))
    scene.security.remove(scene.timestamp)
    scene.resign()


@attack("signature-part-missing", PRACTICE)
def timestamp_left_out_on_the_way(scene: Scene) -> None:
    """The signed Timestamp is gone; its Reference stays."""
    scene.security.remove(scene.timestamp)


@attack("signature-wrapped", GRUSCHKA)
def timestamp_directly_in_header(scene: Scene) -> None:
    """The signed Timestamp stands in Header beside Security."""
    scene.header.append(scene.timestamp)


@attack("timestamp-missing", PRACTICE)
def timestamp_that_never_expires(scene: Scene) -> None:
    """The sender's Timestamp has no Expires."""
    scene.timestamp.remove(scene.timestamp[1])
    scene.resign()


@attack("signature-malformed", PRACTICE)
def timestamp_that_expires_twice(scene: Scene) -> None:
    """The sender's Timestamp has two Expires, and two readers take two."""
    again = deepcopy(scene.timestamp[1])
    again.text = "2099-01-01T00:00:00Z"
    scene.timestamp.append(again)
    scene.resign()


@attack("signature-digest", MCINTOSH)
def timestamp_made_younger(scene: Scene) -> None:
    """The signed Timestamp says another time."""
    scene.timestamp[1].text = "2099-01-01T00:00:00Z"


# --- Security -----------------------------------------------------------------------------------------------------


@attack("signature-wrapped", CLOUDS)
def second_security_header(scene: Scene) -> None:
    """A second Security header without a role, behind the genuine one."""
    second = etree.SubElement(scene.header, names.SECURITY)
    second.append(scene.evil("Timestamp"))


@attack("signature-wrapped", CLOUDS)
def second_security_header_first(scene: Scene) -> None:
    """A second Security header without a role, before the genuine one."""
    scene.header.insert(0, etree.Element(names.SECURITY))


@attack("signature-wrapped", CLOUDS)
def second_security_header_for_the_next(scene: Scene) -> None:
    """A second Security header whose role is next, which is us."""
    _role(scene, etree.SubElement(scene.header, names.SECURITY))


@attack("signature-wrapped", CLOUDS)
def signed_security_header_for_the_next_and_one_for_the_last(scene: Scene) -> None:
    """The genuine header is for next; an unsigned one for the last receiver: we are both."""
    _role(scene, scene.security)
    etree.SubElement(scene.header, names.SECURITY)


@attack("signature-missing", CLOUDS)
def signed_security_header_for_somebody_else(scene: Scene) -> None:
    """The genuine header is for another role, and one without a signature for us."""
    _role(scene, scene.security, "urn:attack:role")
    etree.SubElement(scene.header, names.SECURITY).append(scene.evil("Timestamp"))


@attack("signature-missing", SURVEY)
def security_header_for_nobody_here(scene: Scene) -> None:
    """The only Security header is for another role: as good as none."""
    _role(scene, scene.security, "urn:attack:role")


@attack("signature-missing", SURVEY)
def security_header_left_out(scene: Scene) -> None:
    """No Security header."""
    scene.header.remove(scene.security)


@attack("signature-missing", MCINTOSH)
def security_header_in_the_body(scene: Scene) -> None:
    """The Security header stands in the Body's document."""
    scene.body[0].append(scene.security)


@attack("signature-missing", MCINTOSH)
def security_header_inside_a_block(scene: Scene) -> None:
    """The Security header stands inside a block of the attacker's."""
    scene.wrap(scene.header, scene.security)


@attack("signature-missing", SAML)
def security_header_in_another(scene: Scene) -> None:
    """The genuine Security header stands inside an empty one."""
    outer = etree.SubElement(scene.header, names.SECURITY)
    outer.append(scene.security)


@attack("envelope-invalid", CLOUDS)
def second_header_first(scene: Scene) -> None:
    """A second Header before the genuine one."""
    scene.root.insert(0, etree.Element(scene.header.tag))


# --- Signature ----------------------------------------------------------------------------------------------------


@attack("signature-wrapped", SAML)
def signature_twice(scene: Scene) -> None:
    """The genuine signature a second time."""
    scene.security.append(deepcopy(scene.signature))


@attack("signature-wrapped", SAML)
def empty_signature_first(scene: Scene) -> None:
    """An empty signature before the genuine one."""
    scene.security.insert(0, etree.Element(ds("Signature")))


@attack("signature-malformed", SAML)
def signature_emptied(scene: Scene) -> None:
    """The signature has nothing in it."""
    for child in list(scene.signature):
        scene.signature.remove(child)


@attack("signature-malformed", SAML)
def signed_info_twice(scene: Scene) -> None:
    """A second SignedInfo, which says what the attacker likes, before the signed one."""
    other = deepcopy(scene.signed_info)
    scene.signature.insert(0, other)


@attack("signature-missing", SAML)
def signature_in_the_body(scene: Scene) -> None:
    """The signature stands in the Body."""
    scene.body[0].append(scene.signature)


@attack("signature-missing", SAML)
def signature_directly_in_header(scene: Scene) -> None:
    """The signature stands in Header beside Security."""
    scene.header.append(scene.signature)


@attack("signature-malformed", SAML)
def signature_inside_a_signature(scene: Scene) -> None:
    """The genuine signature stands inside another one."""
    outer = etree.SubElement(scene.security, ds("Signature"))
    outer.append(scene.signature)


# --- understanding ------------------------------------------------------------------------------------------------


@attack("must-understand", PRACTICE)
def block_that_must_be_understood(scene: Scene) -> None:
    """An unsigned block of the attacker's that must be understood."""
    scene.wrap(scene.header).set(f"{{{scene.soap}}}mustUnderstand", "1")


@attack("must-understand", PRACTICE)
def encrypted_block_that_must_be_understood(scene: Scene) -> None:
    """An unsigned encrypted header that must be understood."""
    block = etree.SubElement(scene.header, "{http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd}E")
    block.set(f"{{{scene.soap}}}mustUnderstand", "true")


@attack(HARMLESS)
def block_that_need_not_be_understood(scene: Scene) -> None:
    """An unsigned block that nobody must understand: nobody reads it."""
    scene.wrap(scene.header).text = "evil"


@attack(HARMLESS)
def addressing_of_another_year(scene: Scene) -> None:
    """An unsigned Action of WS-Addressing 2004: nobody reads it."""
    etree.SubElement(scene.header, "{http://schemas.xmlsoap.org/ws/2004/08/addressing}Action").text = "evil"


@attack(HARMLESS)
def leaf_header_added(scene: Scene) -> None:
    """An unsigned ledger leaf in a request: nobody reads it."""
    etree.SubElement(scene.header, names.LEAF).text = "evil"


@attack(HARMLESS)
def security_header_for_another_role_beside_ours(scene: Scene) -> None:
    """A further Security header for another role, as WS-Security allows: nobody reads it."""
    other = etree.SubElement(scene.header, names.SECURITY)
    _role(scene, other, "urn:other:role")
    other.append(scene.evil("Timestamp"))


# --- the document -------------------------------------------------------------------------------------------------


@attack("envelope-invalid", CLOUDS)
def second_document_first(scene: Scene) -> None:
    """The attacker's document stands in the Body before the signed one."""
    scene.body.insert(0, scene.genuine.evil_document())


@attack("envelope-invalid", CLOUDS)
def second_document_last(scene: Scene) -> None:
    """The attacker's document stands in the Body behind the signed one."""
    scene.body.append(scene.genuine.evil_document())


@attack("signature-digest", MCINTOSH)
def document_exchanged(scene: Scene) -> None:
    """The attacker's document in the signed Body."""
    scene.body.replace(scene.body[0], scene.genuine.evil_document())


@attack("envelope-invalid", SURVEY)
def document_by_reference(scene: Scene) -> None:
    """SOAP encoding: an element refers to another by href."""
    scene.leaf.set("href", "#evil")


@attack("envelope-invalid", SURVEY)
def nested_envelope_as_a_sibling(scene: Scene) -> None:
    """The whole message a second time, behind the Body."""
    scene.root.append(deepcopy(scene.root))


@attack("envelope-invalid", SURVEY)
def envelope_in_an_envelope(scene: Scene) -> bytes:
    """The whole message as the only Body of an outer Envelope without a Body of its own."""
    outer = etree.Element(scene.root.tag)
    outer.append(scene.root)
    return etree.tostring(outer)
