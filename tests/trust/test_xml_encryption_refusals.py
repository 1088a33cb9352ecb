"""Encrypted envelopes that are refused: each tampering, each algorithm and each shape by its name, in bounded time."""

from __future__ import annotations

import secrets
import statistics
import time
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives import hashes
from lxml import etree

from gateway.domain.errors import GatewayError
from gateway.trust import names
from gateway.trust.envelope import open_envelope
from gateway.trust.xml_encryption import decrypt_envelope
from tests.trust.encrypting import (
    DATA,
    HUB,
    KEY,
    OAEP_11,
    SHA256,
    XENC,
    XENC11,
    code,
    decrypted,
    flipped,
    found,
    ours,
    refused,
    sent,
    thumbprint,
)
from tests.trust.parties import (
    MAX_BYTES,
    Edit,
    addition,
    altered,
    attribute,
    document,
    key,
    removal,
    signed,
    text,
    verify,
)

# --- tampering --------------------------------------------------------------------------------------------------------


def test_every_flipped_bit_gives_the_same_answer() -> None:
    cipher, wrapped = f"{DATA}//xenc:CipherValue", f"{KEY}//xenc:CipherValue"
    faults = {
        "iv": refused(altered(flipped(cipher, 0), ours())),
        "ciphertext": refused(altered(flipped(cipher, 20), ours())),
        "tag": refused(altered(flipped(cipher, -1), ours())),
        "key": refused(altered(flipped(wrapped, 100), ours())),
        "key's first byte": refused(altered(flipped(wrapped, 0), ours())),
        "key of another": refused(altered(text(wrapped, b64encode(secrets.token_bytes(256)).decode()), ours())),
        "key of another length": refused(altered(text(wrapped, b64encode(b"x" * 100).decode()), ours())),
        "content key of another length": refused(sent(content_key=secrets.token_bytes(24))),
        "content key of the shorter algorithm": refused(sent(content_key=secrets.token_bytes(16))),
        "another recipient": refused(sent(recipient=key("rsa", 1), key_info=thumbprint(HUB.certificate))),
        "MGF1 of another hash": refused(sent(mask=hashes.SHA256())),
        "digest of another hash": refused(sent(digest=hashes.SHA1())),  # noqa: S303 - what must be refused
    }
    assert {(type(each), each.code, each.text) for each in faults.values()} == {
        (type(faults["tag"]), "decryption-failed", faults["tag"].text)
    }


def test_a_wrong_key_takes_as_long_as_a_wrong_tag() -> None:
    """Not a proof, but it would show a step that is left out: RSA alone takes most of the time."""
    wrong_tag = open_envelope(altered(flipped(f"{DATA}//xenc:CipherValue", -1), ours()), max_bytes=MAX_BYTES)
    wrong_key = open_envelope(altered(flipped(f"{KEY}//xenc:CipherValue", 9), ours()), max_bytes=MAX_BYTES)
    took: dict[str, list[float]] = {"tag": [], "key": []}
    for _ in range(30):
        for name, said in (("tag", wrong_tag), ("key", wrong_key)):
            start = time.perf_counter()
            with pytest.raises(GatewayError):
                decrypt_envelope(said, [HUB])
            took[name].append(time.perf_counter() - start)
    tag, wrapped = statistics.median(took["tag"]), statistics.median(took["key"])
    assert 0.5 < tag / wrapped < 2


ELSEWHERE = f'<x:CipherData xmlns:x="{XENC}"><x:CipherReference URI="#a"/></x:CipherData>'


def replaced(path: str, xml: str) -> Edit:
    def edit(root: etree._Element) -> None:
        gone = found(root, path)
        parent = gone.getparent()
        assert parent is not None
        parent.replace(gone, etree.fromstring(xml))

    return edit


def moved(path: str, to: str) -> Edit:
    return lambda root: found(root, to).append(found(root, path))


def copied(path: str) -> Edit:
    def edit(root: etree._Element) -> None:
        original = found(root, path)
        copy = etree.fromstring(etree.tostring(original))
        copy.set("Id", "another")
        parent = original.getparent()
        assert parent is not None
        parent.append(copy)

    return edit


def _swapped(root: etree._Element) -> None:
    """The EncryptedData among the header blocks, and a document in clear in its place."""
    found(root, "//soap:Header").append(found(root, DATA))
    found(root, "//soap:Body").append(document("Orang Lain"))


def method(path: str, name: str) -> Edit:
    return attribute(f"{path}/xenc:EncryptionMethod", "Algorithm", name)


POLICY: dict[str, bytes] = {
    "aes128-cbc": altered(method(DATA, f"{XENC}aes128-cbc"), ours()),
    "aes256-cbc": altered(method(DATA, f"{XENC}aes256-cbc"), ours()),
    "tripledes-cbc": altered(method(DATA, f"{XENC}tripledes-cbc"), ours()),
    "aes192-gcm": altered(method(DATA, f"{XENC11}aes192-gcm"), ours()),
    "no content algorithm": altered(method(DATA, ""), ours()),
    "rsa-1_5": altered(method(KEY, f"{XENC}rsa-1_5"), ours()),
    "kw-aes256": altered(method(KEY, f"{XENC}kw-aes256"), ours()),
    "sha1 digest": sent(parameters=f'<ds:DigestMethod Algorithm="{names.DS}sha1"/>'),
    "sha1 digest by default": sent(parameters=""),
    "mgf1sha1": sent(
        transport=OAEP_11,
        parameters=f'<ds:DigestMethod Algorithm="{SHA256}"/><xenc11:MGF Algorithm="{XENC11}mgf1sha1"/>',
    ),
    "mgf1sha1 by default": sent(transport=OAEP_11),
    "OAEPparams": sent(parameters=f'<ds:DigestMethod Algorithm="{SHA256}"/><xenc:OAEPparams>AAAA</xenc:OAEPparams>'),
    "type of something else": sent(kind=f"{XENC}EncryptedKey"),
    "CipherReference": altered(replaced(f"{DATA}/xenc:CipherData", ELSEWHERE), ours()),
    "CipherReference of the key": altered(replaced(f"{KEY}/xenc:CipherData", ELSEWHERE), ours()),
    "DerivedKey": sent(data_info="<ds:KeyInfo><xenc11:DerivedKey/></ds:KeyInfo>"),
    "transforms of the RetrievalMethod": sent(
        data_info='<ds:KeyInfo><ds:RetrievalMethod URI="#k"><ds:Transforms><ds:Transform '
        'Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></ds:Transforms></ds:RetrievalMethod></ds:KeyInfo>'
    ),
    "transforms of the DataReference": sent(
        references='<xenc:ReferenceList><xenc:DataReference URI="#d"><ds:Transforms/></xenc:DataReference>'
        "</xenc:ReferenceList>"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", POLICY)
def test_what_is_not_allowed_is_refused_by_name(name: str) -> None:
    assert code(POLICY[name]) == "encryption-policy"


def test_the_refusal_of_a_default_that_many_clients_have_says_what_to_set() -> None:
    said = refused(sent(parameters="")).text
    assert "DigestMethod" in said
    assert "SHA-256" in said


MALFORMED: dict[str, bytes] = {
    "a second EncryptedKey": altered(copied(KEY), ours()),
    "no EncryptedKey": altered(removal(KEY), ours()),
    "the EncryptedKey in the Header": altered(moved(KEY, "//soap:Header"), ours()),
    "the EncryptedKey in the Signature": altered(moved(KEY, "//ds:Signature"), ours()),
    "an EncryptedData in the Security header": altered(
        addition("//wsse:Security", f'<x:EncryptedData xmlns:x="{XENC}"/>'), ours()
    ),
    "the EncryptedData moved into the Header": altered(_swapped, ours()),
    "an EncryptedData inside the document": altered(
        addition("//soap:Body/*", f'<x:EncryptedData xmlns:x="{XENC}"/>'), signed()
    ),
    "an EncryptedKey in a message in clear": altered(
        addition("//soap:Header", f'<x:EncryptedKey xmlns:x="{XENC}"/>'), signed()
    ),
    "an encrypted header block": altered(
        addition("//soap:Header", f'<e:EncryptedHeader xmlns:e="{names.WSSE11}"/>'), ours()
    ),
    "a reference to something else": sent(
        references='<xenc:ReferenceList><xenc:DataReference URI="#k"/></xenc:ReferenceList>'
    ),
    "two references": sent(
        references='<xenc:ReferenceList><xenc:DataReference URI="#d"/><xenc:DataReference URI="#d"/>'
        "</xenc:ReferenceList>"
    ),
    "a reference to a key": sent(references='<xenc:ReferenceList><xenc:KeyReference URI="#d"/></xenc:ReferenceList>'),
    "key info that points elsewhere": sent(data_info='<ds:KeyInfo><ds:RetrievalMethod URI="#x"/></ds:KeyInfo>'),
    "key info that is another": sent(data_info="<ds:KeyInfo><ds:KeyName>x</ds:KeyName></ds:KeyInfo>"),
    "an encoding": altered(attribute(DATA, "Encoding", "gzip"), ours()),
    "an unknown attribute": altered(attribute(DATA, "x", "y"), ours()),
    "encryption properties": altered(
        addition("//soap:Body/*", f'<x:EncryptionProperties xmlns:x="{XENC}"/>'), ours()
    ),
    "parameters of the content algorithm": altered(
        addition(f"{DATA}/xenc:EncryptionMethod", f'<x:KeySize xmlns:x="{XENC}">256</x:KeySize>'), ours()
    ),
    "no EncryptionMethod": altered(removal(f"{DATA}/xenc:EncryptionMethod"), ours()),
    "no EncryptionMethod of the key": altered(removal(f"{KEY}/xenc:EncryptionMethod"), ours()),
    "MGF beside mgf1p": sent(
        parameters=f'<ds:DigestMethod Algorithm="{SHA256}"/><xenc11:MGF Algorithm="{XENC11}mgf1sha256"/>'
    ),
    "two digests": sent(parameters=f'<ds:DigestMethod Algorithm="{SHA256}"/>' * 2),
    "another parameter": sent(parameters="<xenc:KeySize>256</xenc:KeySize>"),
    "no base64": altered(text(f"{DATA}//xenc:CipherValue", "!!!"), ours()),
    "nothing": altered(text(f"{DATA}//xenc:CipherValue", ""), ours()),
    "less than a tag": altered(text(f"{DATA}//xenc:CipherValue", b64encode(b"x" * 27).decode()), ours()),
    "a key longer than keys are": altered(text(f"{KEY}//xenc:CipherValue", b64encode(b"x" * 2000).decode()), ours()),
    "two cipher values": altered(
        addition(f"{DATA}/xenc:CipherData", f'<x:CipherValue xmlns:x="{XENC}">AAAA</x:CipherValue>'),
        ours(),
    ),
    "plaintext of nothing": sent(b""),
    "plaintext of text": sent(b"Budi"),
    "plaintext of two elements": sent(b"<a/><b/>"),
    "plaintext that is no XML": sent(b"<a>"),
    "plaintext that leaves the Body": sent(b"</soap:Body><soap:Body xmlns:soap='urn:x'>"),
    "plaintext that closes what surrounds it": sent(b"</within><within>"),
    "plaintext that is not UTF-8": sent(b"<a>\xff</a>"),
    "plaintext with an undeclared prefix": sent(b"<nobody:a/>"),
    "plaintext with an XML declaration": sent(b"<?xml version='1.0'?><a/>"),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_what_has_another_shape_is_refused(name: str) -> None:
    assert code(MALFORMED[name]) == "encryption-malformed"


BOMB = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">]><a>&b;</a>'


@pytest.mark.parametrize(
    ("plain", "expected"),
    [(BOMB, "dtd-forbidden"), (b"<!-- x -->" + BOMB, "dtd-forbidden"), (b"<a>" * 70 + b"</a>" * 70, "xml-too-deep")],
)
def test_the_plaintext_meets_the_same_parser(plain: bytes, expected: str) -> None:
    assert code(sent(plain)) == expected


def test_a_large_hostile_plaintext_is_refused_in_bounded_time() -> None:
    deep = sent(b"<a>" * 200_000)
    many = sent(b"<a/>" * 100_000)
    start = time.perf_counter()
    for data in (deep, many):
        with pytest.raises(GatewayError):
            decrypt_envelope(open_envelope(data, max_bytes=10**7), [HUB])
    assert time.perf_counter() - start < 5


def test_what_was_decrypted_is_believed_only_when_its_signature_is_right() -> None:
    other = etree.tostring(document("Orang Lain"))
    with pytest.raises(GatewayError) as caught:
        verify(decrypted(sent(other)))
    assert caught.value.code == "signature-digest"


def test_the_signed_document_moved_into_the_header_is_a_wrapped_one_behind_encryption_too() -> None:
    def wrap(root: etree._Element) -> None:
        moved = etree.SubElement(root[0], "{urn:x}Holder")
        moved.append(etree.fromstring(etree.tostring(root[-1])))
        root[-1].set(names.WSU_ID, "mine")

    data = sent(etree.tostring(document("Orang Lain")), base=altered(wrap))
    with pytest.raises(GatewayError) as caught:
        verify(decrypted(data))
    assert caught.value.code == "signature-wrapped"


def test_two_identifiers_that_are_equal_only_after_decryption_are_found() -> None:
    plain = f'<a xmlns:wsu="{names.WSU}" wsu:Id="sj-timestamp"/>'.encode()
    with pytest.raises(GatewayError) as caught:
        verify(decrypted(sent(plain)))
    assert caught.value.code == "id-duplicated"
