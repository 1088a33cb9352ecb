"""Encryption as an agency does it: the Body of a signed envelope by xmlsec, a signed JSON body as a compact JWE.

Both are signed first and encrypted then. Read is what the hub writes and what the hub's guide allows:
    XML     AES-128 or 256-GCM, RSA-OAEP with SHA-256 (rsa-oaep-mgf1p, or xmlenc11#rsa-oaep with MGF1-SHA-256)
    JWE     RSA-OAEP-256 or ECDH-ES, with A256GCM or A128GCM
An agency has one key, so what a message says of its recipient's certificate is not looked at.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

import xmlsec
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from conformance.signing import soap
from conformance.signing.keys import Identity
from conformance.signing.wss import BASE64, DS, SHA256, WSSE
from gateway.domain.errors import Malformed, Unauthenticated

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
OAEP = f"{XENC}rsa-oaep-mgf1p"
THUMBPRINT = "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
JOSE = "application/jose"

_CONTENT = {f"{XENC11}aes128-gcm": 16, f"{XENC11}aes256-gcm": 32}
_TRANSPORT = frozenset({OAEP, f"{XENC11}rsa-oaep"})
_ENC = {"A128GCM": 16, "A256GCM": 32}
_CURVES = {"P-256": (ec.SECP256R1(), 32), "P-384": (ec.SECP384R1(), 48)}
_OAEP_256 = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


# --- SOAP ---------------------------------------------------------------------------------------------------------


def is_encrypted(data: bytes) -> bool:
    """Tell whether the Body of an envelope is encrypted."""
    return soap.body_child(data).tag == f"{{{XENC}}}EncryptedData"


def encrypt_body(signed: bytes, certificate: x509.Certificate) -> bytes:
    """Encrypt the content of the Body of a signed envelope to an RSA certificate. Raises Unauthenticated."""
    root = soap.parse(signed)
    body = root.find("{*}Body")
    security = root.find(f"{{*}}Header/{{{WSSE}}}Security")
    if body is None or security is None or not isinstance(certificate.public_key(), rsa.RSAPublicKey):
        raise Unauthenticated("a signed envelope is encrypted, to an RSA certificate", code="key-unfit")
    data = xmlsec.template.encrypted_data_create(
        root, xmlsec.constants.TransformAes256Gcm, type=xmlsec.constants.TypeEncContent, ns="xenc"
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(data)
    # the library encrypts the content key where KeyInfo holds a template for that; WS-Security wants it in the header
    info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
    info.append(_key_template())
    manager = xmlsec.KeysManager()
    public = certificate.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    manager.add_key(xmlsec.Key.from_memory(public, xmlsec.constants.KeyDataFormatPem))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(xmlsec.constants.KeyDataAes, 256, xmlsec.constants.KeyDataTypeSession)
    try:
        context.encrypt_xml(data, body)
    except xmlsec.Error as fault:
        raise Unauthenticated(f"cannot encrypt the Body ({fault})", code="key-unfit") from fault
    return _key_into_header(etree.tostring(root), certificate)


def _key_into_header(data: bytes, certificate: x509.Certificate) -> bytes:
    root = soap.parse(data)  # anew: lxml does not find by name what the library has written
    security = root.find(f"{{*}}Header/{{{WSSE}}}Security")
    encrypted = root.find(f"{{*}}Body/{{{XENC}}}EncryptedData")
    info = root.find(f"{{*}}Body/{{{XENC}}}EncryptedData/{{{DS}}}KeyInfo")
    if security is None or encrypted is None or info is None:
        raise AssertionError("the library writes what the template says")
    encrypted.set("Id", "encrypted")
    key = info[0]
    encrypted.remove(info)
    key.insert(1, _names(certificate))
    etree.SubElement(etree.SubElement(key, f"{{{XENC}}}ReferenceList"), f"{{{XENC}}}DataReference", URI="#encrypted")
    security.insert(0, key)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def decrypt_body(data: bytes, identity: Identity) -> bytes:
    """Give an envelope in clear. Raises Malformed or Unauthenticated (`algorithm-forbidden`, `decryption-failed`)."""
    root = soap.parse(data)
    encrypted = root.find(f"{{*}}Body/{{{XENC}}}EncryptedData")
    key = root.find(f"{{*}}Header/{{{WSSE}}}Security/{{{XENC}}}EncryptedKey")
    if encrypted is None or key is None or len(list(root.iter(f"{{{XENC}}}CipherValue"))) != 2:
        raise Malformed("one EncryptedKey in the header and one EncryptedData in the Body are read", code="malformed")
    _check(encrypted, _CONTENT)
    _check(key, _TRANSPORT)
    digest = key.find(f"{{{XENC}}}EncryptionMethod/{{{DS}}}DigestMethod")
    if digest is None or digest.get("Algorithm") != SHA256:
        raise Unauthenticated("the digest of RSA-OAEP is not SHA-256", code="algorithm-forbidden", clause="security")
    # the library would look for the key by what KeyInfo says; it is the one that we have
    for each in (encrypted, key):
        for info in each.findall(f"{{{DS}}}KeyInfo"):
            each.remove(info)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(identity.key_pem, xmlsec.constants.KeyDataFormatPem))
    try:
        content_key: object = xmlsec.EncryptionContext(manager).decrypt(key)  # bytes, of a key
        if not isinstance(content_key, bytes):
            raise Malformed("the EncryptedKey holds no key", code="malformed")
        context = xmlsec.EncryptionContext()
        context.key = xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataAes, content_key)
        context.decrypt(encrypted)
    except xmlsec.Error as fault:
        raise Unauthenticated(
            "the Body cannot be decrypted with our key", code="decryption-failed", clause="security"
        ) from fault
    security = key.getparent()
    if security is not None:
        security.remove(key)
    return etree.tostring(root, encoding="UTF-8")


def _key_template() -> etree._Element:
    root = etree.Element(f"{{{XENC}}}EncryptedKey", nsmap={"xenc": XENC, "ds": DS})
    method = etree.SubElement(root, f"{{{XENC}}}EncryptionMethod", Algorithm=OAEP)
    etree.SubElement(method, f"{{{DS}}}DigestMethod", Algorithm=SHA256)
    etree.SubElement(etree.SubElement(root, f"{{{XENC}}}CipherData"), f"{{{XENC}}}CipherValue")
    return root


def _names(certificate: x509.Certificate) -> etree._Element:
    """A KeyInfo that names the recipient's certificate by its thumbprint (WS-Security 1.1)."""
    info = etree.Element(f"{{{DS}}}KeyInfo", nsmap={"ds": DS, "wsse": WSSE})
    holder = etree.SubElement(info, f"{{{WSSE}}}SecurityTokenReference")
    named = etree.SubElement(holder, f"{{{WSSE}}}KeyIdentifier", ValueType=THUMBPRINT, EncodingType=BASE64)
    der = certificate.public_bytes(serialization.Encoding.DER)
    named.text = base64.b64encode(hashlib.sha1(der, usedforsecurity=False).digest()).decode()
    return info


def _check(element: etree._Element, allowed: Any) -> None:
    method = element.find(f"{{{XENC}}}EncryptionMethod")
    name = "" if method is None else method.get("Algorithm", "")
    if name not in allowed:
        raise Unauthenticated(f"{name} is not allowed: use {', '.join(sorted(allowed))}", code="algorithm-forbidden")


# --- REST ---------------------------------------------------------------------------------------------------------


def encrypt_json(body: bytes, certificate: x509.Certificate, *, cty: str = "json", enc: str = "A256GCM") -> bytes:
    """Encrypt a body to a certificate: RSA-OAEP-256, or ECDH-ES for an EC key. Raises Unauthenticated for others."""
    public, length = certificate.public_key(), _ENC[enc]
    thumbprint = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
    header: dict[str, Any] = {"enc": enc, "cty": cty, "x5t#S256": _text(thumbprint)}
    if isinstance(public, rsa.RSAPublicKey):
        content_key = secrets.token_bytes(length)
        header["alg"], wrapped = "RSA-OAEP-256", public.encrypt(content_key, _OAEP_256)
    elif isinstance(public, ec.EllipticCurvePublicKey):
        own = ec.generate_private_key(public.curve)
        numbers, size = own.public_key().public_numbers(), public.curve.key_size // 8
        point = {"x": _text(numbers.x.to_bytes(size)), "y": _text(numbers.y.to_bytes(size))}
        header |= {"alg": "ECDH-ES", "epk": {"kty": "EC", "crv": f"P-{public.curve.key_size}", **point}}
        content_key, wrapped = _agreed(own.exchange(ec.ECDH(), public), enc, length), b""
    else:
        raise Unauthenticated("a body is encrypted to RSA or EC certificates", code="key-unfit")
    protected = _text(json.dumps(header, separators=(",", ":")).encode())
    iv = secrets.token_bytes(12)
    sealed = AESGCM(content_key).encrypt(iv, body, protected.encode())
    return ".".join((protected, *map(_text, (wrapped, iv, sealed[:-16], sealed[-16:])))).encode()


def decrypt_json(token: bytes, identity: Identity) -> bytes:
    """Decrypt a compact JWE. Raises Malformed or Unauthenticated (`algorithm-forbidden`, `decryption-failed`)."""
    try:
        protected, *parts = token.decode("ascii").split(".")
        wrapped, iv, data, tag = (_octets(each) for each in parts)
        header = json.loads(_octets(protected))
        length = _ENC[header["enc"]]
        method = header["alg"]
    except (ValueError, KeyError, TypeError) as fault:
        raise Malformed("the body is no compact JWE with alg and enc that are allowed", code="malformed") from fault
    try:
        if method == "RSA-OAEP-256" and isinstance(identity.key, rsa.RSAPrivateKey):
            content_key = identity.key.decrypt(wrapped, _OAEP_256)
        elif method == "ECDH-ES" and isinstance(identity.key, ec.EllipticCurvePrivateKey):
            content_key = _agreed(identity.key.exchange(ec.ECDH(), _point(header["epk"])), header["enc"], length)
        else:
            raise Unauthenticated(f"alg {str(method)[:40]!r} does not go with our key", code="algorithm-forbidden")
        return AESGCM(content_key).decrypt(iv, data + tag, protected.encode())
    except (ValueError, KeyError, TypeError, InvalidTag) as fault:
        raise Unauthenticated("the body cannot be decrypted with our key", code="decryption-failed") from fault


def _agreed(secret: bytes, enc: str, length: int) -> bytes:
    """One round of the Concat KDF is enough for 32 bytes (RFC 7518, 4.6.2), with empty party information."""
    info = len(enc).to_bytes(4) + enc.encode() + bytes(8) + (8 * length).to_bytes(4)
    return hashlib.sha256((1).to_bytes(4) + secret + info).digest()[:length]


def _point(jwk: Any) -> ec.EllipticCurvePublicKey:
    curve, _ = _CURVES[jwk["crv"]]
    x, y = (int.from_bytes(_octets(jwk[name])) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, curve).public_key()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _octets(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
