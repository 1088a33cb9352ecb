"""A client that signs wrongly, really: each mistake is made with the key, and everything else is right."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.hashes import SHA256, HashAlgorithm
from lxml import etree

from gateway.trust.diagnosis import Finding, Mistake, Step, explain_envelope
from gateway.trust.keys import SigningKey
from gateway.trust.xml import canonical
from tests.trust.parties import AT, envelope, key, one, registered, sign

Octets = Callable[[etree._Element], bytes]
Signs = Callable[[bytes], bytes]


def b64(data: bytes) -> str:
    return b64encode(data).decode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def inclusive(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=False, with_comments=False)


def pkcs1(data: bytes, algorithm: HashAlgorithm | None = None, signer: SigningKey | None = None) -> bytes:
    private = (signer or key("rsa")).private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(data, padding.PKCS1v15(), algorithm or SHA256())


def pss(data: bytes) -> bytes:
    private = key("rsa").private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    return private.sign(data, padding.PSS(padding.MGF1(SHA256()), padding.PSS.MAX_LENGTH), SHA256())


def bare_hash(data: bytes) -> bytes:
    """What openssl_private_encrypt(hash) gives: PKCS#1 type 1 padding around the digest alone, by hand."""
    private = key("rsa").private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    numbers = private.private_numbers()
    modulus, size = numbers.public_numbers.n, private.key_size // 8
    digest = sha256(data)
    block = b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest
    return pow(int.from_bytes(block), numbers.d, modulus).to_bytes(size)


def ecdsa_der(data: bytes) -> bytes:
    private = key("p256").private_key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return private.sign(data, ec.ECDSA(SHA256()))


def ecdsa(data: bytes) -> bytes:
    r, s = utils.decode_dss_signature(ecdsa_der(data))
    return r.to_bytes(32) + s.to_bytes(32)


def tree(root: etree._Element | None = None, signer: SigningKey | None = None) -> etree._Element:
    """A signed message in which, as with many clients, more namespaces are declared than its parts use."""
    said = etree.tostring(envelope() if root is None else root)
    wider = said.replace(b"<soap:Envelope", b'<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"', 1)
    return etree.fromstring(sign(etree.fromstring(wider), signer or key("rsa")))


def body_of(root: etree._Element) -> etree._Element:
    return one(root, "//soap:Body")


def finish(
    root: etree._Element,
    *,
    octets: Octets = canonical,
    signs: Signs = pkcs1,
    write: Callable[[bytes], str] = b64,
) -> bytes:
    """Sign SignedInfo as it stands now and send the tree."""
    one(root, "//ds:SignatureValue").text = write(signs(octets(one(root, "//ds:SignedInfo"))))
    return etree.tostring(root)


def digested(
    octets: Octets,
    *,
    root: etree._Element | None = None,
    make: Callable[[bytes], bytes] = sha256,
    write: Callable[[bytes], str] = b64,
    part: str = "//soap:Body",
) -> bytes:
    """Send a message whose part (the Body) was digested over other octets, or in another way."""
    made = tree() if root is None else root
    element = one(made, part)
    identifier = next(value for name, value in element.attrib.items() if str(name).endswith("Id"))
    one(made, f"//ds:Reference[@URI='#{identifier}']/ds:DigestValue").text = write(make(octets(element)))
    return finish(made)


def explained(data: bytes, *signers: SigningKey) -> tuple[Finding, ...]:
    return explain_envelope(data, [registered(each) for each in signers or [key("rsa")]], AT)


def failed(findings: Sequence[Finding]) -> list[tuple[Step, Mistake | None]]:
    return [(each.step, each.mistake) for each in findings if not each.passed]


def the_failure(findings: Sequence[Finding]) -> Finding:
    found = [each for each in findings if not each.passed]
    assert len(found) == 1, failed(findings)
    return found[0]
