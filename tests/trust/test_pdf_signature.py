import io
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.reader import PdfFileReader

from gateway.domain.errors import CaseRefusal, Malformed, Misconfigured
from gateway.trust.keys import SigningKey, signing_key
from gateway.trust.pdf_signature import (
    PdfSignature,
    SigningMaterial,
    pdf_signatures,
    sign_pdf,
    why_no_signed_form,
    why_no_trusted_signer,
)
from tests.office.papers.people import permit
from tests.office.papers.reading import info_of, text_of, xmp_of
from tests.trust.authorities import Holder, key_usage, root
from tests.trust.parties import AT, certificate, key, private_key


def material(signer: SigningKey, *chain: SigningKey) -> SigningMaterial:
    return SigningMaterial(key=signer, chain=tuple(each.certificate for each in chain))


def sign(pdf: bytes, given: SigningMaterial | None = None, at: datetime = AT) -> bytes:
    given = given or material(key("rsa"))
    return sign_pdf(pdf, given, name="Pejabat Contoh", reason="Pengesahan (1)", location="Kota Mojokerto", signed_at=at)


@cache
def signed() -> bytes:
    return sign(permit())


def is_as_signed(pdf: bytes) -> bool:
    try:
        found = pdf_signatures(pdf)
    except Malformed:
        return False
    return len(found) == 1 and found[0].intact and found[0].covers_whole_file


def gap(pdf: bytes) -> tuple[int, int]:
    """Where the hexadecimal signature stands, its brackets included."""
    _, start, end, _ = (int(each) for each in PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0].byte_range)
    return start, end


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "ed25519"])
def test_a_signed_file_tells_who_signed_and_that_nothing_changed(kind: str) -> None:
    signer = key(kind)
    (found,) = pdf_signatures(sign(permit(), material(signer)))
    assert found == PdfSignature(
        field="Pengesahan",
        subject="CN=Dinas Contoh",
        fingerprint=signer.fingerprint,
        certificate=signer.certificate,
        others=(),
        claimed_at=AT,
        intact=True,
        covers_whole_file=True,
    )


def test_the_signature_is_pades_and_says_why_and_where() -> None:
    dictionary = PdfFileReader(io.BytesIO(signed())).embedded_signatures[0].sig_object
    assert dictionary["/SubFilter"] == "/ETSI.CAdES.detached"
    assert dictionary["/Name"] == "Pejabat Contoh"
    assert dictionary["/Reason"] == "Pengesahan (1)"
    assert dictionary["/Location"] == "Kota Mojokerto"
    attributes = PdfFileReader(io.BytesIO(signed())).embedded_signatures[0].signer_info["signed_attrs"]
    kinds = {each["type"].native for each in attributes}
    assert "signing_certificate_v2" in kinds
    assert "signing_time" not in kinds  # EN 319 142-1, 5.3: the time is in the dictionary alone


def test_the_document_stays_as_it_was_and_the_signature_is_appended() -> None:
    pdf = permit()
    assert signed().startswith(pdf)
    assert text_of(signed()) == text_of(pdf)
    assert (info_of(signed()), xmp_of(signed())) == (info_of(pdf), xmp_of(pdf))


def test_equal_input_gives_equal_bytes_and_the_time_is_an_argument() -> None:
    assert sign(permit()) == signed()
    later = sign(permit(), at=AT + timedelta(hours=1))
    assert later != signed()
    assert pdf_signatures(later)[0].claimed_at == AT + timedelta(hours=1)


def test_a_second_signature_leaves_the_first_intact() -> None:
    other = key("p256")
    both = pdf_signatures(sign(signed(), material(other)))
    assert [(each.field, each.intact, each.covers_whole_file) for each in both] == [
        ("Pengesahan", True, False),
        ("Pengesahan2", True, True),
    ]
    assert [each.fingerprint for each in both] == [key("rsa").fingerprint, other.fingerprint]


def test_the_chain_travels_along_and_the_first_certificate_signs() -> None:
    issuer, holder = key("p256"), key("rsa")
    leaf = signing_key(
        holder.private_key,
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Pejabat Contoh")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(holder.certificate.public_key())
        .serial_number(17)
        .not_valid_before(AT)
        .not_valid_after(AT + timedelta(days=1))
        .sign(private_key("p256"), SHA256()),  # type: ignore[arg-type]  # the test's keys are typed as objects
    )
    chained = sign(permit(), material(leaf, issuer))
    embedded = PdfFileReader(io.BytesIO(chained)).embedded_signatures[0]
    assert [each.sha256.hex() for each in embedded.other_embedded_certs] == [issuer.fingerprint]
    (found,) = pdf_signatures(chained)
    assert (found.subject, found.fingerprint, found.intact) == ("CN=Pejabat Contoh", leaf.fingerprint, True)


def test_a_file_without_a_signature_has_none() -> None:
    assert pdf_signatures(permit()) == ()


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_any_changed_byte_shows(place: float, bit: int) -> None:
    damaged = bytearray(signed())
    damaged[int(place * len(damaged))] ^= 1 << bit
    assert not is_as_signed(bytes(damaged))


@settings(max_examples=120, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.sampled_from(b"0123456789abcdefABCDEF"))
def test_any_other_digit_in_the_signature_shows(place: float, digit: int) -> None:
    start, end = gap(signed())
    at = start + 1 + int(place * (end - start - 2))
    damaged = bytearray(signed())
    damaged[at] = digit
    assert is_as_signed(bytes(damaged)) == (bytes(damaged) == signed())


def test_the_name_of_the_signer_in_other_letters_shows() -> None:
    """No signature covers the issuer by which the certificate is named, and libraries compare it without its case."""
    start, end = gap(signed())
    held = bytes.fromhex(signed()[start + 1 : end - 1].decode())
    place = held.rindex(b"Dinas Contoh", 0, held.index(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"))
    renamed = held[:place] + b"DINAS Contoh" + held[place + 12 :]
    assert is_as_signed(signed())
    assert not is_as_signed(signed()[: start + 1] + renamed.hex().encode() + signed()[end - 1 :])


def test_the_case_of_the_hexadecimal_is_the_signers_choice() -> None:
    start, end = gap(signed())
    swapped = signed()[:start] + signed()[start:end].swapcase() + signed()[end:]
    assert swapped != signed()
    assert is_as_signed(swapped)


def edited(old: bytes, new: bytes) -> bytes:
    """The signed file with bytes inside its signature exchanged; longer ones push out padding."""
    start, end = gap(signed())
    held = bytes.fromhex(signed()[start + 1 : end - 1].decode())
    assert old in held
    changed = held.replace(old, new, 1)[: len(held)]
    return signed()[:start] + b"<" + changed.hex().encode() + b">" + signed()[end:]


SHA256_OID = bytes.fromhex("0609608648016503040201")
SHA512_OID = bytes.fromhex("0609608648016503040203")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\x02\x01\x01\x31", b"\x02\x01\x00\x31"),  # the version of SignedData
        (SHA256_OID, SHA512_OID),  # the announced digest is another than the one used
        (b"\x30\x82", b"\x30\x83\x00"),  # a length longer than it need be
        (b"\x30\x82", b"\x30\x80"),  # a length that is left open
    ],
)
def test_an_envelope_that_is_not_as_der_and_cms_have_it_shows(old: bytes, new: bytes) -> None:
    assert not is_as_signed(edited(old, new))


def with_range(change: Callable[[list[int]], list[int]]) -> bytes:
    """The signed file with another byte range, written in the same number of characters."""
    start, end = gap(signed())
    values = [0, start, end, len(signed()) - end]
    marker = b"/ByteRange "
    at = signed().index(marker) + len(marker)
    until = signed().index(b"]", at) + 1
    written = ("[" + " ".join(map(str, change(values)))).encode().ljust(until - at - 1) + b"]"
    return signed()[:at] + written + signed()[until:]


@pytest.mark.parametrize(
    "change",
    [
        lambda r: [1, r[1] - 1, r[2], r[3]],
        lambda r: [0, r[1] - 1, r[2], r[3]],
        lambda r: [0, r[1], r[2] + 1, r[3] - 1],
        lambda r: [0, r[1], r[2], r[3] - 1],
        lambda r: [0, r[1], r[2], r[3] + 1],
        lambda r: [0, r[1], r[1], r[3]],
        lambda r: r[:3],
    ],
)
def test_a_byte_range_that_leaves_room_shows(change: Callable[[list[int]], list[int]]) -> None:
    assert is_as_signed(signed())
    assert not is_as_signed(with_range(change))


def test_what_is_appended_is_not_covered() -> None:
    (found,) = pdf_signatures(signed() + b"\n%tambahan\n")
    assert found.intact
    assert not found.covers_whole_file


@pytest.mark.parametrize("data", [b"", b"bukan pdf", b"%PDF-1.7\n%%EOF", b"%PDF-1.7\nstartxref\n0\n%%EOF"])
def test_other_bytes_are_neither_signed_nor_read(data: bytes) -> None:
    for act in (lambda: sign(data), lambda: pdf_signatures(data)):
        with pytest.raises(Malformed) as caught:
            act()
        assert caught.value.code == "pdf-malformed"


def test_a_time_without_a_zone_is_none() -> None:
    with pytest.raises(CaseRefusal) as caught:
        sign(permit(), at=AT.replace(tzinfo=None))
    assert caught.value.code == "time-without-zone"


@pytest.mark.parametrize("offset", [timedelta(days=-2), timedelta(days=400)])
def test_a_certificate_signs_only_while_it_is_valid(offset: timedelta) -> None:
    with pytest.raises(Misconfigured) as caught:
        sign(permit(), at=AT + offset)
    assert caught.value.code == "document-certificate-not-valid"


def test_the_key_is_not_shown() -> None:
    shown = repr(material(key("rsa")))
    assert "PRIVATE" not in shown
    assert str(key("rsa").certificate.serial_number) in shown or "Certificate" in shown
    assert str(key("rsa").private_key.private_numbers().d) not in shown  # type: ignore[union-attr]  # it is RSA


def test_a_certificate_of_the_same_key_with_another_content_is_another_signer() -> None:
    renewed = certificate(private_key("rsa"), days=30)
    given = material(signing_key(private_key("rsa"), renewed))
    (found,) = pdf_signatures(sign(permit(), given))
    assert found.intact
    assert found.fingerprint != key("rsa").fingerprint


def test_a_signed_form_is_the_document_and_one_signature_more() -> None:
    document, once = permit(), signed()
    twice = sign(once, material(key("p256")))
    assert (why_no_signed_form(document, once), why_no_signed_form(once, twice)) == (None, None)
    for other, why in (
        (document, "0 signatures"),
        (twice, "2 signatures"),
        (sign(permit(url="https://simojo.example/x")), "does not begin"),
        (once + b"\n% more\n", "added after"),
        (document[:-9], "does not begin"),
        (document + b"\x00" * 9, ""),
    ):
        said = why_no_signed_form(document, other)
        assert said is not None
        assert why in said


def by(holder: Holder, *above: Holder) -> SigningMaterial:
    return SigningMaterial(
        key=signing_key(holder.key, holder.certificate), chain=tuple(each.certificate for each in above)
    )


def test_a_signer_is_trusted_whose_certificate_leads_to_one_of_the_authorities() -> None:
    top, other = root(), root("Otoritas Lain")
    between = top.issue("Otoritas Antara", authority=True)
    official, encrypts = (
        between.issue("Dewi Contoh"),
        between.issue("Sandi Contoh", usage=key_usage(key_agreement=True)),
    )
    file, years_later = sign(permit(), by(official, between)), AT + timedelta(days=500)
    (found,) = pdf_signatures(file)
    assert (found.certificate, found.others) == (official.certificate, (between.certificate,))
    assert why_no_trusted_signer(file, [other.certificate, top.certificate], AT) is None
    for signed_file, authority, at, why in (
        (file, other, AT, "no authority that is configured or was given has issued CN=Otoritas Antara"),
        (sign(permit(), by(official)), top, AT, "has issued CN=Dewi Contoh"),
        (sign(permit()), top, AT, "has issued CN=Dinas Contoh"),
        (sign(permit(), by(encrypts, between)), top, AT, "key usage of CN=Sandi Contoh"),
        (file, top, years_later, "CN=Dewi Contoh is valid from"),
        (sign(file, by(other.issue("Orang Lain"))), top, AT, "has issued CN=Orang Lain"),
        (permit(), top, AT, "nobody signed it"),
        (b"bukan PDF", top, AT, "cannot be read"),
    ):
        said = why_no_trusted_signer(signed_file, [authority.certificate], at)
        assert said is not None
        assert why in said
