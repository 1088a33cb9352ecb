"""Identifiers: which attribute of which element a reference may mean. Two readers, two answers."""

from __future__ import annotations

import re

from lxml import etree

from gateway.trust import names
from tests.trust.wrapping.attack import CLOUDS, GAJEK, MCINTOSH, SAML, Theme
from tests.trust.wrapping.scene import XML_ID, Scene

THEME = Theme("identifiers")
attack = THEME.attack


def _instead(scene: Scene, attribute: str) -> None:
    """The signed Body is hidden whole; the impostor carries the identifier under another name."""
    evil = scene.evil("Body")
    evil.set(attribute, str(scene.body.get(names.WSU_ID)))
    scene.wrap(scene.header, scene.replace("Body", evil))


def _renamed(scene: Scene, attribute: str) -> None:
    """The Body stays; its identifier is under another name."""
    value = scene.body.attrib.pop(names.WSU_ID)
    scene.body.set(attribute, str(value))


for number, other in enumerate(("Id", "ID", "id", "iD", XML_ID, "{urn:attack}Id", "AssertionID")):
    spelled = {XML_ID: "xml:id", "{urn:attack}Id": "Id of another namespace"}.get(other, other)
    THEME.add(
        f"id-only-as-{('xml-id' if other == XML_ID else 'foreign' if '{' in other else other)}-{number}",
        f"the Body's identifier stands in {spelled} alone",
        SAML,
        "signature-part-missing" if other == "AssertionID" else "signature-wrapped",
        lambda scene, other=other: _renamed(scene, other),  # type: ignore[misc]  # a default binds the loop's value
    )


@attack("id-duplicated", GAJEK)
def impostor_with_the_same_id_before_the_signed_one(scene: Scene) -> None:
    """The same wsu:Id on the new Body and on the hidden one, which comes first."""
    evil = scene.evil("Body")
    evil.set(names.WSU_ID, str(scene.body.get(names.WSU_ID)))
    body = scene.replace("Body", evil)
    scene.header.insert(0, etree.Element("{urn:attack}Wrapper"))
    scene.header[0].append(body)


@attack("signature-wrapped", CLOUDS)
def impostor_with_the_id_in_upper_case(scene: Scene) -> None:
    """The new Body has the same value in ID, which a parser may take for the identifier."""
    _instead(scene, "ID")


@attack("signature-wrapped", SAML)
def id_a_second_time_inside_the_signed_body(scene: Scene) -> None:
    """An element of the document carries the Body's identifier in ID."""
    scene.leaf.set("ID", str(scene.body.get(names.WSU_ID)))


@attack("signature-wrapped", SAML)
def id_a_second_time_on_the_envelope(scene: Scene) -> None:
    """The Envelope carries the Body's identifier in id."""
    scene.root.set("id", str(scene.body.get(names.WSU_ID)))


@attack("id-duplicated", MCINTOSH)
def header_block_with_the_id_of_the_body(scene: Scene) -> None:
    """A header block of the attacker's carries the Body's wsu:Id."""
    scene.wrap(scene.header).set(names.WSU_ID, str(scene.body.get(names.WSU_ID)))


@attack("id-duplicated", CLOUDS)
def two_blocks_with_one_id_that_nobody_refers_to(scene: Scene) -> None:
    """Two unsigned blocks share an identifier."""
    for _ in range(2):
        scene.wrap(scene.header).set(names.WSU_ID, "same")


@attack("dtd-forbidden", SAML)
def id_attribute_declared_in_a_dtd(scene: Scene) -> bytes:
    """A document type declares another attribute to be the identifier."""
    evil = scene.evil("Body")
    evil.set("key", str(scene.body.get(names.WSU_ID)))
    scene.wrap(scene.header, scene.replace("Body", evil))
    prefix = f"{scene.body.prefix}:" if scene.body.prefix else ""
    return f"<!DOCTYPE x [<!ATTLIST {prefix}Body key ID #IMPLIED>]>".encode() + scene.bytes()


@attack("dtd-forbidden", SAML)
def id_given_by_a_default_of_a_dtd(scene: Scene) -> bytes:
    """A document type gives the impostor its identifier as a default value."""
    value = str(scene.body.get(names.WSU_ID))
    scene.wrap(scene.header, scene.replace("Body"))
    prefix = f"{scene.body.prefix}:" if scene.body.prefix else ""
    return f'<!DOCTYPE x [<!ATTLIST {prefix}Body ID CDATA "{value}">]>'.encode() + scene.bytes()


@attack("signature-wrapped", GAJEK)
def ids_of_body_and_timestamp_exchanged(scene: Scene) -> None:
    """Body and a hidden copy of the Timestamp exchange their identifiers."""
    body, stamp = str(scene.body.get(names.WSU_ID)), str(scene.timestamp.get(names.WSU_ID))
    scene.body.set(names.WSU_ID, stamp)
    scene.timestamp.set(names.WSU_ID, body)
    scene.wrap(scene.header, scene.replace("Body", scene.evil("Body")))


@attack("xml-malformed", SAML)
def id_attribute_twice_on_one_element(scene: Scene) -> bytes:
    """One element with wsu:Id twice, under two prefixes of one namespace."""
    value = str(scene.body.get(names.WSU_ID)).encode()
    twice = rb'\g<0> xmlns:u2="' + names.WSU.encode() + b'" u2:Id="' + value + b'"'
    return re.sub(rb"<(\w+:)?Body\b", twice, scene.bytes(), count=1)
