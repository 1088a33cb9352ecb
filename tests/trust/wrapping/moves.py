"""The classic positions, combined: which signed part is moved, where to, and how the impostor's identifier stands.

A signed part goes where no reader looks and its signature still holds; the attacker's part stands in its place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import partial
from typing import TypeAlias

from lxml import etree

from gateway.trust import names
from tests.trust.wrapping.attack import CLOUDS, GAJEK, GRUSCHKA, MCINTOSH, OWN, SAML, Attack
from tests.trust.wrapping.scene import XML_ID, Scene, ds

PARTS = ("Body", "Timestamp", "Action", "MessageID", "To", "RelatesTo", "ReplyTo")
_ONE_OF_A_KIND = ("Action", "MessageID", "To", "RelatesTo")

Hide: TypeAlias = Callable[[Scene, etree._Element], None]


def _header_block(scene: Scene, part: etree._Element) -> None:
    scene.wrap(scene.header, part)


def _header(scene: Scene, part: etree._Element) -> None:
    scene.header.append(part)


def _security(scene: Scene, part: etree._Element) -> None:
    scene.security.append(part)


def _security_block(scene: Scene, part: etree._Element) -> None:
    scene.wrap(scene.security, part)


def _timestamp(scene: Scene, part: etree._Element) -> None:
    scene.wrap(scene.security.findall(names.TIMESTAMP)[0], part)


def _object(scene: Scene, part: etree._Element) -> None:
    etree.SubElement(scene.signature, ds("Object")).append(part)


def _signature(scene: Scene, part: etree._Element) -> None:
    scene.signature.insert(1, part)


def _signature_value(scene: Scene, part: etree._Element) -> None:
    scene.value.append(part)


def _key_info(scene: Scene, part: etree._Element) -> None:
    scene.key_info.append(part)


def _token_reference(scene: Scene, part: etree._Element) -> None:
    scene.key_info[0].append(part)


def _token(scene: Scene, part: etree._Element) -> None:
    scene.token.append(part)


def _sibling_body(scene: Scene, part: etree._Element) -> None:
    etree.SubElement(scene.root, scene.body.tag).append(part) if part.tag != scene.body.tag else scene.root.append(part)


def _body_before(scene: Scene, part: etree._Element) -> None:
    scene.root.insert(1, part)


def _before_header(scene: Scene, part: etree._Element) -> None:
    scene.root.insert(0, part)


def _nested_envelope(scene: Scene, part: etree._Element) -> None:
    scene.wrap(scene.header, _envelope(scene, part))


def _envelope_in_body(scene: Scene, part: etree._Element) -> None:
    scene.presented[0].append(_envelope(scene, part))


def _envelope_in_security(scene: Scene, part: etree._Element) -> None:
    scene.security.append(_envelope(scene, part))


def _in_document(scene: Scene, part: etree._Element) -> None:
    scene.wrap(scene.presented[0], part)


def _action(scene: Scene, part: etree._Element) -> None:
    scene.wrap(scene.header.findall(names.ACTION)[0], part)


def _whole_inside(scene: Scene, part: etree._Element) -> None:
    """The whole genuine envelope inside the attacker's own: his Header and Body come first."""
    original = deepcopy(scene.root)
    scene.root.append(original)
    original.append(part)


def _envelope(scene: Scene, part: etree._Element) -> etree._Element:
    original = etree.Element(scene.root.tag)
    etree.SubElement(original, scene.header.tag)
    original.append(part)
    return original


PLACES: dict[str, tuple[Hide, str, str]] = {
    "header-block": (_header_block, "wrapper block in Header", MCINTOSH),
    "header": (_header, "directly in Header", MCINTOSH),
    "security": (_security, "in the Security header", MCINTOSH),
    "security-block": (_security_block, "wrapper in the Security header", GRUSCHKA),
    "timestamp": (_timestamp, "in the Timestamp", OWN),
    "object": (_object, "ds:Object of the signature", SAML),
    "signature": (_signature, "in ds:Signature beside SignedInfo", SAML),
    "signature-value": (_signature_value, "in ds:SignatureValue", OWN),
    "key-info": (_key_info, "in ds:KeyInfo", SAML),
    "token-reference": (_token_reference, "in wsse:SecurityTokenReference", OWN),
    "token": (_token, "in wsse:BinarySecurityToken", OWN),
    "sibling-body": (_sibling_body, "second Body behind", CLOUDS),
    "body-before": (_body_before, "between Header and Body", CLOUDS),
    "before-header": (_before_header, "before Header", CLOUDS),
    "nested-envelope": (_nested_envelope, "Envelope in a header block", GAJEK),
    "envelope-in-body": (_envelope_in_body, "Envelope in the new Body", GAJEK),
    "envelope-in-security": (_envelope_in_security, "Envelope in the Security header", GAJEK),
    "document": (_in_document, "in the new Body's document", MCINTOSH),
    "action": (_action, "in wsa:Action", OWN),
    "whole-inside": (_whole_inside, "the whole message behind the new Body", CLOUDS),
}

IDS: dict[str, tuple[str | None, bool]] = {
    "no-id": (None, True),
    "same-id": (names.WSU_ID, True),
    "same-plain-Id": ("Id", True),
    "same-xml-id": (XML_ID, True),
    "same-ID": ("ID", True),
    "same-id-lower": ("id", True),
    "same-foreign-id": ("{urn:attack}Id", True),
    "same-id-of-another-year": (f"{{{names.WSU.replace('200401', '200305')}}}Id", True),
    "other-id": (names.WSU_ID, False),
}
"""The attribute that the attacker's part carries, and whether it has the signed value. None: no attribute."""

_RESOLVED = ("same-id", "same-plain-Id", "same-xml-id")


def _code(part: str, place: str, ids: str) -> str:
    """The refusal, by the order of the gate's checks: shape, ids, the Security header's structure, references."""
    if place in ("sibling-body", "body-before", "before-header", "whole-inside"):
        return "envelope-invalid"
    if ids in _RESOLVED:
        return "id-duplicated"
    if part in _ONE_OF_A_KIND and place == "header":
        return "envelope-invalid"
    if place == "action":
        return "envelope-invalid"
    if place in ("signature", "signature-value", "key-info", "token-reference", "token"):
        return "signature-malformed"
    if part == "ReplyTo" and place == "header" and ids in ("no-id", "other-id"):
        return "signature-part-missing"
    return "signature-wrapped"


def _move(scene: Scene, *, part: str, place: str, ids: str) -> None:
    evil = scene.evil(part)
    attribute, same = IDS[ids]
    if attribute is not None:
        evil.set(attribute, str(scene.part(part).get(names.WSU_ID)) if same else "evil")
    PLACES[place][0](scene, scene.replace(part, evil))


def moves(parts: tuple[str, ...] = PARTS, ids: tuple[str, ...] = tuple(IDS)) -> Iterator[Attack]:
    """Every combination that is a different message."""
    for part in parts:
        for place, (_, position, source) in PLACES.items():
            for each in ids:
                yield Attack(
                    name=f"{part}-to-{place}-{each}",
                    theme="moves",
                    position=f"{part} moved: {position}; {each.replace('-', ' ')} on the impostor",
                    source=source,
                    code=_code(part, place, each),
                    edit=partial(_move, part=part, place=place, ids=each),
                )
