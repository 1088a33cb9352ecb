"""A sender that encrypts in every form, allowed or not, over `cryptography`; and what the tests of it share."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from hashlib import sha1
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.domain.errors import GatewayError
from gateway.trust import names
from gateway.trust.envelope import open_envelope
from gateway.trust.keys import SigningKey
from gateway.trust.xml_encryption import decrypt_envelope, encrypt_envelope
from tests.trust.parties import BUSINESS, MAX_BYTES, NS, Edit, key, signed, verify

HUB = key("rsa")
XENC, XENC11 = names.XENC, names.XENC11
MGF1P = f"{XENC}rsa-oaep-mgf1p"
OAEP_11 = f"{XENC11}rsa-oaep"
SHA256 = f"{XENC}sha256"
NS["xenc"] = XENC
DATA, KEY = "//xenc:EncryptedData", "//xenc:EncryptedKey"


def decrypted(data: bytes, *keys: SigningKey) -> bytes:
    return decrypt_envelope(open_envelope(data, max_bytes=10 * MAX_BYTES), keys or [HUB])


def refused(data: bytes, *keys: SigningKey) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        decrypted(data, *keys)
    assert caught.value.text.isprintable()
    return caught.value


def code(data: bytes, *keys: SigningKey) -> str:
    return refused(data, *keys).code


def content_of(data: bytes, certificates: Any = ()) -> str:
    found = verify(data, *certificates).content.findtext(f"{{{BUSINESS}}}name")
    return found or ""


def ours() -> bytes:
    return encrypt_envelope(signed(), HUB.certificate)


# --- a sender that can write anything ---------------------------------------------------------------------------------


def thumbprint(certificate: x509.Certificate) -> str:
    value = b64encode(sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).digest()).decode()
    return (
        f'<wsse:SecurityTokenReference xmlns:wsse="{names.WSSE}"><wsse:KeyIdentifier '
        f'ValueType="{names.THUMBPRINT_SHA1}">{value}</wsse:KeyIdentifier></wsse:SecurityTokenReference>'
    )


def sent(
    plain: bytes | None = None,
    *,
    base: bytes | None = None,
    recipient: SigningKey = HUB,
    content: str = f"{XENC11}aes256-gcm",
    size: int = 32,
    transport: str = MGF1P,
    parameters: str = f'<ds:DigestMethod Algorithm="{SHA256}"/>',
    digest: hashes.HashAlgorithm | None = None,
    mask: hashes.HashAlgorithm | None = None,
    key_info: str | None = None,
    data_info: str = '<ds:KeyInfo><ds:RetrievalMethod URI="#k"/></ds:KeyInfo>',
    references: str = '<xenc:ReferenceList><xenc:DataReference URI="#d"/></xenc:ReferenceList>',
    kind: str = f"{XENC}Content",
    content_key: bytes | None = None,
) -> bytes:
    """The genuine message (or `base`), its Body's content replaced by an EncryptedData around `plain`."""
    root = etree.fromstring(base or signed())
    body, security = root[-1], root.find(f".//{names.SECURITY}")
    assert security is not None
    plain = etree.tostring(body[0], method="c14n", exclusive=True) if plain is None else plain
    chosen = content_key or secrets.token_bytes(size)
    public = recipient.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    scheme = padding.OAEP(padding.MGF1(mask or hashes.SHA1()), digest or hashes.SHA256(), None)  # noqa: S303 - the standard's own
    wrapped = b64encode(public.encrypt(chosen, scheme)).decode()
    iv = secrets.token_bytes(12)
    usable = chosen if len(chosen) in (16, 32) else secrets.token_bytes(size)
    sealed = b64encode(iv + AESGCM(usable).encrypt(iv, plain, None)).decode()
    scope = f'xmlns:xenc="{XENC}" xmlns:xenc11="{XENC11}" xmlns:ds="{names.DS}"'
    info = thumbprint(recipient.certificate) if key_info is None else key_info
    info = f"<ds:KeyInfo>{info}</ds:KeyInfo>" if info else ""
    security.insert(
        0,
        etree.fromstring(
            f'<xenc:EncryptedKey {scope} Id="k"><xenc:EncryptionMethod Algorithm="{transport}">{parameters}'
            f"</xenc:EncryptionMethod>{info}<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue>"
            f"</xenc:CipherData>{references}</xenc:EncryptedKey>"
        ),
    )
    for child in list(body):
        body.remove(child)
    body.text = None
    body.append(
        etree.fromstring(
            f'<xenc:EncryptedData {scope} Id="d" Type="{kind}"><xenc:EncryptionMethod Algorithm="{content}"/>'
            f"{data_info}"
            f"<xenc:CipherData><xenc:CipherValue>{sealed}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
        )
    )
    return etree.tostring(root)


def found(root: etree._Element, path: str) -> etree._Element:
    """The first element at an XPath."""
    elements = root.xpath(path, namespaces=NS)
    assert isinstance(elements, list)
    assert isinstance(elements[0], etree._Element)
    return elements[0]


def flipped(path: str, place: int) -> Edit:
    """One bit of the base64 in an element."""

    def edit(root: etree._Element) -> None:
        element = found(root, path)
        data = bytearray(b64decode(element.text or ""))
        data[place] ^= 1
        element.text = b64encode(bytes(data)).decode()

    return edit
