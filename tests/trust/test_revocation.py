"""What an authority says counts only when it is its own word, about this certificate, and of now."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from gateway.domain.errors import Refused
from gateway.trust.ocsp import ocsp_question, read_ocsp, responder_addresses
from gateway.trust.revocation import Word
from gateway.trust.revocation_lists import list_addresses, load_list, read_list
from tests.trust.authorities import DAY, Holder, key_usage, root
from tests.trust.parties import AT

ROOT = root()
LEAF = ROOT.issue()
NONCE = bytes(range(16))
SECOND = timedelta(seconds=1)


def read(data: bytes, leaf: Holder = LEAF, issuer: Holder = ROOT) -> Word:
    return read_list(load_list(data), leaf.certificate, issuer.certificate, AT, "daftar")


def answered(data: bytes, leaf: Holder = LEAF, issuer: Holder = ROOT) -> Word:
    return read_ocsp(data, leaf.certificate, issuer.certificate, NONCE, AT, "ocsp")


def wrong(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        act()
    assert caught.value.code == "revocation-answer-wrong"
    return caught.value.text


# --- lists --------------------------------------------------------------------------------------------------------


def test_a_list_without_the_certificate_says_that_it_is_good_until_the_next() -> None:
    word = read(ROOT.crl({1: (AT, None)}))
    assert word == Word(this_update=AT - DAY, next_update=AT + DAY, source="daftar")


def test_a_list_names_date_and_reason() -> None:
    revoked = {LEAF.serial: (AT - 2 * DAY, x509.ReasonFlags.key_compromise)}
    word = read(ROOT.crl(revoked))
    assert (word.revoked_at, word.reason) == (AT - 2 * DAY, "keyCompromise")
    assert read(ROOT.crl({LEAF.serial: (AT, None)})).reason == ""
    back = read(ROOT.crl({LEAF.serial: (AT, x509.ReasonFlags.remove_from_crl)}))
    assert (back.revoked_at, back.reason) == (None, "")


@pytest.mark.parametrize("key", [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())])
def test_authorities_have_rsa_and_ec_keys(key: object) -> None:
    by = root(key=key)
    leaf = by.issue()
    assert read(by.crl(), leaf, by).revoked_at is None
    assert answered(by.answer(leaf), leaf, by).revoked_at is None


def test_a_list_in_pem_is_read_too() -> None:
    pem = x509.load_der_x509_crl(ROOT.crl()).public_bytes(Encoding.PEM)
    assert read(pem).next_update == AT + DAY


def test_a_list_of_another_issuer_or_key_does_not_count() -> None:
    assert "another issuer" in wrong(lambda: read(root("Lain").crl()))
    assert "not signed" in wrong(lambda: read(ROOT.crl(signer=root().key)))
    assert "key usage" in wrong(lambda: read(MUTE.crl(), MUTE.issue(), MUTE))


MUTE = ROOT.issue("Antara", authority=True, usage=key_usage(key_cert_sign=True))


def test_a_list_that_was_changed_does_not_count() -> None:
    data = bytearray(ROOT.crl({LEAF.serial: (AT, None)}))
    serial = LEAF.serial.to_bytes(2)
    place = data.index(serial)
    data[place + 1] ^= 1
    assert "not signed" in wrong(lambda: read(bytes(data)))


def test_a_list_is_of_now() -> None:
    assert read(ROOT.crl(this=AT + timedelta(minutes=5))).revoked_at is None
    assert "future" in wrong(lambda: read(ROOT.crl(this=AT + timedelta(minutes=5, seconds=1))))
    assert read(ROOT.crl(following=AT)).revoked_at is None
    assert "stale" in wrong(lambda: read(ROOT.crl(following=AT - SECOND)))


def point(**said: object) -> x509.IssuingDistributionPoint:
    words = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    values = {word: bool(said.get(word)) for word in words}
    reasons = frozenset({x509.ReasonFlags.key_compromise}) if said.get("reasons") else None
    name = [x509.UniformResourceIdentifier("http://a.example/")]
    return x509.IssuingDistributionPoint(full_name=name, relative_name=None, only_some_reasons=reasons, **values)


def test_a_list_about_others_or_about_a_part_does_not_count() -> None:
    assert read(ROOT.crl(more=[(point(only_contains_user_certs=True), True)])).revoked_at is None
    for other in (
        {"only_contains_ca_certs": 1},
        {"indirect_crl": 1},
        {"reasons": 1},
        {"only_contains_attribute_certs": 1},
    ):
        assert "about other certificates" in wrong(lambda other=other: read(ROOT.crl(more=[(point(**other), True)])))  # type: ignore[misc]  # defaults in a lambda have no type
    between = ROOT.issue("Antara", authority=True)
    assert read(ROOT.crl(more=[(point(only_contains_ca_certs=True), True)]), between).revoked_at is None
    users = ROOT.crl(more=[(point(only_contains_user_certs=True), True)])
    assert "about other certificates" in wrong(lambda: read(users, between))
    assert "delta" in wrong(lambda: read(ROOT.crl(more=[(x509.DeltaCRLIndicator(1), True)])))
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert "critical" in wrong(lambda: read(ROOT.crl(more=[(unknown, True)])))
    assert read(ROOT.crl(more=[(unknown, False), (x509.CRLNumber(1), False)])).revoked_at is None


@pytest.mark.parametrize("data", [b"", b"<html>", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])
def test_what_is_no_list_does_not_count(data: bytes) -> None:
    assert "no revocation list" in wrong(lambda: load_list(data))


# --- OCSP ---------------------------------------------------------------------------------------------------------


def test_a_question_names_the_certificate_and_carries_the_nonce() -> None:
    request = ocsp.load_der_ocsp_request(ocsp_question(LEAF.certificate, ROOT.certificate, NONCE))
    assert request.serial_number == LEAF.serial
    assert request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == NONCE


def test_an_answer_by_the_issuer_is_believed() -> None:
    assert answered(ROOT.answer(LEAF, nonce=NONCE)) == Word(
        this_update=AT - timedelta(hours=1), next_update=AT + DAY, source="ocsp"
    )
    revoked = ROOT.answer(
        LEAF, ocsp.OCSPCertStatus.REVOKED, revoked_at=AT - DAY, reason=x509.ReasonFlags.certificate_hold
    )
    assert (answered(revoked).revoked_at, answered(revoked).reason) == (AT - DAY, "certificateHold")


def test_an_answer_by_a_responder_that_the_issuer_made_is_believed() -> None:
    assert answered(ROOT.answer(LEAF, responder=ROOT.responder())).revoked_at is None


def test_any_other_certificate_of_the_issuer_is_no_responder() -> None:
    assert "lacks" in wrong(lambda: answered(ROOT.answer(LEAF, responder=ROOT.responder(purpose=False))))
    assert "lacks" in wrong(lambda: answered(ROOT.answer(LEAF, responder=ROOT.responder(no_check=False))))
    old = ROOT.responder(start=AT - 60 * DAY)
    assert "not valid now" in wrong(lambda: answered(ROOT.answer(LEAF, responder=old)))
    assert "not of the issuer" in wrong(lambda: answered(ROOT.answer(LEAF, responder=root("Lain").responder())))
    assert "not of the issuer" in wrong(lambda: answered(ROOT.answer(LEAF, responder=root().responder())))


def test_an_answer_with_another_signature_is_not_believed() -> None:
    assert "not signed" in wrong(lambda: answered(ROOT.answer(LEAF, impostor=root())))
    changed = bytearray(ROOT.answer(LEAF))
    changed[-1] ^= 1
    wrong(lambda: answered(bytes(changed)))


def test_an_answer_about_another_certificate_or_issuer_is_not_believed() -> None:
    assert "another certificate" in wrong(lambda: answered(ROOT.answer(ROOT.issue())))
    assert "another certificate" in wrong(lambda: answered(ROOT.answer(LEAF, issuer=root("Lain"))))
    assert "another certificate" in wrong(lambda: answered(ROOT.answer(LEAF, issuer=root())))  # same name, other key


def test_a_nonce_that_comes_back_is_ours() -> None:
    assert "nonce" in wrong(lambda: answered(ROOT.answer(LEAF, nonce=bytes(16))))
    assert answered(ROOT.answer(LEAF)).revoked_at is None  # signed ahead: the times bound it


def test_an_answer_is_of_now() -> None:
    assert "stale" in wrong(lambda: answered(ROOT.answer(LEAF, following=AT - SECOND)))
    assert "future" in wrong(lambda: answered(ROOT.answer(LEAF, this=AT + timedelta(minutes=6))))
    without_end = answered(ROOT.answer(LEAF, this=AT - timedelta(minutes=59), following=None))
    assert without_end.next_update == AT + timedelta(minutes=1)
    assert "stale" in wrong(lambda: answered(ROOT.answer(LEAF, this=AT - timedelta(minutes=61), following=None)))


def test_who_knows_nothing_says_nothing() -> None:
    assert "does not know" in wrong(lambda: answered(ROOT.answer(LEAF, ocsp.OCSPCertStatus.UNKNOWN)))
    later = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.TRY_LATER)
    assert "TRY_LATER" in wrong(lambda: answered(later.public_bytes(Encoding.DER)))
    for data in (b"", b"<html>", b"0" * 5000):
        assert "no OCSP response" in wrong(lambda data=data: answered(data))  # type: ignore[misc]  # defaults in a lambda have no type


def test_an_ed25519_authority_answers() -> None:
    by = Holder(root().issue("Ed", authority=True, key=(key := ed25519.Ed25519PrivateKey.generate())).certificate, key)
    leaf = _leaf_of(by)
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=leaf.certificate, issuer=by.certificate, algorithm=SHA1(), cert_status=ocsp.OCSPCertStatus.GOOD,  # noqa: S303 - a name
        this_update=AT, next_update=AT + DAY, revocation_time=None, revocation_reason=None,
    )  # fmt: skip
    signed = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, by.certificate).sign(key, None)
    assert answered(signed.public_bytes(Encoding.DER), leaf, by).revoked_at is None


def _leaf_of(by: Holder) -> Holder:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(LEAF.certificate.subject).issuer_name(by.certificate.subject)
    builder = (
        builder.public_key(key.public_key()).serial_number(77).not_valid_before(AT - DAY).not_valid_after(AT + DAY)
    )
    return Holder(builder.sign(by.key, None), key)


# --- addresses ----------------------------------------------------------------------------------------------------


def test_addresses_are_those_of_the_web() -> None:
    leaf = ROOT.issue(
        lists=["http://a.example/1.crl", "ldap://a.example/cn=x", "https://b.example/2.crl"],
        responders=["http://ocsp.example/", "ldap://x/"],
    )
    assert list_addresses(leaf.certificate) == ("http://a.example/1.crl", "https://b.example/2.crl")
    assert responder_addresses(leaf.certificate) == ("http://ocsp.example/",)
    assert list_addresses(LEAF.certificate) == responder_addresses(LEAF.certificate) == ()
