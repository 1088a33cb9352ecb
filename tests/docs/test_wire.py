"""docs/wire.md shows what is really sent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from gateway.domain.titles import TITLES
from gateway.trust import jwe, policy
from gateway.trust.compact import decode
from gateway.trust.keys import signing_key
from gateway.trust.xml_encryption import encrypt_envelope
from tests.trust.parties import certificate, key, signed

WIRE = (Path(__file__).parents[2] / "docs/wire.md").read_text(encoding="utf-8")


def shape(element: etree._Element) -> list[object]:
    """Names, attributes and order of an element and all in it, without text."""
    return [element.tag, dict(element.attrib), [shape(each) for each in element]]


@pytest.mark.parametrize("name", ["EncryptedKey", "EncryptedData"])
def test_the_soap_example_has_the_shape_of_what_the_hub_sends(name: str) -> None:
    (example,) = re.findall(r"```xml\n(.*?)```", WIRE, re.DOTALL)
    shown = etree.fromstring(example, etree.XMLParser(remove_comments=True)).find(f".//{{*}}{name}")
    sent = etree.fromstring(encrypt_envelope(signed(), key("rsa").certificate)).find(f".//{{*}}{name}")
    assert shown is not None
    assert sent is not None
    assert shape(shown) == shape(sent)


def test_the_rest_example_opens_with_the_key_that_is_named() -> None:
    (token,) = re.findall(r"^eyJ[\w-]+\.\.[\w.-]+$", WIRE, re.MULTILINE)
    (secret,) = re.findall(r'"d":"([\w-]+)"', WIRE)
    private = ec.derive_private_key(int.from_bytes(decode(secret)), ec.SECP256R1())
    bob = signing_key(private, certificate(private))
    (body,) = re.findall(r"This body holds `(.*?)`", WIRE)
    assert jwe.decrypt(token.encode(), [bob], max_bytes=10_000).plaintext.decode() == body


def test_every_algorithm_that_is_read_is_named() -> None:
    allowed = [
        *policy.XML_CONTENT_ENCRYPTION,
        *policy.XML_KEY_TRANSPORT,
        *policy.JWE_CONTENT_ENCRYPTION,
        *policy.JWE_KEY_MANAGEMENT,
        policy.XML_OAEP_DIGEST,
        policy.XML_OAEP_MASK,
    ]
    assert [name for name in allowed if name.rpartition("/")[2] not in WIRE] == []


def test_every_code_of_encryption_that_has_a_title_is_explained() -> None:
    codes = [code for code in TITLES if "crypt" in code]
    assert codes
    assert [code for code in codes if f"| `{code}` |" not in WIRE] == []
