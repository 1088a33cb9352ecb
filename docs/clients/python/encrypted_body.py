"""Encryption of a SOAP Body, for interactions that the agreement calls confidential (rahasia).

Signed first, encrypted then: AES-256-GCM for the content, RSA-OAEP with SHA-256 for its key. Decryption believes
nothing; the signature is verified afterwards, over what was decrypted.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import Certificate
from lxml import etree

XENC = "http://www.w3.org/2001/04/xmlenc#"
DS = "http://www.w3.org/2000/09/xmldsig#"
OAEP = f"{XENC}rsa-oaep-mgf1p"
CONTENT = {"http://www.w3.org/2009/xmlenc11#aes128-gcm": 16, "http://www.w3.org/2009/xmlenc11#aes256-gcm": 32}
# rsa-oaep-mgf1p fixes MGF1 to SHA-1, where it harms nothing; its digest is SHA-256.
SCHEME = padding.OAEP(mgf=padding.MGF1(SHA1()), algorithm=SHA256(), label=None)  # noqa: S303 - fixed by the standard
IV = 12
NAMES = {"xenc": XENC, "ds": DS}
TEMPLATE = f"""<xenc:EncryptedData xmlns:xenc="{XENC}" xmlns:ds="{DS}" Type="{XENC}Content">
<xenc:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>
<ds:KeyInfo><xenc:EncryptedKey>
<xenc:EncryptionMethod Algorithm="{OAEP}"><ds:DigestMethod Algorithm="{XENC}sha256"/></xenc:EncryptionMethod>
<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>
<xenc:CipherData><xenc:CipherValue>%s</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"""


class Undecipherable(Exception):
    """An answer that our key does not open, or that is encrypted in a way that is not agreed."""


def encrypt_body(envelope: etree._Element, hub: Certificate) -> None:
    """Put EncryptedData in the place of what the Body holds."""
    body = envelope.find("{*}Body")
    key, iv = os.urandom(32), os.urandom(IV)
    sealed = iv + AESGCM(key).encrypt(iv, etree.tostring(body[0], with_tail=False), None)
    wrapped = hub.public_key().encrypt(key, SCHEME)
    body[:] = [etree.fromstring(TEMPLATE % (b64encode(wrapped).decode(), b64encode(sealed).decode()))]


def decrypt_body(envelope: etree._Element, key: RSAPrivateKey) -> etree._Element:
    """Give the envelope in clear; one that is in clear already as it is."""
    body = envelope.find("{*}Body")
    data = body.find("xenc:EncryptedData", NAMES)
    if data is None:
        return envelope
    wrapped = envelope.findall(".//xenc:EncryptedKey", NAMES)
    if len(wrapped) != 1 or _method(data) not in CONTENT or _method(wrapped[0]) != OAEP:
        raise Undecipherable("the answer is encrypted in another way than was agreed")
    sealed = _cipher(data)
    try:
        content_key = key.decrypt(_cipher(wrapped[0]), SCHEME)
        clear = AESGCM(content_key).decrypt(sealed[:IV], sealed[IV:], None)
    except (ValueError, InvalidTag) as fault:
        raise Undecipherable("the answer cannot be decrypted with our key") from fault
    # Text into text, and parsed as one: moving a parsed element would let libxml2 exchange its prefixes, and then the
    # digest that was signed would not come out.
    body[:] = []
    body.text = "THE-CONTENT"
    whole = etree.tostring(envelope).replace(b">THE-CONTENT<", b">" + clear + b"<", 1)
    return etree.fromstring(whole, etree.XMLParser(resolve_entities=False, no_network=True))


def _method(element: etree._Element) -> str:
    return element.find("xenc:EncryptionMethod", NAMES).get("Algorithm")


def _cipher(element: etree._Element) -> bytes:
    return b64decode(element.findtext("xenc:CipherData/xenc:CipherValue", "", NAMES))
