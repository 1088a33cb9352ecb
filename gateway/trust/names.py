"""The XML names of SOAP, WS-Addressing and WS-Security that this package speaks."""

from __future__ import annotations

from typing import Final

from lxml import etree

from gateway.contract.message import Transport

SOAP_11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12: Final = "http://www.w3.org/2003/05/soap-envelope"
SOAP_12_ENCODING: Final = "http://www.w3.org/2003/05/soap-encoding"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE11: Final = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
XENC: Final = "http://www.w3.org/2001/04/xmlenc#"
XENC11: Final = "http://www.w3.org/2009/xmlenc11#"
DS: Final = "http://www.w3.org/2000/09/xmldsig#"
LEDGER: Final = "urn:simojo:ledger:1.0"

EXCLUSIVE_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
X509_V3: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
X509_SKI: Final = f"{X509_V3.removesuffix('X509v3')}X509SubjectKeyIdentifier"
THUMBPRINT_SHA1: Final = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
ENCRYPTED_KEY_TOKEN: Final = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKey"  # noqa: S105 - a name, not a secret
WSA_ANONYMOUS: Final = "http://www.w3.org/2005/08/addressing/anonymous"

WSU_ID: Final = f"{{{WSU}}}Id"
SECURITY: Final = f"{{{WSSE}}}Security"
TIMESTAMP: Final = f"{{{WSU}}}Timestamp"
MESSAGE_ID: Final = f"{{{WSA}}}MessageID"
RELATES_TO: Final = f"{{{WSA}}}RelatesTo"
TO: Final = f"{{{WSA}}}To"
ACTION: Final = f"{{{WSA}}}Action"
LEAF: Final = f"{{{LEDGER}}}Leaf"

SOAP_OF: Final = {Transport.SOAP_11: SOAP_11, Transport.SOAP_12: SOAP_12}
VERSION_OF: Final = {SOAP_11: Transport.SOAP_11, SOAP_12: Transport.SOAP_12}

_NEXT_11 = "http://schemas.xmlsoap.org/soap/actor/next"
_NEXT_12 = f"{SOAP_12}/role/next"
_ULTIMATE_12 = f"{SOAP_12}/role/ultimateReceiver"


def ds(name: str) -> str:
    """The qualified name of an element of XML Signature, as lxml writes it."""
    return f"{{{DS}}}{name}"


def wsse(name: str) -> str:
    """The qualified name of an element of WS-Security 1.0."""
    return f"{{{WSSE}}}{name}"


def xenc(name: str) -> str:
    """The qualified name of an element of XML Encryption 1.0."""
    return f"{{{XENC}}}{name}"


def xenc11(name: str) -> str:
    """The qualified name of an element that XML Encryption 1.1 added."""
    return f"{{{XENC11}}}{name}"


def namespace_of(element: etree._Element) -> str:
    """Give the namespace name of an element; empty when it has none."""
    return etree.QName(element).namespace or ""


def is_for_us(block: etree._Element) -> bool:
    """Say whether a header block is targeted at us: the next or the last receiver (SOAP 1.1 4.2.2, SOAP 1.2 2.2)."""
    actor = block.get(f"{{{SOAP_11}}}actor", "").strip()
    role = block.get(f"{{{SOAP_12}}}role", "").strip()
    return actor in {"", _NEXT_11} and role in {"", _NEXT_12, _ULTIMATE_12}
