"""Loading our signing key, and the development CA."""

from __future__ import annotations

import stat
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509 import DNSName, IPAddress, SubjectAlternativeName

from gateway.domain.errors import Misconfigured
from gateway.trust.certificates import check_registrable, check_usable, register
from gateway.trust.dev_ca import DevelopmentCa, LeafKind, is_development
from gateway.trust.keys import fingerprint, load_signing_key
from gateway.trust.policy import KeyKind
from tests.trust.parties import AT, certificate, key, private_key


def pem(kind: str, password: bytes | None = None) -> bytes:
    private = private_key(kind)
    protection = BestAvailableEncryption(password) if password else NoEncryption()
    encoded: bytes = private.private_bytes(  # type: ignore[attr-defined]  # the makers give private keys
        Encoding.PEM, PrivateFormat.PKCS8, protection
    )
    return encoded


def certificate_pem(kind: str, number: int = 0) -> bytes:
    return certificate(private_key(kind, number)).public_bytes(Encoding.PEM)


def refused(key_pem: bytes, leaf_pem: bytes, password: bytes | None = None) -> str:
    with pytest.raises(Misconfigured) as caught:
        load_signing_key(key_pem, leaf_pem, password)
    return caught.value.code


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "ed25519"])
def test_a_key_and_its_certificate_load(kind: str) -> None:
    assert load_signing_key(pem(kind), certificate_pem(kind)).kind.value.replace("-", "") == kind


@pytest.mark.parametrize("password", [None, b"sandi"])
def test_a_key_loads_with_its_password(password: bytes | None) -> None:
    loaded = load_signing_key(pem("p256", password), certificate_pem("p256"), password)
    assert loaded.private_pem() == pem("p256")


def test_the_first_certificate_of_the_file_is_the_leaf() -> None:
    chain = certificate_pem("p256") + certificate_pem("rsa")
    assert load_signing_key(pem("p256"), chain).kind is KeyKind.P256
    assert refused(pem("rsa"), chain) == "key-mismatch"


def test_what_cannot_be_used_is_refused_by_its_name() -> None:
    assert refused(b"no key", certificate_pem("p256")) == "key-unreadable"
    assert refused(pem("p256", b"sandi"), certificate_pem("p256")) == "key-unreadable"
    assert refused(pem("p256", b"sandi"), certificate_pem("p256"), b"salah") == "key-unreadable"
    assert refused(pem("p256"), b"no certificate") == "certificate-unreadable"
    assert refused(pem("p256"), certificate_pem("p256", 1)) == "key-mismatch"
    for kind in ("rsa-weak", "p521", "dsa"):
        assert refused(pem(kind), certificate_pem(kind)) == "key-weak"


def test_a_fingerprint_is_the_sha_256_of_the_der_form() -> None:
    der = key().certificate.public_bytes(Encoding.DER)
    assert fingerprint(key().certificate) == key().fingerprint == sha256(der).hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ca") / "made" / "by-the-ca"


@pytest.fixture(scope="module")
def authority(folder: Path) -> DevelopmentCa:
    return DevelopmentCa.make(folder, production=False, at=AT)


def test_production_has_no_development_ca(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        DevelopmentCa.make(tmp_path, production=True, at=AT)
    assert caught.value.code == "development-only"
    assert list(tmp_path.iterdir()) == []


def test_the_ca_is_found_again_and_its_key_is_its_owner_s_alone(authority: DevelopmentCa, folder: Path) -> None:
    assert DevelopmentCa.make(folder, production=False, at=AT).certificate_pem == authority.certificate_pem
    assert {stat.S_IMODE(file.stat().st_mode) & 0o077 for file in folder.glob("*-key.pem")} == {0}


def test_a_ca_made_of_other_files_is_refused(tmp_path: Path) -> None:
    DevelopmentCa.make(tmp_path, production=False, at=AT)
    (tmp_path / "development-ca-key.pem").write_bytes(pem("rsa"))
    with pytest.raises(Misconfigured) as mismatch:
        DevelopmentCa.make(tmp_path, production=False, at=AT)
    assert mismatch.value.code == "key-mismatch"
    (tmp_path / "development-ca.pem").write_bytes(certificate_pem("rsa"))
    with pytest.raises(Misconfigured) as other:
        DevelopmentCa.make(tmp_path, production=False, at=AT).issue("dpupr", at=AT)
    assert other.value.code == "key-mismatch"


@pytest.mark.parametrize("kind", list(LeafKind))
def test_leaves_sign_and_are_encrypted_to(authority: DevelopmentCa, kind: LeafKind) -> None:
    usage = authority.issue("dpupr", at=AT, kind=kind).key.certificate.extensions.get_extension_for_class(x509.KeyUsage)
    said = (usage.value.digital_signature, usage.value.key_encipherment, usage.value.key_agreement)
    assert said == (True, kind is LeafKind.RSA, kind is LeafKind.EC)
    certifying = authority.key.certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (certifying.key_encipherment, certifying.key_agreement) == (False, False)


def test_leaves_are_marked_signed_by_the_ca_and_registrable(authority: DevelopmentCa) -> None:
    leaf = authority.issue("dpupr", at=AT)
    leaf.key.certificate.verify_directly_issued_by(authority.key.certificate)
    check_registrable(leaf.key.certificate)
    check_usable(register("dpupr", leaf.key.certificate), AT)
    assert is_development(leaf.key.certificate)
    assert is_development(authority.key.certificate)
    assert not is_development(key().certificate)
    assert isinstance(leaf.key.private_key, ec.EllipticCurvePrivateKey)


def test_leaves_can_be_rsa_of_3072_bits(authority: DevelopmentCa) -> None:
    private = authority.issue("bank", at=AT, kind=LeafKind.RSA).key.private_key
    assert isinstance(private, rsa.RSAPrivateKey)
    assert private.key_size == 3072


def test_a_leaf_for_hosts_names_them(authority: DevelopmentCa) -> None:
    leaf = authority.issue("hub", at=AT, hosts=("hub.example", "127.0.0.1"), days=2).key.certificate
    names = leaf.extensions.get_extension_for_class(SubjectAlternativeName).value
    assert names.get_values_for_type(DNSName) == ["hub.example"]
    assert [str(address) for address in names.get_values_for_type(IPAddress)] == ["127.0.0.1"]
    assert leaf.not_valid_after_utc == AT + timedelta(days=2)


def test_a_leaf_is_written_as_files_that_load(authority: DevelopmentCa, tmp_path: Path) -> None:
    leaf = authority.issue("dpupr", at=AT)
    key_file, certificate_file = leaf.write(tmp_path / "peers")
    assert load_signing_key(key_file.read_bytes(), certificate_file.read_bytes()).fingerprint == leaf.key.fingerprint
    assert stat.S_IMODE(key_file.stat().st_mode) & 0o077 == 0
