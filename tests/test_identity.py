"""The hub's key from a value or a file, its password, its neighbours in a roll-over; the token is in tests/interop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from gateway.app.identity import (
    Role,
    agency_authorities,
    held_certificates,
    hub_key,
    hub_operations,
    previous_keys,
    signer_authorities,
)
from gateway.domain.errors import Misconfigured
from gateway.settings import Settings
from gateway.trust.csr import certificate_request
from gateway.trust.keys import SigningKey
from tests.trust.authorities import root
from tests.trust.parties import key, private_key


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def pem(signer: SigningKey) -> bytes:
    return signer.certificate.public_bytes(Encoding.PEM)


def sealed(signer: SigningKey, password: str) -> bytes:
    return signer.private_key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )


def settings(**given: Any) -> Settings:
    return Settings(**given, _env_file=None)


def wrong(act: Callable[[], object]) -> str:
    with pytest.raises(Misconfigured) as caught:
        act()
    return caught.value.code


Write = Callable[[str, bytes], Path]


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "ed25519"])
def test_a_key_comes_from_a_value_before_a_file(write: Write, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("SIMOJO_SIGNING_KEY", key(kind).private_pem().decode())
    given = settings(signing_certificate_file=write("hub.pem", pem(key(kind))), signing_key_file=Path("/nowhere"))
    assert hub_key(given).fingerprint == key(kind).fingerprint
    assert "PRIVATE" not in repr(given)


def test_a_key_with_a_password_opens_with_it_alone(write: Write) -> None:
    given: dict[str, Any] = {"signing_certificate_file": write("hub.pem", pem(key()))}
    given["signing_key_file"] = write("hub.key.pem", sealed(key(), "kata sandi"))
    assert hub_key(settings(**given, signing_key_password="kata sandi")).fingerprint == key().fingerprint
    assert wrong(lambda: hub_key(settings(**given, signing_key_password="lain"))) == "key-unreadable"
    assert wrong(lambda: hub_key(settings(**given))) == "key-unreadable"
    given["signing_key"] = sealed(key(), "kata sandi").decode()
    assert hub_key(settings(**given, signing_key_password="kata sandi")).fingerprint == key().fingerprint


def test_a_key_that_does_not_go_with_its_certificate_is_named(write: Write) -> None:
    given = settings(
        signing_certificate_file=write("hub.pem", pem(key("p256", 1))), signing_key=key().private_pem().decode()
    )
    assert wrong(lambda: hub_key(given)) == "key-mismatch"
    assert wrong(lambda: hub_key(settings(signing_certificate_file=write("x.pem", b"x")))) == "certificate-unreadable"


def test_all_certificates_that_the_settings_name_have_their_role(write: Write) -> None:
    one, two, three, authority = key(), key("rsa"), key("p384"), root()
    given = settings(
        signing_certificate_file=write("hub.pem", pem(two) + authority.pem),
        previous_signing_certificate_file=write("previous.pem", pem(one)),
        previous_signing_key_file=write("previous.key.pem", one.private_pem()),
        next_signing_certificate_file=write("next.pem", pem(three)),
        agency_ca_file=write("ca.pem", authority.pem + root("Lain").pem),
        signer_ca_file=write("signers.pem", root("Penanda Tangan").pem),
    )
    roles = [each.role for each in held_certificates(given)]
    assert roles == [Role.PREVIOUS, Role.CURRENT, Role.NEXT, Role.AUTHORITY, Role.AUTHORITY, Role.SIGNERS]
    assert [each.certificate for each in held_certificates(given)][:3] == [
        one.certificate,
        two.certificate,
        three.certificate,
    ]
    assert [each.fingerprint for each in previous_keys(given)] == [one.fingerprint]


def test_files_that_are_wrong_are_named_by_their_setting(write: Write) -> None:
    nothing = settings(agency_ca_file=write("ca.pem", b"bukan"))
    assert wrong(lambda: agency_authorities(nothing)) == "ca-file-unreadable"
    of_signers = settings(signer_ca_file=write("signers.pem", b"bukan"))
    assert wrong(lambda: signer_authorities(of_signers)) == "ca-file-unreadable"
    missing = settings(agency_ca_file=Path("/nowhere/ca.pem"))
    assert wrong(lambda: agency_authorities(missing)) == "key-file-missing"
    assert agency_authorities(settings()) == ()
    token = settings(pkcs11_module=Path("/nowhere/libtoken.so"), pkcs11_token="x", pkcs11_key_label="x")
    assert wrong(lambda: hub_operations(token)) == "pkcs11-pin-missing"


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384", "ed25519"])
def test_a_request_for_a_certificate_proves_the_key_and_says_what_it_is_for(kind: str) -> None:
    operations = hub_operations(settings(signing_key=key(kind).private_pem().decode()))
    name = {"country_name": "ID", "organization_name": "Pemkot Contoh", "common_name": "dpmptsp"}
    request = x509.load_pem_x509_csr(certificate_request(operations, name))
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=dpmptsp,O=Pemkot Contoh,C=ID"
    usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_agreement) == (
        True,
        kind == "rsa",
        kind in ("p256", "p384"),
    )


def test_no_request_is_made_for_a_weak_key() -> None:
    from gateway.trust.keys import SoftwareKey

    weak = SoftwareKey(private_key("rsa-weak"))  # type: ignore[arg-type]  # the makers give private keys
    assert wrong(lambda: certificate_request(weak, {"common_name": "x"})) == "key-weak"
