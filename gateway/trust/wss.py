"""WS-Security 1.1 with X.509 certificates (X.509 Token Profile 1.1): verifying an envelope. `wss_signing` makes one.

Verification, in this order (the hardened parse has happened in `open_envelope`):
1. exactly one Security header for us, with one signature
2. algorithms on the allow-list
3. certificate by fingerprint among the registered ones, usable now; algorithm and key go together
4. references resolve to this envelope's Body, Timestamp and header blocks, by identity and position
5. digests, each over octets that we keep; then the signature over the references
6. what is given back is read anew from those octets, as an envelope that holds nothing else
The window of the timestamp (`check_fresh`) is a later step of the caller: replay is decided first.

Steps 1 to 3 (`read_signer`) ask nothing of the Body: what is encrypted is decrypted after them alone, so that nobody
without a registered certificate to name costs an operation of our private key.

Signed content must not hold qualified names in text or attribute values (xsi:type): exclusive canonical form does not
cover their prefixes unless the sender lists them, and unlisted ones are lost in step 6.

xmlsec gets octets and reads nothing of the message itself: no transform, reference or KeyInfo in it has a say, and
every part is brought into canonical form once. It is loaded with the first signature: its 6 MB are SOAP's alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from gateway.domain.errors import Unauthenticated
from gateway.trust import names
from gateway.trust.certificates import RegisteredCertificate, check_usable, find_certificate
from gateway.trust.envelope import Envelope
from gateway.trust.freshness import check_fresh
from gateway.trust.policy import check_key
from gateway.trust.security_header import Reference, SecurityHeader, malformed, read_security_header, resolve
from gateway.trust.wss_signing import sign_envelope
from gateway.trust.xml import canonical, parse_canonical

if TYPE_CHECKING:
    import xmlsec

__all__ = ["VerifiedEnvelope", "check_fresh", "read_signer", "sign_envelope", "verify_envelope"]

_KNOWN_KEYS: Final = 1024
"""Public keys that are kept read; an office has some dozen agencies."""

# Canonical form has its attributes in double quotes, which no value holds, and its declarations first.
_BODY_WITH_ID = re.compile(rb'(<[^\s>]+)((?: xmlns(?::[^\s=]+)?="[^"]*")*) ([^\s=:]+):Id="[^"]*">')

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class VerifiedEnvelope:
    """What the signature covers, read from the canonical octets that were digested.

    `content` is the document in the Body. It stands in an envelope of the sender's SOAP version, whose Header holds
    the other signed parts and which holds nothing else. `canonical_body` is the Body in exclusive canonical form
    without its wsu:Id: the same for every re-signed sending of one message, so the replay digest is taken over it.
    `headers` are the signed header blocks; the addressing texts come from among them, None where the sender gave none.
    `created` and `expires` are for `check_fresh`. `algorithm` is the signature's, as a URI.
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
    check_key(security.algorithm, registered.public_key)
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
    _verify_signature(security, registered)
    # 6. what was verified
    header, body = _read(octets, envelope)
    body.attrib.pop(names.WSU_ID)
    beside = [part for part in octets if part is not envelope.body]
    signed = list(zip(beside, header, strict=True))
    timestamp = next(read for part, read in signed if part.tag == names.TIMESTAMP)
    blocks = tuple(read for part, read in signed if part.getparent() is envelope.header)
    texts = {block.tag: (block.text or "").strip() for block in blocks}
    return VerifiedEnvelope(
        content=body[0],
        canonical_body=_without_id(octets[envelope.body], parts[envelope.body]) or canonical(body),
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
    octets = _canonical(part, reference.prefixes)
    if not hmac.compare_digest(hashlib.new(reference.digest_name, octets).digest(), reference.digest):
        raise Unauthenticated(
            f"{etree.QName(part).localname} is not what was signed: its digest differs; send the envelope unchanged "
            "after signing",
            code="signature-digest",
        )
    return octets


def _canonical(part: etree._Element, prefixes: Sequence[str]) -> bytes:
    if "#default" in prefixes and part.prefix is not None and None in part.nsmap:
        raise Unauthenticated(
            f"the PrefixList of {etree.QName(part).localname} names #default, which is not supported; leave it out",
            code="signature-policy",
        )
    return canonical(part, [prefix for prefix in prefixes if prefix != "#default"])


@cache
def signatures() -> Mapping[str, Any]:
    """What xmlsec verifies, by the URI of the algorithm. Loads xmlsec, for which a process may ask before a message."""
    import xmlsec

    known = (
        xmlsec.constants.TransformRsaSha256,
        xmlsec.constants.TransformRsaSha384,
        xmlsec.constants.TransformRsaSha512,
        xmlsec.constants.TransformEcdsaSha256,
        xmlsec.constants.TransformEcdsaSha384,
        xmlsec.constants.TransformEcdsaSha512,
    )
    return {transform.href: transform for transform in known}


def _verify_signature(security: SecurityHeader, registered: RegisteredCertificate) -> None:
    import xmlsec

    context = xmlsec.SignatureContext()
    context.key = _public_key(registered.public_key_der)
    octets = _canonical(security.signed_info, security.prefixes)
    try:
        context.verify_binary(octets, signatures()[security.algorithm.name], security.value)
    except xmlsec.Error as fault:
        raise Unauthenticated(
            "the signature was not made over these references with the key of the registered certificate",
            code="signature-wrong",
        ) from fault


@lru_cache(_KNOWN_KEYS)
def _public_key(der: bytes) -> xmlsec.Key:
    import xmlsec

    # Of the key alone: a context copies the key that it is given, and would copy the whole certificate with it.
    return xmlsec.Key.from_memory(der, xmlsec.constants.KeyDataFormatDer, None)


def _read(octets: Mapping[etree._Element, bytes], envelope: Envelope) -> tuple[etree._Element, etree._Element]:
    """Give Header, with all signed parts but the Body in the order of their references, and Body."""
    soap = names.SOAP_OF[envelope.version].encode()
    beside = b"".join(data for part, data in octets.items() if part is not envelope.body)
    header, body = parse_canonical(
        b'<soap:Envelope xmlns:soap="%b"><soap:Header>%b</soap:Header>%b</soap:Envelope>'
        % (soap, beside, octets[envelope.body])
    )
    return header, body


def _without_id(octets: bytes, reference: Reference) -> bytes | None:
    """Cut wsu:Id out of the canonical form of a Body, with the declaration of its prefix; None where more would change.

    That is: where a PrefixList declares it all the same, where Body has further attributes, and where anything below
    may use the prefix, and would then declare it itself.
    """
    found = _BODY_WITH_ID.match(octets)
    if found is None or reference.prefixes:
        return None
    opening, declared, prefix = found.groups()
    declaration = b' xmlns:%b="%b"' % (prefix, names.WSU.encode())
    if declared.count(declaration) != 1 or octets.find(prefix + b":", found.end()) >= 0:
        return None
    return opening + declared.replace(declaration, b"") + b">" + octets[found.end() :]


def _moment(timestamp: etree._Element, name: str) -> datetime:
    elements = list(timestamp.iterchildren(f"{{{names.WSU}}}{name}"))
    if not elements:
        raise Unauthenticated(f"the Timestamp has no {name}; add it", code="timestamp-missing")
    text = (elements[0].text or "").strip()
    try:
        if len(elements) > 1 or not _DATE_TIME.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError) as fault:
        raise malformed(f"{name} of the Timestamp is not one xs:dateTime with a time zone") from fault
