"""Which certificate the EncryptedKey of an envelope names (WS-Security X.509 Token Profile 1.1, XML Signature 4.5.4).

It is read in every form that clients write, because it only selects among keys of ours: token, key identifier, issuer
and serial number, subject key identifier, or the certificate itself.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha1
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.trust import names
from gateway.trust.certificate_files import MAX_CERTIFICATE_BYTES
from gateway.trust.content_key import Names
from gateway.trust.envelope import Envelope
from gateway.trust.names import ds, wsse
from gateway.trust.xml import base64_of


def recipient_names(key: etree._Element, envelope: Envelope) -> Names | None:
    """Read what names the recipient's certificate; None where nothing does, or in a form that we do not know."""
    info = key.find(ds("KeyInfo"))
    if info is None:
        return None
    for path, reader in _FORMS.items():
        found = info.find(path)
        if found is not None:
            return reader(found, envelope)
    return None


def _by_key_identifier(element: etree._Element, _: Envelope) -> Names | None:
    value = base64_of(element)
    match element.get("ValueType"):
        case names.THUMBPRINT_SHA1:
            return lambda certificate: sha1(_der(certificate), usedforsecurity=False).digest() == value
        case names.X509_SKI:
            return lambda certificate: _ski(certificate) == value
        case names.X509_V3:
            return lambda certificate: _der(certificate) == value
        case _:
            return None


def _by_token(element: etree._Element, envelope: Envelope) -> Names | None:
    for token in envelope.root.iter(wsse("BinarySecurityToken")):
        if f"#{token.get(names.WSU_ID)}" == element.get("URI"):
            return _by_certificate(token, envelope)
    return None


def _by_certificate(element: etree._Element, _: Envelope) -> Names | None:
    if len(element.text or "") > 2 * MAX_CERTIFICATE_BYTES:
        return None
    value = base64_of(element)
    return lambda certificate: _der(certificate) == value


def _by_ski(element: etree._Element, _: Envelope) -> Names | None:
    value = base64_of(element)
    return lambda certificate: _ski(certificate) == value


def _by_serial(element: etree._Element, _: Envelope) -> Names | None:
    text = (element.findtext(ds("X509SerialNumber")) or "").strip()
    # the issuer's name has many spellings; the serial number alone is hint enough
    if not (text.isascii() and text.isdigit() and len(text) <= 60):
        return None
    return lambda certificate: str(certificate.serial_number) == text.lstrip("0")


_STR: Final = wsse("SecurityTokenReference")
_FORMS: Final[dict[str, Callable[[etree._Element, Envelope], Names | None]]] = {
    f"{_STR}/{wsse('KeyIdentifier')}": _by_key_identifier,
    f"{_STR}/{wsse('Reference')}": _by_token,
    f"{_STR}/{ds('X509Data')}/{ds('X509IssuerSerial')}": _by_serial,
    f"{ds('X509Data')}/{ds('X509IssuerSerial')}": _by_serial,
    f"{ds('X509Data')}/{ds('X509Certificate')}": _by_certificate,
    f"{ds('X509Data')}/{ds('X509SKI')}": _by_ski,
}


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _ski(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return b""
