"""WS-Security 1.1 with X.509 certificates: signing an envelope, and verifying one (X.509 Token Profile 1.1).

Verification, in this order (the hardened parse has happened in `open_envelope`):
1. exactly one Security header for us, with one signature
2. algorithms on the allow-list
3. certificate by fingerprint among the registered ones, usable now; algorithm and key go together
4. references resolve to this envelope's Body, Timestamp and header blocks, by identity and position
5. digests, each over octets that we keep; then the signature over the references
6. what is given back is read anew from those octets
The window of the timestamp (`check_fresh`) is a later step of the caller: replay is decided first.

Steps 1 to 3 (`read_signer`) ask nothing of the Body: what is encrypted is decrypted after them alone, so that nobody
without a registered certificate to name costs an operation of our private key.

Signed content must not hold qualified names in text or attribute values (xsi:type): exclusive canonical form does not
cover their prefixes unless the sender lists them, and unlisted ones are lost in step 6.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.domain.errors import Misconfigured, Unauthenticated
from gateway.trust import names
from gateway.trust.certificates import RegisteredCertificate, check_usable, find_certificate
from gateway.trust.envelope import Envelope
from gateway.trust.freshness import check_fresh
from gateway.trust.keys import SigningKey
from gateway.trust.policy import XML_SIGNING, check_key
from gateway.trust.security_header import (
    Reference,
    SecurityHeader,
    SignedParts,
    malformed,
    read_security_header,
    resolve,
)
from gateway.trust.xml import canonical, free_identifier, identifiers, parse_xml

__all__ = ["VerifiedEnvelope", "check_fresh", "read_signer", "sign_envelope", "verify_envelope"]

_SIGNATURES: Final = {
    transform.href: transform
    for transform in (
        xmlsec.constants.TransformRsaSha256,
        xmlsec.constants.TransformRsaSha384,
        xmlsec.constants.TransformRsaSha512,
        xmlsec.constants.TransformEcdsaSha256,
        xmlsec.constants.TransformEcdsaSha384,
        xmlsec.constants.TransformEcdsaSha512,
    )
}
_DIGESTS: Final = (
    xmlsec.constants.TransformSha256,
    xmlsec.constants.TransformSha384,
    xmlsec.constants.TransformSha512,
)
_FORM: Final = xmlsec.constants.TransformExclC14N
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class VerifiedEnvelope:
    """What the signature covers, read from the canonical octets that were digested.

    `content` is the document in the Body. `canonical_body` is the Body in exclusive canonical form without its wsu:Id:
    the same for every re-signed sending of one message, so the replay digest is taken over it. `headers` are the
    signed header blocks; the addressing texts come from among them, None where the sender gave none. `created` and
    `expires` are for `check_fresh`. `algorithm` is the signature's, as a URI.
    """

    content: etree._Element
    canonical_body: bytes
    action: str | None
    message_id: str | None
    relates_to: str | None
    to: str | None
    headers: tuple[etree._Element, ...]
    created: datetime
    expires: datetime
    certificate: RegisteredCertificate
    algorithm: str

    def header(self, qname: str) -> etree._Element | None:
        """Give the first signed header block of this name (`{namespace}local`), or None."""
        return next((block for block in self.headers if block.tag == qname), None)


def read_signer(
    envelope: Envelope, certificates: Sequence[RegisteredCertificate], at: datetime
) -> tuple[SecurityHeader, RegisteredCertificate]:
    """Read whom the signature of an envelope names, encrypted or not: well-formed, allowed, one of `certificates`.

    Nothing is proven by it: anybody can send somebody's certificate. Raises Unauthenticated: what
    `read_security_header`, `find_certificate` and `check_usable` raise, and `signature-policy`.
    """
    # 1. and 2. one Security header; algorithms
    security = read_security_header(envelope)
    # 3. certificate
    registered = find_certificate(certificates, security.certificate_fingerprint)
    check_usable(registered, at)
    check_key(security.algorithm, registered.certificate.public_key())
    return security, registered


def verify_envelope(
    envelope: Envelope, certificates: Sequence[RegisteredCertificate], at: datetime
) -> VerifiedEnvelope:
    """Verify the signature of an open envelope by one of `certificates`, at the moment `at`.

    Raises Unauthenticated: `signature-missing`, `signature-wrapped`, `signature-malformed`, `signature-policy`,
    `certificate-unknown`, `certificate-expired`, `certificate-not-yet-valid`, `certificate-revoked`,
    `timestamp-missing`, `signature-part-missing`, `signature-digest`, `signature-wrong`; Malformed `xml-malformed` for
    content that has no canonical form.
    """
    # 1. to 3. Security header, algorithms, certificate
    security, registered = read_signer(envelope, certificates, at)
    # 4. references
    parts = resolve(envelope, security)
    # 5. digests and signature
    octets = {part: _digested(part, reference) for part, reference in parts.items()}
    _verify_signature(security, parts, registered)
    # 6. what was verified
    body = _read(octets[envelope.body])
    body.attrib.pop(names.WSU_ID)
    timestamp = next(_read(data) for part, data in octets.items() if part.tag == names.TIMESTAMP)
    blocks = tuple(_read(data) for part, data in octets.items() if part.getparent() is envelope.header)
    texts = {block.tag: (block.text or "").strip() for block in blocks}
    return VerifiedEnvelope(
        content=body[0],
        canonical_body=canonical(body),
        action=texts.get(names.ACTION),
        message_id=texts.get(names.MESSAGE_ID),
        relates_to=texts.get(names.RELATES_TO),
        to=texts.get(names.TO),
        headers=blocks,
        created=_moment(timestamp, "Created"),
        expires=_moment(timestamp, "Expires"),
        certificate=registered,
        algorithm=security.algorithm.name,
    )


def _digested(part: etree._Element, reference: Reference) -> bytes:
    """Give the octets of a part when they have the digest of its reference."""
    name = etree.QName(part).localname
    if "#default" in reference.prefixes and part.prefix is not None and None in part.nsmap:
        raise Unauthenticated(
            f"the PrefixList of {name} names #default, which is not supported; leave it out", code="signature-policy"
        )
    octets = canonical(part, [prefix for prefix in reference.prefixes if prefix != "#default"])
    if not hmac.compare_digest(hashlib.new(reference.digest_name, octets).digest(), reference.digest):
        raise Unauthenticated(
            f"{name} is not what was signed: its digest differs; send the envelope unchanged after signing",
            code="signature-digest",
        )
    return octets


def _verify_signature(security: SecurityHeader, parts: SignedParts, registered: RegisteredCertificate) -> None:
    context = xmlsec.SignatureContext()
    context.enable_signature_transform(_SIGNATURES[security.algorithm.name])
    context.enable_signature_transform(_FORM)
    for transform in (_FORM, *_DIGESTS):
        context.enable_reference_transform(transform)
    der = registered.certificate.public_bytes(Encoding.DER)
    # With a key set, xmlsec reads no KeyInfo: the certificate in the message has no say.
    context.key = xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatCertDer, None)
    for part in parts:
        context.register_id(part, "Id", names.WSU)
    try:
        context.verify(security.signature)
    except xmlsec.Error as fault:
        raise Unauthenticated(
            "the signature was not made over these references with the key of the registered certificate",
            code="signature-wrong",
        ) from fault


def _read(octets: bytes) -> etree._Element:
    return parse_xml(octets, max_bytes=len(octets))


def _moment(timestamp: etree._Element, name: str) -> datetime:
    elements = timestamp.findall(f"{{{names.WSU}}}{name}")
    if not elements:
        raise Unauthenticated(f"the Timestamp has no {name}; add it", code="timestamp-missing")
    text = (elements[0].text or "").strip()
    try:
        if len(elements) > 1 or not _DATE_TIME.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise malformed(f"{name} of the Timestamp is not one xs:dateTime with a time zone") from fault


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
    header, body = root.find(f"{{{soap}}}Header"), root.find(f"{{{soap}}}Body")
    if body is None or root.find(f"{{*}}Header/{names.SECURITY}") is not None:
        raise ValueError("an envelope to sign has a Body and no Security header")
    if header is None:
        header = etree.Element(f"{{{soap}}}Header", nsmap={"wsu": names.WSU})
        root.insert(0, header)
    blocks = list(header)
    security = _security(header, soap, key)
    timestamp = _timestamp(security, created, expires)
    signature = xmlsec.template.create(root, _FORM, _SIGNATURES[XML_SIGNING[key.kind].name], ns="ds")
    security.append(signature)
    taken = identifiers(root)
    for name, part in [("body", body), ("timestamp", timestamp), *((f"header-{n}", b) for n, b in enumerate(blocks))]:
        part.set(names.WSU_ID, free_identifier(name, taken))
        reference = xmlsec.template.add_reference(
            signature, xmlsec.constants.TransformSha256, uri=f"#{part.get(names.WSU_ID)}"
        )
        xmlsec.template.add_transform(reference, _FORM)
        # xmlsec's template puts DigestValue last
        reference[-1].text = b64encode(hashlib.sha256(canonical(part)).digest()).decode()
    _point_to_token(xmlsec.template.ensure_key_info(signature), security[0], free_identifier("certificate", taken))
    # The key signs, not xmlsec, which would have to hold it: it may live in a token.
    signed_info, value = signature[0], signature[1]
    value.text = b64encode(key.operations.sign(XML_SIGNING[key.kind], canonical(signed_info))).decode()
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _security(header: etree._Element, soap: str, key: SigningKey) -> etree._Element:
    security = etree.SubElement(header, names.SECURITY, nsmap={"wsse": names.WSSE, "wsu": names.WSU})
    security.set(f"{{{soap}}}mustUnderstand", "1")
    token = etree.SubElement(security, f"{{{names.WSSE}}}BinarySecurityToken")
    token.set("ValueType", names.X509_V3)
    token.set("EncodingType", names.BASE64)
    token.text = b64encode(key.certificate_der).decode()
    return security


def _timestamp(security: etree._Element, created: datetime, expires: datetime) -> etree._Element:
    timestamp = etree.SubElement(security, names.TIMESTAMP)
    for name, moment in (("Created", created), ("Expires", expires)):
        text = moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        etree.SubElement(timestamp, f"{{{names.WSU}}}{name}").text = text
    return timestamp


def _point_to_token(key_info: etree._Element, token: etree._Element, token_id: str) -> None:
    token.set(names.WSU_ID, token_id)
    reference = etree.SubElement(
        etree.SubElement(key_info, f"{{{names.WSSE}}}SecurityTokenReference"), f"{{{names.WSSE}}}Reference"
    )
    reference.set("URI", f"#{token_id}")
    reference.set("ValueType", names.X509_V3)
