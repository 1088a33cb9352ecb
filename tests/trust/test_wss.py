"""WS-Security over envelopes: round trips, and what verification gives back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.contract.message import Transport
from gateway.domain.errors import Misconfigured, Refused
from gateway.trust import names
from gateway.trust.envelope import open_envelope
from gateway.trust.wss import sign_envelope, verify_envelope
from gateway.trust.xml import canonical
from tests.trust.parties import (
    AT,
    BUSINESS,
    LIFE,
    MAX_BYTES,
    NS,
    Edit,
    addition,
    envelope,
    key,
    one,
    registered,
    resigned,
    sign,
    signed,
    verify,
)

DSIG_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XENC = "http://www.w3.org/2001/04/xmlenc#"


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        verify(data)
    return caught.value.code


@pytest.mark.parametrize("version", [Transport.SOAP_11, Transport.SOAP_12])
@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_what_was_signed_is_verified(version: Transport, kind: str) -> None:
    mine = registered(key(kind))
    verified = verify(sign(envelope(version, leaf=True), key(kind)), registered(key("p256", 1)), mine)
    assert verified.certificate is mine
    assert verified.content.findtext(f"{{{BUSINESS}}}name") == "Budi Contoh"
    assert verified.action == f"{BUSINESS}#Recommendation"
    assert verified.message_id == "urn:uuid:00000000-0000-4000-8000-000000000001"
    assert verified.relates_to == "urn:uuid:00000000-0000-4000-8000-000000000000"
    assert verified.to == "https://hub.example/soap/dpupr/technical-recommendation"
    assert (verified.created, verified.expires) == (AT, AT + LIFE)
    leaf = verified.header(names.LEAF)
    assert leaf is not None
    assert leaf.text == "ab" * 32
    assert verified.header("{urn:none}Such") is None


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"])))
def test_any_text_survives(value: str) -> None:
    assert verify(sign(envelope(text=value))).content.findtext(f"{{{BUSINESS}}}name", "") == value


def test_text_with_line_breaks_and_markup_survives() -> None:
    value = 'a\r\nb\tc & <d> "e"'
    assert verify(sign(envelope(text=value))).content.findtext(f"{{{BUSINESS}}}name") == value


def test_an_envelope_without_addressing_can_be_signed() -> None:
    root = envelope()
    root.remove(root[0])
    verified = verify(sign(root))
    assert (verified.action, verified.message_id, verified.headers) == (None, None, ())


def test_signing_leaves_the_envelope_as_it_was() -> None:
    root = envelope()
    before = etree.tostring(root)
    sign(root)
    assert etree.tostring(root) == before


@pytest.mark.parametrize(
    "envelope_tag",
    [
        'soap:Envelope xmlns:soap="%s"',
        's:Envelope xmlns:s="%s" xmlns:soap="urn:other" xmlns:wsu="urn:other" xmlns:ds="urn:other"',
        f's:Envelope xmlns:s="%s" xmlns:u="{names.WSU}" xmlns:e="{names.WSSE}" xmlns:d="{names.DS}"',
        'Envelope xmlns="%s"',
        'wsse:Envelope xmlns:wsse="%s"',
        'wsu:Envelope xmlns:wsu="%s"',
        'ds:Envelope xmlns:ds="%s"',
    ],
)
def test_an_envelope_can_be_signed_whatever_its_prefixes(envelope_tag: str) -> None:
    name = envelope_tag.partition(" ")[0]
    prefix = name.removesuffix("Envelope")
    text = f"<{envelope_tag % names.SOAP_12}><{prefix}Body><a xmlns='urn:a'>1</a></{prefix}Body></{name}>"
    data = sign(etree.fromstring(text))
    assert verify(data).content.text == "1"
    assert one(etree.fromstring(data), "//wsse:Security").get(f"{{{names.SOAP_12}}}mustUnderstand") == "1"


def test_every_block_is_signed_and_the_security_header_must_be_understood() -> None:
    root = etree.fromstring(signed())
    referenced = {reference.get("URI") for reference in root.iterfind(".//ds:Reference", NS)}
    blocks = [block for block in one(root, "//soap:Header") if block.tag != names.SECURITY]
    expected = [*blocks, one(root, "//soap:Body"), one(root, "//wsu:Timestamp")]
    assert referenced == {f"#{part.get(names.WSU_ID)}" for part in expected}
    assert one(root, "//wsse:Security").get(f"{{{names.SOAP_12}}}mustUnderstand") == "1"


def test_ids_of_the_content_are_not_taken_twice() -> None:
    root = envelope()
    one(root, "//b:name").set(names.WSU_ID, "sj-body")
    assert verify(sign(root)).content[0].get(names.WSU_ID) == "sj-body"


def test_what_cannot_be_signed_is_refused() -> None:
    with pytest.raises(Misconfigured) as caught:
        sign(envelope(), key("ed25519"))
    assert caught.value.code == "key-not-for-xml"
    with pytest.raises(ValueError, match="no Security header"):
        sign(etree.fromstring(signed()))
    with pytest.raises(ValueError, match="has a Body"):
        sign(etree.Element(f"{{{names.SOAP_12}}}Envelope"))
    for created, expires in [(datetime(2026, 3, 2), AT), (AT, datetime(2026, 3, 2))]:  # noqa: DTZ001 - to be refused
        with pytest.raises(ValueError, match="time zone"):
            sign_envelope(envelope(), key(), created=created, expires=expires)


def test_a_re_signed_retry_has_the_same_canonical_body() -> None:
    def renamed(root: etree._Element) -> None:
        one(root, "//soap:Body").set(names.WSU_ID, "another")
        one(root, "//ds:Reference[@URI='#sj-body']").set("URI", "#another")

    first, retry = verify(signed()), verify(resigned(renamed))
    later = verify(sign(envelope(), created=AT + timedelta(hours=1)), at=AT + timedelta(hours=1))
    other = verify(sign(envelope(text="Siti Contoh")))
    assert first.canonical_body == retry.canonical_body == later.canonical_body != other.canonical_body
    assert names.WSU.encode() not in first.canonical_body


def test_verified_content_belongs_to_no_raw_tree() -> None:
    opened = open_envelope(signed(), max_bytes=MAX_BYTES)
    verified = verify(signed())
    opened.content[0].text = "Penipu Contoh"
    header, body = verified.content.getroottree().getroot()
    assert [block.tag for block in header] == [names.TIMESTAMP, *(block.tag for block in verified.headers)]
    assert [*body] == [verified.content]
    assert verified.content[0].text == "Budi Contoh"


def test_a_comment_cannot_cut_a_signed_text() -> None:
    commented = signed().replace(b">1000<", b">10<!-- -->00<")
    assert commented != signed()
    assert verify(commented).content.findtext(f"{{{BUSINESS}}}amount") == "1000"


def test_whitespace_outside_of_what_is_signed_does_not_matter() -> None:
    assert verify(signed().replace(b"<wsse:Security", b"\n  <wsse:Security")).action is not None


def test_an_envelope_can_be_verified_twice() -> None:
    opened = open_envelope(signed(), max_bytes=MAX_BYTES)
    first, second = (verify_envelope(opened, [registered(key())], AT) for _ in range(2))
    assert first.canonical_body == second.canonical_body


@pytest.mark.parametrize(
    ("digest", "signature"),
    [
        (f"{XENC}sha256", f"{DSIG_MORE}ecdsa-sha256"),
        (f"{DSIG_MORE}sha384", f"{DSIG_MORE}ecdsa-sha384"),
        (f"{XENC}sha512", f"{DSIG_MORE}ecdsa-sha512"),
    ],
)
def test_stronger_hashes_pass(digest: str, signature: str) -> None:
    def edit(root: etree._Element) -> None:
        one(root, "//ds:SignatureMethod").set("Algorithm", signature)
        for method in root.iterfind(".//ds:DigestMethod", NS):
            method.set("Algorithm", digest)

    assert verify(resigned(edit)).action is not None


def prefixed(prefixes: str, path: str = "//ds:Reference[@URI='#sj-body']//ds:Transform") -> Edit:
    return addition(path, f'<i:InclusiveNamespaces xmlns:i="{names.EXCLUSIVE_C14N}" PrefixList="{prefixes}"/>')


@pytest.mark.parametrize("prefixes", ["wsa", "wsa wsu soap unknown", "#default wsa", ""])
def test_a_prefix_list_is_followed(prefixes: str) -> None:
    verified = verify(resigned(prefixed(prefixes)))
    assert verified.canonical_body == verify(signed()).canonical_body
    if "wsa" in prefixes:
        assert verified.content.nsmap["wsa"] == names.WSA


def attribute(path: str, name: str, value: str) -> Edit:
    return lambda root: one(root, path).set(name, value)


@pytest.mark.parametrize(
    "edit",
    [
        lambda _root: None,
        attribute("//b:name", names.WSU_ID, "another"),
        attribute("//b:name", "said", "wsu:Id"),
        attribute("//soap:Body", "said", "a > b"),
        attribute("//soap:Body", names.WSU_ID, "sj-body"),
        addition("//b:name", '<wsu:own xmlns:wsu="urn:other"/>'),
        addition("//b:name", f'<own xmlns="{names.WSU}"/>'),
        prefixed("wsu"),
        prefixed("wsa b"),
    ],
)
def test_the_canonical_body_is_that_of_a_body_without_its_id(edit: Edit) -> None:
    data = resigned(edit)
    body = one(etree.fromstring(data), "//soap:Body")
    body.attrib.pop(names.WSU_ID)
    assert verify(data).canonical_body == canonical(body)


def test_a_prefix_list_on_the_references_themselves_is_followed() -> None:
    for followed in ("soap", "#default soap", "p " * 500):
        assert verify(resigned(prefixed(followed, "//ds:CanonicalizationMethod"))).action is not None
    assert refused(resigned(prefixed("p " * 5000, "//ds:CanonicalizationMethod"))) == "signature-malformed"


def test_a_default_namespace_from_outside_is_refused_by_name() -> None:
    plain = sign(envelope())
    outside = plain.replace(b"<soap:Envelope ", b'<soap:Envelope xmlns="urn:outside" ')
    for path in ("//ds:Reference[@URI='#sj-body']//ds:Transform", "//ds:CanonicalizationMethod"):
        assert refused(resigned(prefixed("#default", path), outside)) == "signature-policy"
    assert verify(resigned(prefixed("wsa"), outside)).action is not None


def test_a_signed_token_passes() -> None:
    reference = b'<ds:Reference URI="#sj-body">'
    template = signed()[signed().index(reference) : signed().index(b"</ds:Reference>")] + b"</ds:Reference>"
    more = template.replace(b"#sj-body", b"#sj-certificate") + reference
    assert len(verify(resigned(lambda _: None, signed().replace(reference, more))).headers) == 5


def test_canonical_body_is_the_body_that_was_sent() -> None:
    body = one(etree.fromstring(signed()), "//soap:Body")
    del body.attrib[names.WSU_ID]
    assert verify(signed()).canonical_body == canonical(body)
