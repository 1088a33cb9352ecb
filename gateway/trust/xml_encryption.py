"""XML Encryption 1.1 of the content of a signed envelope's Body, by WS-Security 1.1: signed, then encrypted.

The signature is over the plaintext. That alone names no receiver: whoever decrypts a message could encrypt it anew to
somebody else. So the hub requires of its callers, and does itself, that wsa:To is signed and is the receiver's own
address (`gateway.edge.soap.wire`); the check is not made here. EncryptedKey and EncryptedData are not signed: they are
gone before the signature is verified. Decryption, in this order:
1. structure and algorithms (`gateway.trust.encrypted_parts`)
2. which of our keys: the named one, else all RSA keys of ours
3. content key, then content; one error for whatever fails (`gateway.trust.content_key`)
4. the plaintext is one element, read by the hardened parser in the namespaces of the Body
5. the octets take the place of EncryptedData, EncryptedKey goes: what comes out is an envelope in clear, of which
   nothing has been believed yet. Every check of the gate and every defence against wrapping is for the caller to run
   on it (`open_envelope`, `verify_envelope`), as on any other.

Step 5 puts octets into octets. Moving the parsed element instead would let libxml2 exchange its prefixes for those of
the surroundings, and then the digest that was signed would not come out. Content may be written on its own, with every
namespace that it uses declared in it, or with prefixes that Envelope or Body declare; exclusive canonical form of both
is the same. Content in no namespace below a default namespace must say xmlns="" (XML Encryption 1.1, 4.5).
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha1
from xml.sax.saxutils import quoteattr

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.domain.errors import Malformed, Misconfigured
from gateway.trust import names
from gateway.trust.content_key import IV_BYTES, candidates, open_content
from gateway.trust.encrypted_parts import malformed, mentions_encryption, read_encrypted_body
from gateway.trust.envelope import Envelope, open_envelope
from gateway.trust.keys import SigningKey
from gateway.trust.names import ds, wsse, xenc
from gateway.trust.policy import (
    XML_CONTENT_ENCRYPTION,
    XML_ENCRYPTING,
    XML_KEY_TRANSPORT,
    XML_OAEP_DIGEST,
    KeyKind,
    kind_of,
)
from gateway.trust.xml import free_identifier, parse_xml, refuse_document_type

__all__ = ["RECIPIENTS", "decrypt_envelope", "encrypt_envelope", "mentions_encryption"]

RECIPIENTS = frozenset({KeyKind.RSA})
"""The kinds of key that XML is encrypted to."""

_PLACE = b"<?simojo content?>"
"""Where the plaintext goes: a processing instruction, of which the parser has left none, and no text can hold `<?`."""


def decrypt_envelope(envelope: Envelope, keys: Sequence[SigningKey]) -> bytes:
    """Give the envelope in clear, as UTF-8. `keys` are ours, the current one first.

    Raises Malformed: `encryption-malformed`, and what `parse_xml` raises for the plaintext; Unauthenticated:
    `encryption-policy`, `decryption-failed`; Misconfigured `key-not-for-encryption`.
    """
    # 1. structure
    body = read_encrypted_body(envelope)
    # 2. which key
    ours = candidates(keys, RECIPIENTS, body.names, "an encrypted SOAP message")
    # 3. decrypt
    given = [_unwrapped(key, body.wrapped, body.mask) for key in ours.keys]
    plain = open_content(given, body.content_key_bytes, iv=body.iv, data=body.data, associated=None, named=ours.named)
    # 4. one element
    _check_one_element(plain, envelope.body)
    # 5. into its place
    return _in_clear(envelope, body.data_element, body.key_element, plain)


def _unwrapped(key: SigningKey, wrapped: bytes, mask: type[HashAlgorithm]) -> bytes | None:
    try:
        return key.operations.unwrap(wrapped, SHA256, mask)
    except ValueError:
        return None


def _check_one_element(plain: bytes, body: etree._Element) -> None:
    refuse_document_type(plain)
    scope = "".join(
        f" xmlns{':' + prefix if prefix else ''}={quoteattr(name)}" for prefix, name in body.nsmap.items()
    ).encode()
    wrapped = b"<within" + scope + b">" + plain + b"</within>"
    try:
        root = parse_xml(wrapped, max_bytes=len(wrapped))
    except Malformed as fault:
        if fault.code != "xml-malformed":
            raise
        # not the parser's own words: they quote, and the sender of a copied ciphertext does not know what is in it
        raise malformed("what was decrypted is not well-formed XML in UTF-8 and the namespaces of the Body") from fault
    if len(root) != 1:
        raise malformed(f"what was decrypted holds {len(root)} elements; the agreed document is exactly one")


def _in_clear(envelope: Envelope, data: etree._Element, key: etree._Element, plain: bytes) -> bytes:
    holder = key.getparent()
    if holder is not None and holder.tag == names.SECURITY:
        _remove(holder, key)
    place = etree.ProcessingInstruction("simojo", "content")
    place.tail = data.tail
    envelope.body.replace(data, place)
    before, found, after = etree.tostring(envelope.root, encoding="UTF-8").partition(_PLACE)
    if not found:
        raise AssertionError("libxml2 writes a processing instruction as it was made")
    return before + plain + after


def _remove(parent: etree._Element, child: etree._Element) -> None:
    """Take a child out and leave the text behind it, as whoever signed before it was put in saw it."""
    tail, previous = child.tail or "", child.getprevious()
    if previous is not None:
        previous.tail = (previous.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    child.tail = None
    parent.remove(child)


# --- encrypting ---------------------------------------------------------------------------------------------------


def encrypt_envelope(signed: bytes, recipient: x509.Certificate) -> bytes:
    """Encrypt the content of the Body of a signed envelope of ours to an RSA certificate; everything else stays.

    AES-256-GCM, RSA-OAEP with SHA-256 (MGF1 with SHA-1); the certificate is named by its SHA-1 thumbprint, as
    WS-Security 1.1 has it. EncryptedKey comes first in the Security header: receivers that read the header in order
    decrypt before they verify.

    Raises Misconfigured `key-not-for-encryption` for another certificate than RSA; ValueError for an envelope without
    Security header.
    """
    public_key = recipient.public_key()
    if not isinstance(public_key, rsa.RSAPublicKey) or kind_of(public_key) is not KeyKind.RSA:
        raise Misconfigured(
            "XML is encrypted to RSA certificates of 2048 to 8192 bits alone: register one for encryption",
            code="key-not-for-encryption",
        )
    content, transport = XML_ENCRYPTING
    envelope = open_envelope(signed, max_bytes=len(signed))
    security = None if envelope.header is None else envelope.header.find(names.SECURITY)
    if security is None:
        raise ValueError("an envelope is signed before it is encrypted")
    taken = set(map(str, envelope.identifiers))
    key_id, data_id = free_identifier("key", taken), free_identifier("data", taken)
    # Written with every namespace in scope, so that prefixes in text (the codes of a Fault) mean the same on their own.
    plain = etree.tostring(envelope.content, encoding="UTF-8", xml_declaration=False, with_tail=False)
    content_key = secrets.token_bytes(XML_CONTENT_ENCRYPTION[content])
    iv = secrets.token_bytes(IV_BYTES)
    scheme = padding.OAEP(padding.MGF1(XML_KEY_TRANSPORT[transport]()), SHA256(), None)
    wrapped = public_key.encrypt(content_key, scheme)
    sealed = iv + AESGCM(content_key).encrypt(iv, plain, None)
    security.insert(0, _encrypted_key(key_id, data_id, transport, recipient, wrapped))
    data = _encrypted_data(data_id, key_id, content, sealed)
    data.tail = envelope.content.tail
    envelope.body.replace(envelope.content, data)
    return etree.tostring(envelope.root, xml_declaration=True, encoding="UTF-8")


def _encrypted_key(
    key_id: str, data_id: str, transport: str, recipient: x509.Certificate, wrapped: bytes
) -> etree._Element:
    prefixes = {"xenc": names.XENC, "ds": names.DS, "wsse": names.WSSE}
    root = etree.Element(xenc("EncryptedKey"), nsmap=prefixes, Id=key_id)
    method = etree.SubElement(root, xenc("EncryptionMethod"), Algorithm=transport)
    etree.SubElement(method, ds("DigestMethod"), Algorithm=XML_OAEP_DIGEST)
    reference = _token_reference(root)
    kinds = {"ValueType": names.THUMBPRINT_SHA1, "EncodingType": names.BASE64}
    identifier = etree.SubElement(reference, wsse("KeyIdentifier"), kinds)
    thumbprint = sha1(recipient.public_bytes(Encoding.DER), usedforsecurity=False).digest()
    identifier.text = b64encode(thumbprint).decode()
    _cipher_value(root, wrapped)
    etree.SubElement(etree.SubElement(root, xenc("ReferenceList")), xenc("DataReference"), URI=f"#{data_id}")
    return root


def _encrypted_data(data_id: str, key_id: str, content: str, sealed: bytes) -> etree._Element:
    root = etree.Element(
        xenc("EncryptedData"),
        nsmap={"xenc": names.XENC, "ds": names.DS, "wsse": names.WSSE, "wsse11": names.WSSE11},
        Id=data_id,
        Type=f"{names.XENC}Content",
    )
    etree.SubElement(root, xenc("EncryptionMethod"), Algorithm=content)
    reference = _token_reference(root)
    reference.set(f"{{{names.WSSE11}}}TokenType", names.ENCRYPTED_KEY_TOKEN)
    etree.SubElement(reference, wsse("Reference"), URI=f"#{key_id}")
    _cipher_value(root, sealed)
    return root


def _token_reference(parent: etree._Element) -> etree._Element:
    info = etree.SubElement(parent, ds("KeyInfo"))
    return etree.SubElement(info, wsse("SecurityTokenReference"))


def _cipher_value(parent: etree._Element, data: bytes) -> None:
    etree.SubElement(etree.SubElement(parent, xenc("CipherData")), xenc("CipherValue")).text = b64encode(data).decode()
