"""WS-Security X.509: sign an envelope, and verify one.

Signed are Body, Timestamp and every other header block, each by a reference of its own, with exclusive C14N and
SHA-256; the certificate travels as a BinarySecurityToken.

Verifying, in this order:
    1. one Envelope, one Header, one Body with one child; one Security block with one token, Timestamp and Signature
    2. only allowed algorithms, and exclusive C14N as the only transform
    3. the token is one of the trusted certificates, byte for byte, and valid now
    4. no id twice; every reference points at the Body, the Timestamp or a header block of this very envelope, and
       none of these is left out (signature wrapping moves what is signed and puts other content in its place)
    5. digests and signature, with the trusted certificate's key
    6. the Timestamp is fresh
What is returned is parsed anew from the canonical bytes that were signed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from conformance.signing import soap
from conformance.signing.keys import Identity, is_valid_at
from gateway.domain.errors import Malformed, Unauthenticated

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{_WSS}wssecurity-secext-1.0.xsd"
WSU = f"{_WSS}wssecurity-utility-1.0.xsd"
X509V3 = f"{_WSS}x509-token-profile-1.0#X509v3"
BASE64 = f"{_WSS}soap-message-security-1.0#Base64Binary"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SIGNATURES = frozenset(f"http://www.w3.org/2001/04/xmldsig-more#{each}-sha256" for each in ("rsa", "ecdsa"))
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
LIFE = timedelta(seconds=300)
SKEW = timedelta(seconds=60)

_ID = f"{{{WSU}}}Id"
_SECURITY = f"{{{WSSE}}}Security"
_TOKEN = f"{{{WSSE}}}BinarySecurityToken"
_TIMESTAMP = f"{{{WSU}}}Timestamp"
_SIGNATURE = f"{{{DS}}}Signature"


@dataclass(frozen=True, kw_only=True)
class VerifiedEnvelope:
    """What a signature covers. `document` is the Body's child on its own; `leaf` the hub's ledger leaf, if named."""

    document: etree._Element
    message_id: str
    action: str
    to: str
    relates_to: str | None
    leaf: str | None
    certificate: x509.Certificate

    @property
    def digest(self) -> str:
        """Hex SHA-256 over action and canonical document: equal for the same message under another Timestamp."""
        return hashlib.sha256(self.action.encode() + b"\0" + canonical(self.document)).hexdigest()


def canonical(element: etree._Element) -> bytes:
    """Give the exclusive canonical form (without comments) of an element."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def sign(envelope: etree._Element, identity: Identity, *, at: datetime) -> bytes:
    """Sign an envelope as it leaves, at `at` (aware), for 300 seconds. Raises Unauthenticated for an Ed25519 key."""
    version = etree.QName(envelope).namespace or ""
    header, body = envelope.find(f"{{{version}}}Header"), envelope.find(f"{{{version}}}Body")
    if header is None or body is None:
        raise Malformed("an envelope with Header and Body is needed to sign", code="malformed-envelope")
    blocks = [each for each in header if isinstance(each.tag, str)]
    security = etree.SubElement(header, _SECURITY, nsmap={"wsse": WSSE, "wsu": WSU})
    security.set(f"{{{version}}}mustUnderstand", "1")
    token = etree.SubElement(security, _TOKEN, {_ID: "token", "ValueType": X509V3, "EncodingType": BASE64})
    token.text = base64.b64encode(identity.certificate.public_bytes(serialization.Encoding.DER)).decode()
    timestamp = etree.SubElement(security, _TIMESTAMP, {_ID: "timestamp"})
    etree.SubElement(timestamp, f"{{{WSU}}}Created").text = _moment(at)
    etree.SubElement(timestamp, f"{{{WSU}}}Expires").text = _moment(at + LIFE)
    for number, block in enumerate(blocks):
        block.set(_ID, f"header-{number}")
    body.set(_ID, "body")

    method = xmlsec.constants.TransformRsaSha256
    if isinstance(identity.key, ec.EllipticCurvePrivateKey):
        method = xmlsec.constants.TransformEcdsaSha256
    signature = xmlsec.template.create(envelope, xmlsec.constants.TransformExclC14N, method, ns="ds")
    security.append(signature)
    context = xmlsec.SignatureContext()
    for part in (body, timestamp, *blocks):
        reference = xmlsec.template.add_reference(signature, xmlsec.constants.TransformSha256, uri=f"#{part.get(_ID)}")
        xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
        context.register_id(part, "Id", WSU)
    holder = etree.SubElement(xmlsec.template.ensure_key_info(signature), f"{{{WSSE}}}SecurityTokenReference")
    etree.SubElement(holder, f"{{{WSSE}}}Reference", {"URI": "#token", "ValueType": X509V3})
    try:
        context.key = xmlsec.Key.from_memory(identity.key_pem, xmlsec.constants.KeyDataFormatPem)
        context.sign(signature)
    except xmlsec.Error as fault:
        raise Unauthenticated(f"cannot sign XML with this key ({fault}): use RSA or EC", code="key-unfit") from fault
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def verify(data: bytes, trusted: Sequence[x509.Certificate], *, at: datetime) -> VerifiedEnvelope:
    """Verify an envelope by the steps at the top. Raises Malformed or Unauthenticated with a code per step."""
    root = soap.parse(data)
    # 1. shape
    header, body = _header_and_body(root)
    security = _only(header, _SECURITY, "not-signed")
    token = _only(security, _TOKEN, "not-signed")
    timestamp = _only(security, _TIMESTAMP, "timestamp-missing")
    signature = _only(security, _SIGNATURE, "not-signed")
    # 2. algorithms
    _check_algorithms(signature)
    # 3. certificate
    certificate = _trusted(token, trusted, at)
    # 4. references
    blocks = [each for each in header if isinstance(each.tag, str) and each is not security]
    parts = _check_references(root, signature, {body, timestamp, *blocks}, {token})
    # 5. signature
    _check_signature(signature, parts, certificate)
    # 6. freshness
    _check_fresh(timestamp, at)
    return VerifiedEnvelope(
        document=etree.fromstring(canonical(body[0])),
        message_id=_addressed(header, "MessageID") or "",
        action=_addressed(header, "Action") or "",
        to=_addressed(header, "To") or "",
        relates_to=_addressed(header, "RelatesTo"),
        leaf=header.findtext(soap.LEAF),
        certificate=certificate,
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def _header_and_body(root: etree._Element) -> tuple[etree._Element, etree._Element]:
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in soap.CONTENT_TYPES:
        raise Malformed("the document is no SOAP envelope", code="malformed-envelope")
    tags = [f"{{{name.namespace}}}{part}" for part in ("Header", "Body")]
    children = [each for each in root if isinstance(each.tag, str)]
    if [each.tag for each in children] != tags:
        raise Malformed("an envelope has one Header and then one Body", code="malformed-envelope")
    header, body = children
    if len(body) != 1 or not isinstance(body[0].tag, str):
        raise Malformed("the Body has exactly one child", code="malformed-envelope")
    return header, body


def _only(parent: etree._Element, tag: str, code: str) -> etree._Element:
    found = parent.findall(tag)
    if len(found) != 1:
        text = f"{etree.QName(parent).localname} has {len(found)} {etree.QName(tag).localname}, exactly one is needed"
        raise Unauthenticated(text, code=code, clause="security")
    return found[0]


def _check_algorithms(signature: etree._Element) -> None:
    info = _only(signature, f"{{{DS}}}SignedInfo", "not-signed")
    allowed = {
        "CanonicalizationMethod": {EXCLUSIVE},
        "SignatureMethod": SIGNATURES,
        "Transform": {EXCLUSIVE},
        "DigestMethod": {SHA256},
    }
    for name, algorithms in allowed.items():
        for each in info.iter(f"{{{DS}}}{name}"):
            if each.get("Algorithm") not in algorithms:
                text = f"{name} {each.get('Algorithm')} is not allowed: use {', '.join(sorted(algorithms))}"
                raise Unauthenticated(text, code="algorithm-forbidden", clause="security")
    for reference in info.iter(f"{{{DS}}}Reference"):
        if len(list(reference.iter(f"{{{DS}}}Transform"))) != 1:
            text = "each reference has exclusive C14N as its one transform"
            raise Unauthenticated(text, code="algorithm-forbidden", clause="security")


def _trusted(token: etree._Element, trusted: Sequence[x509.Certificate], at: datetime) -> x509.Certificate:
    try:
        der = base64.b64decode("".join((token.text or "").split()), validate=True)
    except ValueError as fault:
        raise Unauthenticated("the BinarySecurityToken is not base64", code="certificate-unknown") from fault
    for each in trusted:
        if each.public_bytes(serialization.Encoding.DER) == der:
            if not is_valid_at(each, at):
                raise Unauthenticated("the certificate is not valid now", code="certificate-expired")
            return each
    raise Unauthenticated("the certificate is not one that is registered here", code="certificate-unknown")


def _check_references(
    root: etree._Element, signature: etree._Element, needed: set[etree._Element], allowed: set[etree._Element]
) -> list[etree._Element]:
    ids = [
        str(value)
        for node in root.iter(etree.Element)
        for name, value in node.attrib.items()
        if etree.QName(name).localname.lower() == "id"
    ]
    if len(ids) != len(set(ids)):
        raise Unauthenticated("an id stands twice in the message", code="signature-coverage", clause="security")
    by_id = {node.get(_ID): node for node in needed | allowed}
    uris = [each.get("URI", "") for each in signature.iter(f"{{{DS}}}Reference")]
    parts = [by_id.get(uri[1:]) for uri in uris if uri.startswith("#")]
    signed = [each for each in parts if each is not None]
    if len(signed) != len(uris) or not needed <= set(signed):
        text = "Body, Timestamp and every header block of this envelope must be signed, and nothing else"
        raise Unauthenticated(text, code="signature-coverage", clause="security")
    return signed


def _check_signature(signature: etree._Element, parts: Sequence[etree._Element], certificate: x509.Certificate) -> None:
    context = xmlsec.SignatureContext()
    for transform in (
        xmlsec.constants.TransformExclC14N,
        xmlsec.constants.TransformRsaSha256,
        xmlsec.constants.TransformEcdsaSha256,
    ):
        context.enable_signature_transform(transform)
    for transform in (xmlsec.constants.TransformExclC14N, xmlsec.constants.TransformSha256):
        context.enable_reference_transform(transform)
    for part in set(parts):
        context.register_id(part, "Id", WSU)
    public = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        context.key = xmlsec.Key.from_memory(public, xmlsec.constants.KeyDataFormatPem)
        context.verify(signature)
    except xmlsec.Error as fault:
        text = "the signature does not match what it covers, or is of another key"
        raise Unauthenticated(text, code="signature-wrong", clause="security") from fault


def _check_fresh(timestamp: etree._Element, at: datetime) -> None:
    try:
        created, expires = (
            datetime.fromisoformat((timestamp.findtext(f"{{{WSU}}}{name}") or "").strip())
            for name in ("Created", "Expires")
        )
        fresh = created - SKEW <= at <= expires + SKEW and timedelta() < expires - created <= LIFE
    except (ValueError, TypeError) as fault:
        raise Unauthenticated("Created and Expires must be UTC times", code="timestamp-missing") from fault
    if not fresh:
        text = f"the Timestamp {created.isoformat()} to {expires.isoformat()} does not cover {at.isoformat()}"
        raise Unauthenticated(text, code="timestamp-stale", clause="security")


def _addressed(header: etree._Element, name: str) -> str | None:
    found = header.findall(f"{{{soap.WSA}}}{name}")
    if len(found) > 1:
        raise Malformed(f"wsa:{name} stands more than once", code="malformed-envelope")
    return (found[0].text or "").strip() if found else None
