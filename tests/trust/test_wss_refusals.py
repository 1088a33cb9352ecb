"""WS-Security over envelopes: each refusal by its name, beside the twin that passes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from gateway.domain.errors import Malformed, Refused, Unauthenticated
from gateway.trust import names
from gateway.trust.wss import check_fresh
from tests.trust.parties import (
    AT,
    LIFE,
    NS,
    Edit,
    addition,
    altered,
    attribute,
    envelope,
    key,
    one,
    registered,
    removal,
    resigned,
    sign,
    signed,
    text,
    verify,
)


def refused(data: bytes) -> str:
    with pytest.raises(Refused) as caught:
        verify(data)
    return caught.value.code


def every_reference_removed(root: etree._Element) -> None:
    for reference in root.findall(".//ds:Reference", NS):
        one(root, "//ds:SignedInfo").remove(reference)


@pytest.mark.parametrize(
    "edit",
    [
        removal("//soap:Header"),
        removal("//wsse:Security"),
        removal("//ds:Signature"),
        attribute("//wsse:Security", f"{{{names.SOAP_12}}}role", "urn:somebody-else"),
    ],
)
def test_an_unsigned_message_is_told_so(edit: Edit) -> None:
    assert refused(altered(edit)) == "signature-missing"


@pytest.mark.parametrize(
    "edit",
    [
        text("//b:name", "Penipu Contoh"),
        text("//wsa:Action", "urn:other"),
        text("//wsa:MessageID", "urn:other"),
        text("//wsu:Created", "2026-03-02T09:00:00Z"),
        attribute("//soap:Body", "extra", "1"),
        text("//ds:Reference[@URI='#sj-body']/ds:DigestValue", "AAAA"),
    ],
)
def test_a_changed_part_has_another_digest(edit: Edit) -> None:
    assert refused(altered(edit)) == "signature-digest"


def test_references_that_were_changed_are_not_what_was_signed() -> None:
    other = etree.fromstring(sign(envelope(text="Siti Contoh", leaf=True)))
    digest = one(other, "//ds:Reference[@URI='#sj-body']/ds:DigestValue").text or ""

    def swap(root: etree._Element) -> None:
        one(root, "//soap:Body").replace(one(root, "//b:Recommendation"), one(other, "//b:Recommendation"))
        one(root, "//ds:Reference[@URI='#sj-body']/ds:DigestValue").text = digest

    assert refused(altered(swap)) == "signature-wrong"
    assert refused(altered(text("//ds:SignatureValue", "A" * 86 + "=="))) == "signature-wrong"
    assert refused(altered(text("//ds:SignatureValue", "AAAA"))) == "signature-wrong"


def test_another_s_signature_under_a_registered_certificate_is_wrong() -> None:
    forged = resigned(lambda _: None, signer=key("p256", 1))
    assert refused(forged) == "signature-wrong"


def test_the_certificate_is_one_that_was_registered_and_stands() -> None:
    mine = key()
    cases = {
        "certificate-unknown": (registered(key("p256", 1)), AT),
        "certificate-revoked": (registered(mine, revoked_at=AT), AT),
        "certificate-expired": (registered(mine), AT + timedelta(days=400)),
        "certificate-not-yet-valid": (registered(mine), AT - timedelta(days=2)),
    }
    for code, (certificate, at) in cases.items():
        with pytest.raises(Unauthenticated) as caught:
            verify(signed(), certificate, at=at)
        assert caught.value.code == code


@pytest.mark.parametrize(
    "edit",
    [
        removal("//ds:SignatureValue"),
        removal("//ds:KeyInfo"),
        removal("//ds:SignedInfo"),
        removal("//ds:SignatureMethod"),
        removal("//wsse:SecurityTokenReference"),
        removal("//wsse:BinarySecurityToken"),
        removal("//ds:Reference[@URI='#sj-body']/ds:DigestMethod"),
        removal("//ds:Reference[@URI='#sj-body']//ds:Transform"),
        text("//ds:SignatureValue", "not base64!"),
        text("//ds:SignatureValue", "\u00e9"),
        text("//ds:SignatureValue", ""),
        addition("//ds:SignatureValue", "<x/>"),
        text("//wsse:BinarySecurityToken", "A"),
        text("//wsse:BinarySecurityToken", "A" * 40_000),
        attribute("//wsse:BinarySecurityToken", "ValueType", "urn:other"),
        attribute("//wsse:BinarySecurityToken", "EncodingType", "urn:hex"),
        attribute("//wsse:SecurityTokenReference/wsse:Reference", "URI", "#sj-body"),
        addition("//ds:SignatureMethod", f'<d:HMACOutputLength xmlns:d="{names.DS}">8</d:HMACOutputLength>'),
        addition("//ds:Reference[@URI='#sj-body']/ds:DigestMethod", "<x/>"),
        addition("//ds:Reference[@URI='#sj-body']//ds:Transform", "<x/>"),
        addition("//ds:SignedInfo", "<x/>"),
        every_reference_removed,
        lambda root: [addition("//ds:SignedInfo", f'<d:Reference xmlns:d="{names.DS}"/>')(root) for _ in range(33)],
        text("//wsu:Created", "yesterday"),
        text("//wsu:Created", "2026-03-02T03:00:00"),
        text("//wsu:Expires", "2026-13-02T03:00:00Z"),
        text("//wsu:Created", "0001-01-01T00:00:00+14:00"),
        addition("//wsu:Timestamp", f'<u:Created xmlns:u="{names.WSU}">2026-03-02T03:00:00Z</u:Created>'),
    ],
)
def test_what_cannot_be_read_is_malformed(edit: Edit) -> None:
    # Where the change is inside of what is signed, the holder of the key signs it: still malformed.
    codes = {refused(altered(edit))}
    if codes != {"signature-malformed"}:
        codes = {refused(resigned(edit))}
    assert codes == {"signature-malformed"}


def test_a_part_that_is_referred_to_twice_is_malformed() -> None:
    reference = b'<ds:Reference URI="#sj-body">'
    template = signed()[signed().index(reference) : signed().index(b"</ds:Reference>")] + b"</ds:Reference>"
    assert refused(signed().replace(reference, template + reference)) == "signature-malformed"


@pytest.mark.parametrize(
    "part", ["sj-body", "sj-timestamp", "sj-header-0", "sj-header-1", "sj-header-2", "sj-header-3"]
)
def test_body_timestamp_and_addressing_are_signed(part: str) -> None:
    assert refused(resigned(removal(f"//ds:Reference[@URI='#{part}']"))) == "signature-part-missing"


def test_an_unsigned_block_of_nobody_s_is_not_among_what_was_verified() -> None:
    unsigned_leaf = resigned(removal("//ds:Reference[@URI='#sj-header-4']"))
    assert verify(unsigned_leaf).header(names.LEAF) is None


def test_a_reference_to_nothing_lacks_its_part() -> None:
    assert refused(altered(attribute("//ds:Reference[@URI='#sj-body']", "URI", "#none"))) == "signature-part-missing"


@pytest.mark.parametrize("path", ["//wsu:Timestamp", "//wsu:Created", "//wsu:Expires"])
def test_a_message_without_its_time_is_told_so(path: str) -> None:
    def edit(root: etree._Element) -> None:
        removal(path)(root)
        if path == "//wsu:Timestamp":
            removal("//ds:Reference[@URI='#sj-timestamp']")(root)

    assert refused(resigned(edit)) == "timestamp-missing"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-03-02T10:00:00+07:00", AT),
        ("2026-03-02T03:00:00.1234567Z", AT.replace(microsecond=123456)),
        ("2026-03-02T03:00:00Z", datetime(2026, 3, 2, 3, tzinfo=UTC)),
    ],
)
def test_times_are_read_in_any_zone_and_fineness(written: str, meant: datetime) -> None:
    assert verify(resigned(text("//wsu:Created", written))).created == meant


def test_an_old_message_verifies_and_is_stale() -> None:
    later = AT + timedelta(hours=1)
    verified = verify(signed(), at=later)
    check_fresh(verified.created, verified.expires, AT + LIFE)
    with pytest.raises(Unauthenticated) as caught:
        check_fresh(verified.created, verified.expires, later)
    assert caught.value.code == "timestamp-stale"


def test_content_without_a_canonical_form_is_malformed() -> None:
    data = signed().replace(b"<amount>", b'<amount xmlns:r="relative" r:a="1">')
    with pytest.raises(Malformed) as caught:
        verify(data)
    assert caught.value.code == "xml-malformed"
