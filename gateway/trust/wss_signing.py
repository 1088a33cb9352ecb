"""Signing an envelope by WS-Security: one Security header with certificate, Timestamp and signature.

What is digested and signed is written once, in canonical form: the Timestamp and SignedInfo are texts of ours, in which
nothing varies but identifiers, digests and times. They are put into the octets of the envelope, where a prefix that is
declared further up is not declared again and an element without content is written short; the canonical form of that is
the text that was signed. The parser need not read them first, and cannot exchange their prefixes for others.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from lxml import etree

from gateway.domain.errors import Misconfigured
from gateway.trust import names
from gateway.trust.keys import SigningKey
from gateway.trust.policy import XML_SIGNING
from gateway.trust.xml import canonical, free_identifier, identifiers

_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"

_PLACE: Final = b"<?simojo security?>"
"""Where the Security header goes. No text can hold `<?`, and in Header, which comes first, there is no other."""

# Exclusive canonical form: prefixes are declared where they are first used, attributes stand in their order, every
# element has its end tag. The line feeds are part of what is signed; they are for people who read it.
_TIMESTAMP: Final = (
    f'<wsu:Timestamp xmlns:wsu="{names.WSU}" wsu:Id="%s">'
    "<wsu:Created>%s</wsu:Created><wsu:Expires>%s</wsu:Expires></wsu:Timestamp>"
)
_REFERENCE: Final = (
    '<ds:Reference URI="#%s"><ds:Transforms>'
    f'<ds:Transform Algorithm="{names.EXCLUSIVE_C14N}"></ds:Transform></ds:Transforms>'
    f'<ds:DigestMethod Algorithm="{_SHA256}"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference>\n'
)
_SIGNED_INFO: Final = (
    f'<ds:SignedInfo xmlns:ds="{names.DS}">\n'
    f'<ds:CanonicalizationMethod Algorithm="{names.EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>\n'
    '<ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod>\n%s</ds:SignedInfo>'
)
_SECURITY: Final = (
    '<wsse:Security%s soap:mustUnderstand="1">'
    f'<wsse:BinarySecurityToken wsu:Id="%s" ValueType="{names.X509_V3}" EncodingType="{names.BASE64}">%s'
    "</wsse:BinarySecurityToken>%s<ds:Signature%s>%s<ds:SignatureValue>%s</ds:SignatureValue>"
    "<ds:KeyInfo><wsse:SecurityTokenReference>"
    f'<wsse:Reference URI="#%s" ValueType="{names.X509_V3}"/>'
    "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>"
)
_WITHOUT_CONTENT: Final = ("CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod")


def sign_envelope(envelope: etree._Element, key: SigningKey, *, created: datetime, expires: datetime) -> bytes:
    """Give the envelope, signed: one Security header with certificate, Timestamp and signature, as UTF-8 bytes.

    Signed are the Body, the Timestamp and every header block. `envelope` is left as it is. Identifiers are made from
    the parts' places, so the same envelope, key and times give the same references.

    Raises Misconfigured `key-not-for-xml` for an Ed25519 key; ValueError for an envelope that has a Security header
    already, or times without a time zone.
    """
    if key.kind not in XML_SIGNING:
        raise Misconfigured(
            "XML is signed with RSA or EC keys alone; set such a signing key for SOAP", code="key-not-for-xml"
        )
    if created.tzinfo is None or expires.tzinfo is None:
        raise ValueError("the times of a signature carry their time zone")
    root = deepcopy(envelope)
    soap = names.namespace_of(root)
    header, body = _child(root, f"{{{soap}}}Header"), _child(root, f"{{{soap}}}Body")
    if body is None or (header is not None and _child(header, names.SECURITY) is not None):
        raise ValueError("an envelope to sign has a Body and no Security header")
    if header is None:
        header = etree.Element(f"{{{soap}}}Header")
        root.insert(0, header)
    taken = {str(each) for each in identifiers(root)}
    references = [_signed("body", body, taken)]
    timestamp_id = free_identifier("timestamp", taken)
    timestamp = _TIMESTAMP % (timestamp_id, _moment(created), _moment(expires))
    references.append(_REFERENCE % (timestamp_id, _digest(timestamp.encode())))
    references += [_signed(f"header-{number}", block, taken) for number, block in enumerate(header)]
    algorithm = XML_SIGNING[key.kind]
    signed_info = _SIGNED_INFO % (algorithm.name, "".join(references))
    # The key signs, not xmlsec, which would have to hold it: it may live in a token.
    value = b64encode(key.operations.sign(algorithm, signed_info.encode())).decode()
    token_id, token = free_identifier("certificate", taken), b64encode(key.certificate_der).decode()
    scope = header.nsmap
    security = _SECURITY % (
        _declared(scope, wsse=names.WSSE, wsu=names.WSU, soap=soap),
        token_id,
        token,
        timestamp.replace(_declared({}, wsu=names.WSU), "", 1),
        _declared(scope, ds=names.DS),
        _short(signed_info.replace(_declared({}, ds=names.DS), "", 1)),
        value,
        token_id,
    )
    return _written(root, header, security)


def _declared(scope: Mapping[str | None, str], **prefixes: str) -> str:
    """Write the declarations of those prefixes that do not mean this in `scope` already."""
    return "".join(f' xmlns:{prefix}="{name}"' for prefix, name in prefixes.items() if scope.get(prefix) != name)


def _short(signed_info: str) -> str:
    for name in _WITHOUT_CONTENT:
        signed_info = signed_info.replace(f"></ds:{name}>", "/>")
    return signed_info


def _written(root: etree._Element, header: etree._Element, security: str) -> bytes:
    """Give the octets of the envelope, with `security` as the last block of Header."""
    header.append(etree.ProcessingInstruction("simojo", "security"))
    before, found, after = etree.tostring(root, xml_declaration=True, encoding="UTF-8").partition(_PLACE)
    if not found:
        raise AssertionError("libxml2 writes a processing instruction as it was made")
    return before + security.encode() + after


def _child(parent: etree._Element, tag: str) -> etree._Element | None:
    return next(parent.iterchildren(tag), None)


def _signed(name: str, part: etree._Element, taken: set[str]) -> str:
    """Give a part its identifier, and write the Reference to it."""
    identifier = free_identifier(name, taken)
    part.set(names.WSU_ID, identifier)
    return _REFERENCE % (identifier, _digest(canonical(part)))


def _digest(octets: bytes) -> str:
    return b64encode(sha256(octets).digest()).decode()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
