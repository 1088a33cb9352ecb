"""Registered certificates: usable, strong enough, proven by possession."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.domain.errors import Malformed, Misconfigured, Refused, Unauthenticated
from gateway.trust.certificate_files import load_certificate, load_chain
from gateway.trust.certificates import (
    CertificateStatus,
    RegisteredCertificate,
    Use,
    check_registrable,
    check_usable,
    encryption_certificate,
    find_certificate,
    permitted_uses,
    register,
)
from gateway.trust.keys import fingerprint
from gateway.trust.policy import KeyKind
from gateway.trust.possession import possession_challenge, verify_possession
from tests.trust import openssl_made
from tests.trust.authorities import key_usage, root
from tests.trust.parties import AT, certificate, key, private_key, registered

CHALLENGE = possession_challenge("dpupr", "ab" * 32, "nonce-1")
ECDSA_SHA_1 = bytes.fromhex("2a8648ce3d0401")


def usage(*, signing: bool, committing: bool = False, enciphering: bool = True) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signing,
        content_commitment=committing,
        key_encipherment=enciphering,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def refused(given: x509.Certificate) -> str:
    with pytest.raises(Refused) as caught:
        check_registrable(given)
    return caught.value.code


def unusable(at: datetime, revoked_at: datetime | None = None) -> str:
    with pytest.raises(Unauthenticated) as caught:
        check_usable(registered(key(), revoked_at=revoked_at), at)
    return caught.value.code


def test_a_certificate_is_usable_from_its_first_to_its_last_second() -> None:
    mine = registered(key())
    for moment in (key().certificate.not_valid_before_utc, AT, key().certificate.not_valid_after_utc):
        check_usable(mine, moment)
    check_usable(registered(key(), revoked_at=AT + timedelta(seconds=1)), AT)


def test_outside_its_time_or_once_revoked_it_is_not() -> None:
    second = timedelta(seconds=1)
    assert unusable(key().certificate.not_valid_before_utc - second) == "certificate-not-yet-valid"
    assert unusable(key().certificate.not_valid_after_utc + second) == "certificate-expired"
    assert unusable(AT, revoked_at=AT) == "certificate-revoked"
    assert unusable(datetime(2100, 1, 1, tzinfo=UTC), revoked_at=AT) == "certificate-revoked"


def test_a_certificate_is_found_by_its_fingerprint_alone() -> None:
    mine, other = registered(key()), registered(key("p256", 1))
    assert find_certificate([other, mine], key().fingerprint) is mine
    for certificates in ([other], []):
        with pytest.raises(Unauthenticated) as caught:
            find_certificate(certificates, key().fingerprint)
        assert caught.value.code == "certificate-unknown"


def test_registering_computes_the_fingerprint() -> None:
    assert register("dpupr", key().certificate).fingerprint == fingerprint(key().certificate)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_certificate_loads_from_pem_and_der(encoding: Encoding) -> None:
    assert load_certificate(key().certificate.public_bytes(encoding)) == key().certificate


@pytest.mark.parametrize("data", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA", b"0" * 20_000])
def test_other_bytes_are_not_a_certificate(data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        load_certificate(data)
    assert caught.value.code == "certificate-malformed"


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "ed25519"])
def test_strong_keys_are_registrable(kind: str) -> None:
    check_registrable(certificate(private_key(kind)))
    check_registrable(certificate(private_key(kind), usage=usage(signing=True)))
    check_registrable(certificate(private_key(kind), usage=usage(signing=False, committing=True)))


@pytest.mark.parametrize("kind", ["rsa-weak", "rsa-exponent-3", "p521", "dsa"])
def test_weak_or_unknown_keys_are_not(kind: str) -> None:
    assert refused(certificate(private_key(kind))) == "certificate-weak"


def test_a_certificate_signed_over_sha_1_or_by_something_unknown_is_not() -> None:
    check_registrable(load_certificate(openssl_made.EC_CERTIFICATE))
    assert refused(load_certificate(openssl_made.SHA_1_CERTIFICATE)) == "certificate-weak"
    unknown = openssl_made.SHA_1_CERTIFICATE.replace(ECDSA_SHA_1, ECDSA_SHA_1[:-1] + b"\x7e")
    assert refused(load_certificate(unknown)) == "certificate-weak"


def test_a_certificate_for_something_other_than_signing_is_not() -> None:
    assert refused(certificate(private_key(), usage=usage(signing=False))) == "certificate-not-for-use"


@pytest.mark.parametrize(
    ("kind", "said", "clients", "uses"),
    [
        ("rsa", None, None, "encrypt sign tls"),
        ("p256", None, None, "encrypt sign tls"),
        ("ed25519", None, None, "sign tls"),
        ("rsa", {"digital_signature"}, None, "sign tls"),
        ("rsa", {"digital_signature", "key_encipherment"}, None, "encrypt sign tls"),
        ("rsa", {"digital_signature", "key_agreement"}, None, "sign tls"),
        ("p256", {"digital_signature", "key_encipherment"}, None, "sign tls"),
        ("p256", {"key_agreement"}, None, "encrypt"),
        ("rsa", {"content_commitment"}, None, "sign"),
        ("p256", {"digital_signature"}, ExtendedKeyUsageOID.CLIENT_AUTH, "sign tls"),
        ("p256", {"digital_signature"}, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, "sign tls"),
        ("p256", {"digital_signature"}, ExtendedKeyUsageOID.SERVER_AUTH, "sign"),
        ("p256", {"crl_sign"}, None, ""),
    ],
)
def test_key_usage_and_extended_key_usage_say_what_a_certificate_is_for(
    kind: str, said: set[str] | None, clients: x509.ObjectIdentifier | None, uses: str
) -> None:
    given = None if said is None else key_usage(**dict.fromkeys(said, True))
    more: list[tuple[x509.ExtensionType, bool]] = [] if clients is None else [(x509.ExtendedKeyUsage([clients]), False)]
    made = root().issue(key=private_key(kind), usage=given, more=more).certificate
    assert " ".join(sorted(permitted_uses(made))) == uses
    if "sign" in uses:
        assert check_registrable(made) == permitted_uses(made)
    for use in Use:
        if use in uses.split():
            assert check_registrable(made, frozenset({use})) == {use}
        else:
            with pytest.raises(Refused) as caught:
                check_registrable(made, frozenset({use}))
            assert caught.value.code == "certificate-not-for-use"


def test_a_certificate_is_registered_for_something() -> None:
    with pytest.raises(Refused) as caught:
        check_registrable(key().certificate, frozenset())
    assert caught.value.code == "uses-missing"


def test_a_file_holds_the_leaf_and_those_above_it() -> None:
    above = root()
    leaf = above.issue()
    assert load_chain(leaf.pem + b"catatan\n" + above.pem) == (leaf.certificate, above.certificate)
    assert load_chain(leaf.certificate.public_bytes(Encoding.DER)) == (leaf.certificate,)
    for wrong in (b"", b"-----BEGIN CERTIFICATE-----", leaf.pem * 9, leaf.pem.replace(b"M", b"!")):
        with pytest.raises(Malformed) as caught:
            load_chain(wrong)
        assert caught.value.code == "certificate-malformed"


@pytest.mark.parametrize(
    ("status", "after", "code"),
    [
        (CertificateStatus(revoked_at=AT), timedelta(0), "certificate-revoked"),
        (CertificateStatus(chain_until=AT), timedelta(seconds=1), "certificate-chain-expired"),
        (CertificateStatus(good_until=AT), timedelta(seconds=1), "certificate-status-unknown"),
    ],
)
def test_what_authorities_say_counts_from_its_moment_on(status: CertificateStatus, after: timedelta, code: str) -> None:
    mine = replace(registered(key()), status=status)
    check_usable(mine, AT + after - timedelta(seconds=1))
    with pytest.raises(Unauthenticated) as caught:
        check_usable(mine, AT + after)
    assert caught.value.code == code


def test_a_chain_that_is_wanted_and_missing_is_refused_with_what_to_do() -> None:
    check_usable(replace(registered(key()), status=CertificateStatus()), AT)
    with pytest.raises(Unauthenticated, match="register it again with its chain") as caught:
        check_usable(replace(registered(key()), status=CertificateStatus(chain_missing=True)), AT)
    assert caught.value.code == "certificate-chain-missing"


def test_extensions_that_cannot_be_read_are_refused() -> None:
    der = certificate(private_key(), usage=usage(signing=True)).public_bytes(Encoding.DER)
    bits, no_bits = bytes.fromhex("030205a0"), bytes.fromhex("040205a0")
    assert bits in der
    assert refused(load_certificate(der.replace(bits, no_bits))) == "certificate-malformed"


def test_the_challenge_says_what_its_signature_means() -> None:
    assert CHALLENGE == (
        b"SIMOJO Gateway: I hold the private key of this certificate and ask to register it.\n"
        b"agency: dpupr\ncertificate: " + b"ab" * 32 + b"\nnonce: nonce-1\n"
    )


@pytest.mark.parametrize("parts", [("", "ab", "n"), ("dpupr", "a b", "n"), ("dpupr", "ab", "n\nagency: bank")])
def test_a_challenge_cannot_be_stretched(parts: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="one word"):
        possession_challenge(*parts)


@pytest.mark.parametrize(
    ("der", "signature"),
    [
        (openssl_made.EC_CERTIFICATE, openssl_made.EC_SIGNATURE),
        (openssl_made.RSA_CERTIFICATE, openssl_made.RSA_SIGNATURE),
    ],
)
def test_what_openssl_signs_proves_possession_of_this_key_and_this_challenge(der: bytes, signature: bytes) -> None:
    holder = load_certificate(der)
    verify_possession(holder, CHALLENGE, signature)
    for challenge, given in [
        (CHALLENGE + b"\n", signature),
        (possession_challenge("dpupr", "ab" * 32, "nonce-2"), signature),
        (CHALLENGE, b""),
        (CHALLENGE, openssl_made.RSA_SIGNATURE + openssl_made.EC_SIGNATURE),
    ]:
        with pytest.raises(Unauthenticated) as caught:
            verify_possession(holder, challenge, given)
        assert caught.value.code == "possession-not-proven"


def test_an_ed25519_key_signs_the_challenge_itself() -> None:
    holder = private_key("ed25519")
    assert isinstance(holder, ed25519.Ed25519PrivateKey)
    verify_possession(certificate(holder), CHALLENGE, holder.sign(CHALLENGE))


def test_a_key_of_another_kind_proves_nothing() -> None:
    with pytest.raises(Unauthenticated) as caught:
        verify_possession(certificate(private_key("dsa")), CHALLENGE, openssl_made.RSA_SIGNATURE)
    assert caught.value.code == "possession-not-proven"


# --- the one that we encrypt to -----------------------------------------------------------------------------------

RSA = frozenset({KeyKind.RSA})


def encrypting(number: int, start: datetime = AT - timedelta(days=1), days: int = 365) -> RegisteredCertificate:
    return register("dpupr", certificate(private_key("rsa", number), start=start, days=days))


def test_the_newest_usable_certificate_for_encryption_is_encrypted_to() -> None:
    old, new = encrypting(0), encrypting(1, AT - timedelta(hours=1))
    same = encrypting(2, AT - timedelta(hours=1))
    later = encrypting(3, AT + timedelta(hours=1))
    gone = encrypting(4, AT - timedelta(minutes=2), 0)
    found = [
        encryption_certificate("dpupr", each, RSA, AT)
        for each in ([new, old], [old, new], [old, later], [gone, old], [new, same], [same, new])
    ]
    assert found == [each.certificate for each in (new, new, old, old, same, new)]
    assert encryption_certificate("dpupr", [old, new, later], RSA, AT + timedelta(hours=2)) == later.certificate


def test_what_is_no_certificate_for_encryption_is_passed_over_and_none_is_said_with_the_command() -> None:
    unfit = [
        registered(key("p256")),
        registered(key("ed25519")),
        registered(key("rsa"), revoked_at=AT),
        register("dpupr", key("rsa").certificate, uses=frozenset({Use.SIGN})),
        encrypting(0, AT + timedelta(days=1)),
        encrypting(0, AT - timedelta(days=2), 1),
        register("dpupr", certificate(private_key("rsa"), usage=usage(signing=True, enciphering=False))),
    ]
    for few in [[each] for each in unfit] + [[], unfit]:
        with pytest.raises(Misconfigured) as caught:
            encryption_certificate("dpupr", few, RSA, AT)
        assert caught.value.code == "encryption-certificate-missing"
        assert "simojo agency certify dpupr" in caught.value.text
        assert "--use encrypt" in caught.value.text
    able = register("dpupr", certificate(private_key("rsa"), usage=usage(signing=True)))
    assert encryption_certificate("dpupr", [*unfit, able], RSA, AT) == able.certificate
    curves = frozenset({KeyKind.P256})
    assert encryption_certificate("dpupr", unfit, curves, AT) == key("p256").certificate
    agreeing = certificate(private_key("p256"), usage=usage(signing=True))  # no key agreement
    with pytest.raises(Misconfigured):
        encryption_certificate("dpupr", [register("dpupr", agreeing)], curves, AT)
