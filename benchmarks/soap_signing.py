"""SOAP messages signed with WS-Security, fast: thousands are made before a clock starts.

What is signed is written as its own exclusive canonical form (each signed part declares the prefixes that it uses,
where it first uses them), so that its digest is that of its text and no XML library is asked. Body, Timestamp and the
three addressing headers are signed, as `conformance.signing.wss` does it and as the hub's profile asks.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from benchmarks.documents import ACTION
from conformance.signing.keys import Identity
from conformance.signing.soap import SOAP_12, WSA
from conformance.signing.wss import BASE64, DS, EXCLUSIVE, SHA256, WSSE, WSU, X509V3

LIFE = timedelta(seconds=300)
TAIL = b"</s:Body></s:Envelope>"

_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_BODY = f'<s:Body xmlns:s="{SOAP_12}" xmlns:wsu="{WSU}" wsu:Id="body">'.encode()


class SoapSigner:
    """Signs for one identity and one address."""

    def __init__(self, identity: Identity, to: str) -> None:
        key = identity.key
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("the SOAP measurements sign with RSA")
        self._key = key
        self._to = _block("To", "to", to)
        self._action = _block("Action", "action", ACTION)
        der = base64.b64encode(identity.certificate.public_bytes(serialization.Encoding.DER)).decode()
        self._token = (
            f'<wsse:BinarySecurityToken wsu:Id="token" ValueType="{X509V3}" EncodingType="{BASE64}">{der}'
            "</wsse:BinarySecurityToken>"
        )

    def sign(self, document: bytes, message_id: str, at: datetime) -> bytes:
        """Give the envelope up to and with the start of its Body; `document` and TAIL follow."""
        message = _block("MessageID", "message", message_id)
        timestamp = (
            f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="timestamp"><wsu:Created>{_moment(at)}</wsu:Created>'
            f"<wsu:Expires>{_moment(at + LIFE)}</wsu:Expires></wsu:Timestamp>"
        )
        parts = {
            "body": _BODY + document + b"</s:Body>",
            "timestamp": timestamp.encode(),
            "message": message.encode(),
            "to": self._to.encode(),
            "action": self._action.encode(),
        }
        info = (
            f'<ds:SignedInfo xmlns:ds="{DS}"><ds:CanonicalizationMethod Algorithm="{EXCLUSIVE}"></ds:'
            f'CanonicalizationMethod><ds:SignatureMethod Algorithm="{_RSA_SHA256}"></ds:SignatureMethod>'
            f"{''.join(_reference(name, part) for name, part in parts.items())}</ds:SignedInfo>"
        )
        value = base64.b64encode(self._key.sign(info.encode(), padding.PKCS1v15(), hashes.SHA256())).decode()
        security = (
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" s:mustUnderstand="1">{self._token}{timestamp}'
            f'<ds:Signature xmlns:ds="{DS}">{info}<ds:SignatureValue>{value}</ds:SignatureValue><ds:KeyInfo>'
            f'<wsse:SecurityTokenReference><wsse:Reference URI="#token" ValueType="{X509V3}"/>'
            "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>"
        )
        head = f"{message}{self._to}{self._action}{security}"
        return f'<s:Envelope xmlns:s="{SOAP_12}"><s:Header>{head}</s:Header>'.encode() + _BODY


def _block(name: str, mark: str, text: str) -> str:
    return f'<wsa:{name} xmlns:wsa="{WSA}" xmlns:wsu="{WSU}" wsu:Id="{mark}">{text}</wsa:{name}>'


def _reference(name: str, part: bytes) -> str:
    digest = base64.b64encode(hashlib.sha256(part).digest()).decode()
    return (
        f'<ds:Reference URI="#{name}"><ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE}"></ds:Transform>'
        f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"></ds:DigestMethod><ds:DigestValue>{digest}'
        "</ds:DigestValue></ds:Reference>"
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
