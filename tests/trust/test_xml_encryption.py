"""Encrypting the Body of a signed envelope, and decrypting one: each algorithm and each form that is read.

What the sender writes is made by hand (`tests.trust.encrypting`); that libxmlsec reads what we write, and we what it
writes, is tested with the code of the harness (`tests/conformance/test_signing_encryption.py`).
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.contract.message import Transport
from gateway.domain.errors import Misconfigured
from gateway.trust import names
from gateway.trust.envelope import open_envelope
from gateway.trust.keys import SigningKey
from gateway.trust.xml_encryption import encrypt_envelope, mentions_encryption
from tests.trust.encrypting import (
    HUB,
    OAEP_11,
    SHA256,
    XENC,
    XENC11,
    code,
    content_of,
    decrypted,
    ours,
    sent,
    thumbprint,
)
from tests.trust.parties import BUSINESS, MAX_BYTES, document, envelope, key, registered, sign, signed

# --- what works -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [Transport.SOAP_11, Transport.SOAP_12])
@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_what_is_encrypted_is_decrypted_to_what_was_signed(version: Transport, kind: str) -> None:
    whole = sign(envelope(version, "Siti <&> Contoh"), key(kind))
    encrypted = encrypt_envelope(whole, HUB.certificate)
    assert b"Siti" in whole
    assert b"Siti" not in encrypted
    assert mentions_encryption(open_envelope(encrypted, max_bytes=MAX_BYTES))
    assert not mentions_encryption(open_envelope(whole, max_bytes=MAX_BYTES))
    assert content_of(decrypted(encrypted), [registered(key(kind))]) == "Siti <&> Contoh"


def test_nothing_but_the_two_elements_is_added_and_the_key_comes_first() -> None:
    root = etree.fromstring(ours())
    security = root.find(f".//{names.SECURITY}")
    assert security is not None
    assert security[0].tag == f"{{{XENC}}}EncryptedKey"
    body = root[-1]
    assert [child.tag for child in body] == [f"{{{XENC}}}EncryptedData"]
    assert body[0].get("Type") == f"{XENC}Content"
    reference = security[0].find(f".//{{{XENC}}}DataReference")
    assert reference is not None
    assert reference.get("URI") == f"#{body[0].get('Id')}"


def test_every_encryption_has_a_key_and_an_iv_of_its_own() -> None:
    values = [tuple(each.text for each in etree.fromstring(ours()).iter(f"{{{XENC}}}CipherValue")) for _ in range(3)]
    assert len({part for pair in values for part in pair}) == 6


@pytest.mark.parametrize(
    ("name", "said"),
    {
        "aes128": {"content": f"{XENC11}aes128-gcm", "size": 16},
        "aes256": {},
        "rsa-oaep of 1.1": {
            "transport": OAEP_11,
            "mask": hashes.SHA256(),
            "parameters": f'<ds:DigestMethod Algorithm="{SHA256}"/><xenc11:MGF Algorithm="{XENC11}mgf1sha256"/>',
        },
        "type element": {"kind": f"{XENC}Element"},
        "no key info on the data": {"data_info": ""},
        "no reference list": {"references": ""},
        "token reference on the data": {
            "data_info": f'<ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse="{names.WSSE}">'
            '<wsse:Reference URI="#k"/></wsse:SecurityTokenReference></ds:KeyInfo>'
        },
    }.items(),
)
def test_every_allowed_form_is_read(name: str, said: dict[str, Any]) -> None:
    assert content_of(decrypted(sent(**said))) == "Budi Contoh"


def _identifier(value_type: str, value: bytes) -> str:
    return (
        f'<wsse:SecurityTokenReference xmlns:wsse="{names.WSSE}"><wsse:KeyIdentifier ValueType="{value_type}">'
        f"{b64encode(value).decode()}</wsse:KeyIdentifier></wsse:SecurityTokenReference>"
    )


def _hints(certificate: x509.Certificate) -> dict[str, str]:
    der = certificate.public_bytes(Encoding.DER)
    serial = (
        "<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName>"
        f"<ds:X509SerialNumber>{certificate.serial_number}</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
    )
    return {
        "thumbprint": thumbprint(certificate),
        "certificate by key identifier": _identifier(names.X509_V3, der),
        "issuer and serial": f'<w:SecurityTokenReference xmlns:w="{names.WSSE}">{serial}</w:SecurityTokenReference>',
        "issuer and serial alone": serial,
        "certificate": f"<ds:X509Data><ds:X509Certificate>{b64encode(der).decode()}</ds:X509Certificate></ds:X509Data>",
        "subject key identifier": f"<ds:X509Data><ds:X509SKI>{b64encode(b'none').decode()}</ds:X509SKI></ds:X509Data>",
        "identifier of a kind that nobody knows": _identifier("urn:other", b"x"),
        "key name": "<ds:KeyName>dpmptsp</ds:KeyName>",
        "nothing": "",
        "no base64": "<ds:X509Data><ds:X509Certificate>!!</ds:X509Certificate></ds:X509Data>",
        "no number": serial.replace(f">{certificate.serial_number}<", ">x<"),
    }


@pytest.mark.parametrize("name", _hints(HUB.certificate))
def test_whatever_names_the_certificate_is_a_hint_and_the_right_one_of_two_keys_decrypts(name: str) -> None:
    data = sent(key_info=_hints(HUB.certificate)[name])
    assert content_of(decrypted(data, key("rsa", 1), HUB)) == "Budi Contoh"
    assert content_of(decrypted(data, HUB, key("rsa", 1))) == "Budi Contoh"
    assert code(data, key("rsa", 1)) == "decryption-failed"


def test_a_hint_at_another_certificate_over_the_same_key_does_not_matter() -> None:
    data = sent(key_info=thumbprint(key("rsa", 1).certificate))
    assert content_of(decrypted(data)) == "Budi Contoh"


def test_an_encrypted_key_inside_the_encrypted_data_is_read() -> None:
    root = etree.fromstring(sent(data_info="<ds:KeyInfo/>", references=""))
    info = root.find(f".//{{{XENC}}}EncryptedData/{{{names.DS}}}KeyInfo")
    moved = root.find(f".//{{{XENC}}}EncryptedKey")
    assert info is not None
    assert moved is not None
    info.append(moved)
    assert content_of(decrypted(etree.tostring(root))) == "Budi Contoh"


# --- namespaces -------------------------------------------------------------------------------------------------------

PREFIXED = f'<p:Recommendation xmlns:p="{BUSINESS}"><p:name>Budi Contoh</p:name></p:Recommendation>'


def _inheriting(body_prefix: str) -> bytes:
    """A signed message whose document uses prefixes that Envelope and Body declare."""
    root = envelope()
    body = root[-1]
    for child in list(body):
        body.remove(child)
    # the same namespace under two prefixes, of which a tree that is moved about keeps one
    outer = etree.fromstring(
        etree.tostring(root).replace(
            b"<soap:Body", f'<soap:Body xmlns:{body_prefix}="{BUSINESS}" xmlns:zz="{BUSINESS}"'.encode()
        )
    )
    inner = PREFIXED.replace(f' xmlns:p="{BUSINESS}"', "") if body_prefix == "p" else PREFIXED
    whole = etree.tostring(outer).replace(b"></soap:Body>", b">" + inner.encode() + b"</soap:Body>")
    if b"</soap:Body>" not in whole:
        whole = etree.tostring(outer).replace(
            b"/></soap:Envelope>", b">" + inner.encode() + b"</soap:Body></soap:Envelope>"
        )
    return sign(etree.fromstring(whole))


@pytest.mark.parametrize(
    ("prefix", "written"),
    {
        "on its own, in exclusive form": ("p", None),
        "with prefixes that the Body declares": ("p", PREFIXED.replace(f' xmlns:p="{BUSINESS}"', "")),
        "where the Body has another prefix for it": ("a", PREFIXED),
        "with every namespace in scope": (
            "p",
            PREFIXED.replace(
                "<p:Recommendation", f'<p:Recommendation xmlns:zz="{BUSINESS}" xmlns:soap="{names.SOAP_12}"'
            ),
        ),
    }.values(),
    ids=["exclusive", "inherited", "other prefix", "inclusive"],
)
def test_the_digest_that_was_signed_comes_out_however_the_content_was_written(prefix: str, written: str | None) -> None:
    base = _inheriting(prefix)
    assert content_of(base) == "Budi Contoh"
    plain = None if written is None else written.encode()
    assert content_of(decrypted(sent(plain, base=base))) == "Budi Contoh"
    assert content_of(decrypted(encrypt_envelope(base, HUB.certificate))) == "Budi Contoh"


def test_white_space_around_the_document_is_kept_as_it_was_signed() -> None:
    root = envelope()
    root[-1].text, root[-1][0].tail = "\n  ", "\n"
    base = sign(root)
    assert content_of(decrypted(encrypt_envelope(base, HUB.certificate))) == "Budi Contoh"
    whole = b"\n  " + etree.tostring(document()) + b"\n"
    assert content_of(decrypted(sent(whole, base=base))) == "Budi Contoh"


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_xml_is_encrypted_to_rsa_alone(kind: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        encrypt_envelope(signed(), key(kind).certificate)
    assert caught.value.code == "key-not-for-encryption"


def test_a_hub_with_an_ec_key_says_which_setting_to_change() -> None:
    with pytest.raises(Misconfigured) as caught:
        decrypted(ours(), key("p256"))
    assert caught.value.code == "key-not-for-encryption"
    assert "SIMOJO_SIGNING_KEY_FILE" in caught.value.text


def test_a_key_in_a_token_is_asked_and_never_taken_out() -> None:
    """What `KeyOperations` has is all that decryption uses."""
    asked: list[tuple[type[hashes.HashAlgorithm], type[hashes.HashAlgorithm]]] = []

    class Token:
        def public_key(self) -> Any:
            return HUB.operations.public_key()

        def sign(self, *_: Any) -> bytes:
            raise AssertionError("decryption signs nothing")

        def agree(self, *_: Any) -> bytes:
            raise AssertionError("RSA agrees on nothing")

        def unwrap(self, wrapped: bytes, digest: Any, mask: Any) -> bytes:
            asked.append((digest, mask))
            return HUB.operations.unwrap(wrapped, digest, mask)

    in_token = SigningKey(Token(), HUB.certificate, HUB.kind)
    assert content_of(decrypted(ours(), in_token)) == "Budi Contoh"
    assert asked == [(hashes.SHA256, hashes.SHA1)]


def test_an_unsigned_envelope_is_not_encrypted() -> None:
    with pytest.raises(ValueError, match="signed"):
        encrypt_envelope(etree.tostring(envelope()), HUB.certificate)
