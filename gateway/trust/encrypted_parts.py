"""The encrypted parts of an envelope, read as far as their structure goes. No cryptography happens here.

What is read is narrow on purpose: one EncryptedData that is the one child of the Body, one EncryptedKey for it (in the
Security header, or in the EncryptedData's own KeyInfo), each with the cipher in place. What names the recipient's
certificate is read more widely (`gateway.trust.recipient_names`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.hashes import HashAlgorithm
from lxml import etree

from gateway.domain.errors import Malformed, Unauthenticated
from gateway.trust import names
from gateway.trust.content_key import IV_BYTES, TAG_BYTES, Names
from gateway.trust.envelope import Envelope
from gateway.trust.names import ds, wsse, xenc, xenc11
from gateway.trust.policy import check_xml_oaep, refusal, xml_content_encryption, xml_key_transport
from gateway.trust.recipient_names import recipient_names
from gateway.trust.xml import base64_of

_CONTENT_TYPES: Final = frozenset({f"{names.XENC}Content", f"{names.XENC}Element"})
"""Of a Body with one child, the content and the one element are the same octets."""

_MAX_WRAPPED_BYTES: Final = 1024
"""The longest RSA modulus that is allowed, in bytes."""

_OF_ENCRYPTION: Final = (f"{{{names.XENC}}}*", f"{{{names.XENC11}}}*", f"{{{names.WSSE11}}}EncryptedHeader")


@dataclass(frozen=True, kw_only=True)
class EncryptedBody:
    """What an envelope with an encrypted Body holds. `mask` is the hash of MGF1; the digest of RSA-OAEP is SHA-256.

    `names` tells which certificate the sender means, None where it names none. `data` ends with the tag.
    """

    data_element: etree._Element
    key_element: etree._Element
    mask: type[HashAlgorithm]
    wrapped: bytes
    names: Names | None
    content_key_bytes: int
    iv: bytes
    data: bytes


def mentions_encryption(envelope: Envelope) -> bool:
    """Say whether it has any element of XML Encryption: then all must be as `read_encrypted_body` says."""
    return next(envelope.root.iter(*_OF_ENCRYPTION), None) is not None


def read_encrypted_body(envelope: Envelope) -> EncryptedBody:
    """Read the structure and check the algorithms.

    Raises Malformed `encryption-malformed`, Unauthenticated `encryption-policy` (algorithms and forms that are refused
    by name).
    """
    data, key = _one_of_each(envelope)
    _check_attributes(data)
    if data.get("Type", f"{names.XENC}Content") not in _CONTENT_TYPES:
        raise refusal(data.get("Type", ""), "Type of EncryptedData", "encryption-policy")
    _check_key_info(data, key)
    length = xml_content_encryption(_method(data, "EncryptedData").get("Algorithm", ""))
    _check_parameters(_method(data, "EncryptedData"))
    cipher = _cipher(data)
    if len(cipher) < IV_BYTES + TAG_BYTES:
        raise malformed("the CipherValue of EncryptedData is shorter than IV and tag")
    _check_attributes(key)
    method = _method(key, "EncryptedKey")
    mask = xml_key_transport(method.get("Algorithm", ""))
    _check_oaep(method)
    _check_references(key, data)
    wrapped = _cipher(key)
    if len(wrapped) > _MAX_WRAPPED_BYTES:
        raise malformed("the CipherValue of EncryptedKey is longer than an RSA key")
    return EncryptedBody(
        data_element=data,
        key_element=key,
        mask=mask,
        wrapped=wrapped,
        names=recipient_names(key, envelope),
        content_key_bytes=length,
        iv=cipher[:IV_BYTES],
        data=cipher[IV_BYTES:],
    )


def _one_of_each(envelope: Envelope) -> tuple[etree._Element, etree._Element]:
    root = envelope.root
    if root.find(".//{*}DerivedKeyToken") is not None or root.find(f".//{xenc11('DerivedKey')}") is not None:
        raise _policy("a derived key (DerivedKey) is not read: encrypt a fresh content key by RSA-OAEP")
    found = list(root.iter(xenc("EncryptedData")))
    if len(found) != 1 or found[0] is not envelope.content:
        raise malformed(
            "exactly one EncryptedData is read, as the one child of the Body: encrypt the Body's content alone"
        )
    if root.find(f".//{{{names.WSSE11}}}EncryptedHeader") is not None:
        raise malformed("a header block is encrypted: encrypt the Body's content alone")
    keys = list(root.iter(xenc("EncryptedKey")))
    if len(keys) != 1:
        raise malformed(f"the envelope has {len(keys)} EncryptedKey; exactly one is read")
    parent = keys[0].getparent()
    in_header = (
        parent is not None
        and parent.tag == names.SECURITY
        and parent.getparent() is envelope.header
        and names.is_for_us(parent)
    )
    if not in_header and (parent is None or parent is not found[0].find(ds("KeyInfo"))):
        raise malformed("the EncryptedKey stands neither in the Security header nor in the KeyInfo of EncryptedData")
    return found[0], keys[0]


def _check_attributes(element: etree._Element) -> None:
    if "Encoding" in element.attrib or not set(element.attrib) <= {"Id", "Type", "MimeType", "Recipient", names.WSU_ID}:
        raise malformed(f"{etree.QName(element).localname} has attributes other than Id, Type, MimeType and Recipient")
    allowed = [xenc("EncryptionMethod"), ds("KeyInfo"), xenc("CipherData")]
    if element.tag == xenc("EncryptedKey"):
        allowed += [xenc("ReferenceList"), xenc("CarriedKeyName")]
    tags = [child.tag for child in element]
    if [tag for tag in allowed if tag in tags] != tags:
        raise malformed(
            f"{etree.QName(element).localname} holds other elements than XML Encryption has, or in another order"
        )


def _method(element: etree._Element, name: str) -> etree._Element:
    method = element.find(xenc("EncryptionMethod"))
    if method is None:
        raise malformed(f"{name} names no EncryptionMethod")
    return method


def _check_parameters(method: etree._Element) -> None:
    if len(method):
        raise malformed("the EncryptionMethod of EncryptedData has parameters; AES-GCM has none")


def _check_oaep(method: etree._Element) -> None:
    digest, mask = method.findall(ds("DigestMethod")), method.findall(xenc11("MGF"))
    if method.find(xenc("OAEPparams")) is not None:
        raise _policy("OAEPparams: a label of RSA-OAEP is refused: leave it out")
    if len(digest) + len(mask) != len(method) or len(digest) > 1 or len(mask) > 1:
        raise malformed("the EncryptionMethod of EncryptedKey holds other elements than DigestMethod and MGF")
    # without names both default to SHA-1 (XML Encryption 1.1, 5.5.2)
    said = digest[0].get("Algorithm", "") if digest else f"{names.DS}sha1"
    if method.get("Algorithm") == f"{names.XENC11}rsa-oaep":
        check_xml_oaep(said, mask[0].get("Algorithm", "") if mask else f"{names.XENC11}mgf1sha1")
    elif mask:
        raise malformed("rsa-oaep-mgf1p has no MGF to choose; leave it out, or use xmlenc11#rsa-oaep")
    else:
        check_xml_oaep(said, None)


def _cipher(element: etree._Element) -> bytes:
    cipher = element.find(xenc("CipherData"))
    if cipher is not None and cipher.find(xenc("CipherReference")) is not None:
        raise _policy("CipherReference: content that is fetched from elsewhere is refused: use CipherValue")
    if cipher is None or [child.tag for child in cipher] != [xenc("CipherValue")] or len(cipher[0]):
        raise malformed(f"{etree.QName(element).localname} holds no CipherData with one CipherValue")
    data = base64_of(cipher[0])
    if not data:
        raise malformed(f"the CipherValue of {etree.QName(element).localname} is not base64")
    return data


def _check_key_info(data: etree._Element, key: etree._Element) -> None:
    """What EncryptedData says of its key means the one EncryptedKey, or nothing."""
    info = data.find(ds("KeyInfo"))
    if info is None or (key.getparent() is info and len(info) == 1):
        return
    pointers = [
        *info.iterfind(f"{wsse('SecurityTokenReference')}/{wsse('Reference')}"),
        *info.iterfind(ds("RetrievalMethod")),
    ]
    identifier = key.get("Id") or key.get(names.WSU_ID)
    if len(info) != 1 or len(pointers) != 1 or pointers[0].get("URI") != f"#{identifier}":
        raise malformed("the KeyInfo of EncryptedData does not point to the EncryptedKey of this envelope")
    if len(pointers[0]):
        raise _policy("the RetrievalMethod of EncryptedData has transforms: leave them out")


def _check_references(key: etree._Element, data: etree._Element) -> None:
    references = key.find(xenc("ReferenceList"))
    if references is None:
        return
    identifier = data.get("Id") or data.get(names.WSU_ID)
    if [child.tag for child in references] != [xenc("DataReference")] or references[0].get("URI") != f"#{identifier}":
        raise malformed("the ReferenceList of EncryptedKey names other things than the EncryptedData of the Body")
    if len(references[0]):
        raise _policy("a DataReference has transforms: leave them out")


def malformed(text: str) -> Malformed:
    """Give the error for encryption that cannot be read."""
    return Malformed(f"the encryption cannot be read: {text}", code="encryption-malformed")


def _policy(text: str) -> Unauthenticated:
    return Unauthenticated(text, code="encryption-policy")
