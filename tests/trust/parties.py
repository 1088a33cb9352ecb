"""Keys, certificates and envelopes that the tests of trust share. Keys are made once for each process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeAlias

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from lxml import etree

from gateway.contract.message import Transport
from gateway.trust import names
from gateway.trust.certificates import RegisteredCertificate, register
from gateway.trust.envelope import build_envelope, open_envelope
from gateway.trust.keys import SigningKey, signing_key
from gateway.trust.wss import VerifiedEnvelope, sign_envelope, verify_envelope

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
LIFE = timedelta(seconds=300)
MAX_BYTES = 100_000
Edit: TypeAlias = Callable[[etree._Element], object]
"""A change to an envelope's tree."""
BUSINESS = "urn:simojo:dpupr:1.0"
NS = {"soap": names.SOAP_12, "wsa": names.WSA, "wsse": names.WSSE, "wsu": names.WSU, "ds": names.DS, "b": BUSINESS}

_MAKERS: dict[str, Callable[[], object]] = {
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
    "rsa-weak": lambda: rsa.generate_private_key(65537, 1024),  # noqa: S505 - the key that must be refused
    "rsa-exponent-3": lambda: rsa.generate_private_key(3, 2048),
    "p256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "p384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "p521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "dsa": lambda: dsa.generate_private_key(2048),
}


_PRIVATE: dict[tuple[str, int], object] = {}
_SIGNING: dict[tuple[str, int], SigningKey] = {}


def private_key(kind: str = "p256", number: int = 0) -> object:
    """A private key, the same for the same arguments; another `number` is another key of the same kind."""
    if (kind, number) not in _PRIVATE:
        _PRIVATE[kind, number] = _MAKERS[kind]()
    return _PRIVATE[kind, number]


def certificate(
    key: object,
    *,
    start: datetime = AT - timedelta(days=1),
    days: int = 365,
    usage: x509.KeyUsage | None = None,
) -> x509.Certificate:
    """A self-signed certificate over a private key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Dinas Contoh")])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())  # type: ignore[attr-defined]  # every maker above gives a private key
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    algorithm = None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256()
    return builder.sign(key, algorithm)  # type: ignore[arg-type]  # the same


def key(kind: str = "p256", number: int = 0) -> SigningKey:
    """A signing key with a certificate that is valid around AT, the same for the same arguments."""
    if (kind, number) not in _SIGNING:
        private = private_key(kind, number)
        _SIGNING[kind, number] = signing_key(private, certificate(private))
    return _SIGNING[kind, number]


def registered(signer: SigningKey, agency: str = "dpupr", revoked_at: datetime | None = None) -> RegisteredCertificate:
    return register(agency, signer.certificate, revoked_at)


def document(text: str = "Budi Contoh") -> etree._Element:
    root = etree.Element(f"{{{BUSINESS}}}Recommendation", nsmap={None: BUSINESS})
    etree.SubElement(root, f"{{{BUSINESS}}}name").text = text
    etree.SubElement(root, f"{{{BUSINESS}}}amount").text = "1000"
    return root


def envelope(
    version: Transport = Transport.SOAP_12, text: str = "Budi Contoh", *, leaf: bool = False
) -> etree._Element:
    block = etree.Element(names.LEAF, nsmap={"sl": names.LEDGER})
    block.text = "ab" * 32
    return build_envelope(
        document(text),
        version=version,
        action=f"{BUSINESS}#Recommendation",
        message_id="urn:uuid:00000000-0000-4000-8000-000000000001",
        to="https://hub.example/soap/dpupr/technical-recommendation",
        relates_to="urn:uuid:00000000-0000-4000-8000-000000000000",
        headers=[block] if leaf else [],
    )


def sign(root: etree._Element, signer: SigningKey | None = None, created: datetime = AT) -> bytes:
    return sign_envelope(root, signer or key(), created=created, expires=created + LIFE)


def verify(data: bytes, *certificates: RegisteredCertificate, at: datetime = AT) -> VerifiedEnvelope:
    return verify_envelope(open_envelope(data, max_bytes=MAX_BYTES), certificates or [registered(key())], at)


@cache
def signed() -> bytes:
    """A genuine SOAP 1.2 message with a leaf header, signed with `key()`."""
    return sign(envelope(leaf=True))


def one(root: etree._Element, path: str) -> etree._Element:
    """The one element at an XPath."""
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    assert len(found) == 1, path
    assert isinstance(found[0], etree._Element)
    return found[0]


def altered(edit: Edit, data: bytes | None = None) -> bytes:
    """The genuine message, changed on its way by somebody without the key."""
    root = etree.fromstring(data or signed())
    edit(root)
    return etree.tostring(root)


def resigned(edit: Edit, data: bytes | None = None, signer: SigningKey | None = None) -> bytes:
    """The message, changed and then signed anew over all that its template says: by the holder of the key."""
    root = etree.fromstring(data or signed())
    edit(root)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory((signer or key()).private_pem(), xmlsec.constants.KeyDataFormatPem, None)
    for bearer in root.iterfind(f".//*[@{names.WSU_ID}]"):
        context.register_id(bearer, "Id", names.WSU)
    context.sign(one(root, "//ds:Signature"))
    return etree.tostring(root)


def text(path: str, value: str) -> Edit:
    return lambda root: setattr(one(root, path), "text", value)


def attribute(path: str, name: str, value: str) -> Edit:
    return lambda root: one(root, path).set(name, value)


def removal(path: str) -> Edit:
    def remove(root: etree._Element) -> None:
        gone = one(root, path)
        parent = gone.getparent()
        assert parent is not None
        parent.remove(gone)

    return remove


def addition(path: str, xml: str) -> Edit:
    return lambda root: one(root, path).append(etree.fromstring(xml))
