"""The genuine message of the tests of trust, for each SOAP version and kind of key."""

from __future__ import annotations

from functools import cache

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from gateway.contract.message import Transport
from gateway.trust import names
from tests.trust.parties import document, envelope, key, sign
from tests.trust.wrapping.scene import Genuine, wsa


def add_reply_to(root: etree._Element) -> None:
    """Put a wsa:ReplyTo (anonymous) into an unsigned envelope, so that it is one of the signed parts."""
    (header,) = root.findall(f"{{{etree.QName(root).namespace}}}Header")
    block = etree.SubElement(header, wsa("ReplyTo"))
    etree.SubElement(block, wsa("Address")).text = names.WSA_ANONYMOUS


@cache
def genuine(version: Transport = Transport.SOAP_12, kind: str = "p256") -> Genuine:
    """A message with every addressing block and a leaf header, signed by `key(kind)`."""
    signer, stranger = key(kind), key(kind, 1)
    root = envelope(version, leaf=True)
    add_reply_to(root)
    return Genuine(
        data=sign(root, signer),
        key_pem=signer.private_pem(),
        certificate_der=signer.certificate_der,
        public_pem=signer.certificate.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        stranger_pem=stranger.private_pem(),
        stranger_der=stranger.certificate_der,
        evil_document=lambda: document("Penipu Contoh"),
    )
