"""The Security header of an envelope, read as far as its structure goes. No cryptography happens here.

What is read is narrow on purpose: one header, one signature, one token, references that name a part of *this*
envelope by `wsu:Id`, one transform. Wrapping attacks live in the room that a wider reader leaves.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

from lxml import etree

from gateway.domain.errors import Unauthenticated
from gateway.trust import names
from gateway.trust.certificate_files import MAX_CERTIFICATE_BYTES
from gateway.trust.envelope import Envelope
from gateway.trust.names import ds, wsse
from gateway.trust.policy import SignatureAlgorithm, check_canonical_form, xml_digest, xml_signature

MAX_REFERENCES = 32
"""More parts than any agreed envelope has."""

MAX_LOOKUPS = 100_000
"""Prefixes in all PrefixLists times elements: canonical form looks each prefix up at each element, some 3 us a time."""

_INCLUSIVE_NAMESPACES = f"{{{names.EXCLUSIVE_C14N}}}InclusiveNamespaces"
_ELEMENTS = etree.XPath("count(//*)")

_SIGNATURE, _OBJECT, _REFERENCE = ds("Signature"), ds("Object"), ds("Reference")
_TRANSFORMS, _TRANSFORM = ds("Transforms"), ds("Transform")
_IN_SIGNATURE = [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")]
_IN_SIGNED_INFO = [ds("CanonicalizationMethod"), ds("SignatureMethod")]
_IN_REFERENCE = [_TRANSFORMS, ds("DigestMethod"), ds("DigestValue")]
_IN_KEY_INFO = [wsse("SecurityTokenReference"), wsse("Reference")]
_TOKEN = wsse("BinarySecurityToken")
_STRUCTURAL = frozenset({names.SOAP_11, names.SOAP_12, names.WSSE, names.WSU, names.DS})


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One ds:Reference: the id that it names, hashlib's name of its digest, the digest, the PrefixList."""

    id: str
    digest_name: str
    digest: bytes
    prefixes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SecurityHeader:
    """The one Security header for us: its signature, and the certificate that its token names by fingerprint.

    `value` is the signature itself, over the canonical form of `signed_info` with the PrefixList `prefixes`.
    """

    element: etree._Element
    signed_info: etree._Element
    prefixes: tuple[str, ...]
    value: bytes
    token: etree._Element
    algorithm: SignatureAlgorithm
    certificate_fingerprint: str
    references: tuple[Reference, ...]


SignedParts: TypeAlias = dict[etree._Element, Reference]
"""The parts of an envelope that its signature refers to."""


def read_security_header(envelope: Envelope) -> SecurityHeader:
    """Read the structure and check the algorithms.

    Raises Unauthenticated: `signature-missing`, `signature-wrapped` (more than one header or signature for us, or
    content inside the signature), `signature-malformed`, `signature-policy`.
    """
    security = _one_security(envelope)
    signatures = list(security.iterchildren(_SIGNATURE))
    if not signatures:
        raise Unauthenticated("the Security header holds no signature; sign the message", code="signature-missing")
    if len(signatures) > 1:
        raise wrapped("the Security header holds more than one signature")
    signature = signatures[0]
    if any(True for _ in signature.iterchildren(_OBJECT)):
        raise wrapped("the signature holds content of its own (ds:Object)")
    signed_info, value, key_info = _children(signature, _IN_SIGNATURE)
    algorithm, prefixes, references = _signed_info(signed_info)
    _check_effort(envelope, signed_info, prefixes, references)
    octets = _base64(value)
    token = _token(security, key_info)
    return SecurityHeader(
        element=security,
        signed_info=signed_info,
        prefixes=prefixes,
        value=octets,
        token=token,
        algorithm=algorithm,
        certificate_fingerprint=sha256(_base64(token)).hexdigest(),
        references=references,
    )


def _one_security(envelope: Envelope) -> etree._Element:
    blocks = () if envelope.header is None else envelope.header.iterchildren(names.SECURITY)
    ours = [block for block in blocks if names.is_for_us(block)]
    if not ours:
        raise Unauthenticated("the envelope has no Security header; sign the message", code="signature-missing")
    if len(ours) > 1:
        raise wrapped("the envelope has more than one Security header for us")
    return ours[0]


def _signed_info(signed_info: etree._Element) -> tuple[SignatureAlgorithm, tuple[str, ...], tuple[Reference, ...]]:
    children = list(signed_info)
    if len(children) > 2 + MAX_REFERENCES:
        raise malformed(f"SignedInfo holds more than {MAX_REFERENCES} references")
    form, method, *references = _children(signed_info, _IN_SIGNED_INFO + [_REFERENCE] * max(1, len(children) - 2))
    check_canonical_form(form.get("Algorithm", ""), "CanonicalizationMethod")
    prefixes = _prefixes(form)
    algorithm = xml_signature(method.get("Algorithm", ""))
    _children(method, [])
    return algorithm, prefixes, tuple(_reference(reference) for reference in references)


def _reference(reference: etree._Element) -> Reference:
    uri = reference.get("URI", "")
    if not uri.startswith("#") or len(uri) == 1 or "(" in uri:
        raise Unauthenticated(
            "a Reference names something other than a part of this envelope by its id (#id)", code="signature-policy"
        )
    lists = list(reference.iterchildren(_TRANSFORMS))
    for transform in (each for transforms in lists for each in transforms.iterchildren(_TRANSFORM)):
        check_canonical_form(transform.get("Algorithm", ""), "Transform")
    if not lists:
        raise Unauthenticated(
            "a Reference has no Transforms, which means inclusive canonical form; use exclusive",
            code="signature-policy",
        )
    transforms, method, value = _children(reference, _IN_REFERENCE)
    (transform,) = _children(transforms, [_TRANSFORM])
    digest_name = xml_digest(method.get("Algorithm", ""))
    _children(method, [])
    return Reference(id=uri[1:], digest_name=digest_name, digest=_base64(value), prefixes=_prefixes(transform))


def _prefixes(transform: etree._Element) -> tuple[str, ...]:
    """Give the PrefixList of an exclusive canonical form, empty when there is none."""
    if not len(transform):
        return ()
    inclusive = transform[0]
    if len(transform) > 1 or inclusive.tag != _INCLUSIVE_NAMESPACES:
        raise malformed("a canonical form has parameters other than InclusiveNamespaces")
    return tuple(inclusive.get("PrefixList", "").split())


def _check_effort(
    envelope: Envelope, signed_info: etree._Element, prefixes: Collection[str], references: Iterable[Reference]
) -> None:
    """Refuse PrefixLists that would take seconds to follow: whoever sends them has proven nothing yet."""
    listed = sum(len(each.prefixes) for each in references)
    if not listed and not prefixes:
        return
    elements = int(_ELEMENTS(envelope.root))
    lookups = elements * listed + len(list(signed_info.iter())) * len(prefixes)
    if lookups > MAX_LOOKUPS:
        raise malformed(
            f"its PrefixLists ask for {lookups} look-ups in {elements} elements, at most {MAX_LOOKUPS} are made; list "
            "only prefixes that stand in text or attribute values"
        )


def _token(security: etree._Element, key_info: etree._Element) -> etree._Element:
    """Give the BinarySecurityToken, a sibling of the signature, that KeyInfo points to."""
    holders = list(key_info)
    pointers = list(holders[0]) if holders else []
    shape = [each.tag for each in (*holders, *pointers)]
    if shape != _IN_KEY_INFO:
        raise malformed(
            "KeyInfo holds something other than one reference to a BinarySecurityToken; send the certificate as such a "
            "token (X509v3)"
        )
    uri = pointers[0].get("URI", "")
    tokens = [
        token
        for token in security.iterchildren(_TOKEN)
        if f"#{token.get(names.WSU_ID)}" == uri
        and token.get("ValueType") == names.X509_V3
        and token.get("EncodingType", names.BASE64) == names.BASE64
    ]
    if len(tokens) != 1:
        raise malformed("KeyInfo does not point to one BinarySecurityToken of type X509v3 in the Security header")
    if len(tokens[0].text or "") > 2 * MAX_CERTIFICATE_BYTES:
        raise malformed("the BinarySecurityToken is larger than a certificate")
    return tokens[0]


def resolve(envelope: Envelope, security: SecurityHeader) -> SignedParts:
    """Find the part that each reference names, by identity and position, and check that nothing needed is unsigned.

    Raises Unauthenticated: `signature-wrapped` (a reference names something that is no part of this envelope, or may
    mean two things), `timestamp-missing`, `signature-part-missing`, `signature-malformed`.
    """
    found: dict[str, list[etree._Element | None]] = {reference.id: [] for reference in security.references}
    for attribute in envelope.identifiers:
        if attribute in found:
            # An id under another name than wsu:Id counts as a bearer that is never the right one.
            found[attribute].append(attribute.getparent() if attribute.attrname == names.WSU_ID else None)
    parts: SignedParts = {}
    for reference in security.references:
        bearers = found[reference.id]
        if not bearers:
            raise _missing("something that is not in the envelope")
        part = bearers[0]
        if len(bearers) > 1 or part is None or not _is_part(part, envelope, security):
            raise wrapped("a Reference names an element that is not this envelope's Body, Timestamp or header block")
        if part in parts:
            raise malformed("two References name the same part")
        parts[part] = reference
    _check_complete(parts, envelope, security)
    return parts


def _is_part(element: etree._Element, envelope: Envelope, security: SecurityHeader) -> bool:
    if element is envelope.body or element is security.token:
        return True
    if element.tag == names.TIMESTAMP:
        return element.getparent() is security.element
    # A Body or a Timestamp that was moved among the header blocks is not a header block.
    return element.getparent() is envelope.header and names.namespace_of(element) not in _STRUCTURAL


def _check_complete(parts: SignedParts, envelope: Envelope, security: SecurityHeader) -> None:
    timestamps = list(security.element.iterchildren(names.TIMESTAMP))
    if not timestamps:
        raise Unauthenticated("the Security header has no Timestamp; add one, signed", code="timestamp-missing")
    if len(timestamps) > 1:
        raise wrapped("the Security header has more than one Timestamp")
    if envelope.body not in parts:
        raise _missing("the Body")
    if timestamps[0] not in parts:
        raise _missing("the Timestamp")
    for block in envelope.header if envelope.header is not None else ():
        if names.namespace_of(block) == names.WSA and block not in parts:
            raise _missing(f"the header block {etree.QName(block).localname}")


def wrapped(text: str) -> Unauthenticated:
    """Give the error for an envelope whose signature covers other content than is presented."""
    return Unauthenticated(f"{text}; send the envelope as it was signed", code="signature-wrapped")


def malformed(text: str) -> Unauthenticated:
    """Give the error for a Security header that cannot be read."""
    return Unauthenticated(f"the signature cannot be read: {text}", code="signature-malformed")


def _missing(part: str) -> Unauthenticated:
    return Unauthenticated(
        f"the signature does not cover {part}; sign Body, Timestamp and every addressing block",
        code="signature-part-missing",
    )


def _children(parent: etree._Element, tags: list[str]) -> list[etree._Element]:
    """Give the children of an XML Signature element when they are exactly these, in this order."""
    children = list(parent)
    if [child.tag for child in children] != tags:
        name, expected = etree.QName(parent).localname, ", ".join(etree.QName(tag).localname for tag in tags)
        raise malformed(f"{name} holds other elements than {expected or 'none'}")
    return children


def _base64(element: etree._Element) -> bytes:
    try:
        data = b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise malformed(f"{etree.QName(element).localname} is not base64") from fault
    if not data or len(element):
        raise malformed(f"{etree.QName(element).localname} is empty, or holds elements")
    return data
