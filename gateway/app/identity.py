"""The hub's own keys and certificates, from its settings: the one that signs, the one before, and the next.

The signing key comes from exactly one place, looked for in this order: a token (`SIMOJO_PKCS11_MODULE`), a value
(`SIMOJO_SIGNING_KEY`), a file (`SIMOJO_SIGNING_KEY_FILE`). Its certificate is always a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from cryptography import x509

from gateway.domain.errors import Malformed, Misconfigured
from gateway.operations.timestamping import Authority
from gateway.settings import Settings
from gateway.trust.certificate_files import load_chain
from gateway.trust.dev_ca import is_development
from gateway.trust.keys import KeyOperations, SigningKey, join, load_private_key, load_signing_key


class Role(StrEnum):
    """What a certificate of ours is there for."""

    PREVIOUS = "previous"
    """We signed with it, and still decrypt with its key."""
    CURRENT = "current"
    """We sign with it."""
    NEXT = "next"
    """We shall sign with it: agencies may trust it already."""
    AUTHORITY = "authority"
    """Agencies' certificates must chain to it."""
    SIGNERS = "signers"
    """The certificates of certified signatures must chain to it."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """A certificate that the settings name, and its role."""

    role: Role
    certificate: x509.Certificate


def hub_operations(settings: Settings) -> KeyOperations:
    """What the signing key does, also before it has a certificate. Raises Misconfigured."""
    if settings.pkcs11_module is not None:
        return _in_token(settings, settings.pkcs11_key_label)
    return load_private_key(settings.signing_key_pem(), _password(settings))


def hub_key(settings: Settings) -> SigningKey:
    """The hub's signing key. Raises Misconfigured; in production also for a development certificate."""
    certificate = hub_chain(settings)[0]
    key = join(hub_operations(settings), certificate)
    if settings.is_production and is_development(certificate):
        raise Misconfigured(
            "the hub's certificate is of a development CA, which is refused in production mode: set "
            "SIMOJO_SIGNING_KEY_FILE and SIMOJO_SIGNING_CERTIFICATE_FILE",
            code="certificate-development",
        )
    return key


def hub_chain(settings: Settings) -> tuple[x509.Certificate, ...]:
    """The signing certificate and what stands above it in its file. Raises Misconfigured."""
    found = _certificates(settings, "signing_certificate_file")
    if not found:
        raise Misconfigured("set SIMOJO_SIGNING_CERTIFICATE_FILE", code="certificate-unreadable")
    return found


def previous_keys(settings: Settings) -> tuple[SigningKey, ...]:
    """The key before this one, if the settings name it. Raises Misconfigured."""
    chain = _certificates(settings, "previous_signing_certificate_file")
    if not chain:
        return ()
    if settings.previous_pkcs11_key_label:
        return (join(_in_token(settings, settings.previous_pkcs11_key_label), chain[0]),)
    pem = settings.file("previous_signing_key_file")
    if pem is None:
        return ()
    certificate = settings.file("previous_signing_certificate_file") or b""
    return (load_signing_key(pem, certificate, _password(settings)),)


def held_certificates(settings: Settings) -> tuple[Held, ...]:
    """All certificates that the settings name. Raises Misconfigured."""
    return (
        *(Held(role=Role.PREVIOUS, certificate=each) for each in _certificates(settings, _PREVIOUS)[:1]),
        Held(role=Role.CURRENT, certificate=hub_chain(settings)[0]),
        *(Held(role=Role.NEXT, certificate=each) for each in _certificates(settings, _NEXT)[:1]),
        *(Held(role=Role.AUTHORITY, certificate=each) for each in agency_authorities(settings)),
        *(Held(role=Role.SIGNERS, certificate=each) for each in signer_authorities(settings)),
    )


def agency_authorities(settings: Settings) -> tuple[x509.Certificate, ...]:
    """The authorities that agencies' certificates must chain to; none: trusted as registered. Raises Misconfigured."""
    return _authorities(settings, "agency_ca_file")


def signer_authorities(settings: Settings) -> tuple[x509.Certificate, ...]:
    """The authorities that signers of certified signatures must chain to; none: not judged. Raises Misconfigured."""
    return _authorities(settings, "signer_ca_file")


def timestamp_authority(settings: Settings) -> Authority | None:
    """Who stamps checkpoints, None where nobody is asked. Raises Misconfigured."""
    if not settings.timestamp_url:
        return None
    certificates = _authorities(settings, "timestamp_ca_file")
    if not certificates:
        raise Misconfigured(
            "SIMOJO_TIMESTAMP_URL is set: name the authorities above its certificate in SIMOJO_TIMESTAMP_CA_FILE",
            code="timestamp-ca-missing",
        )
    interval = timedelta(minutes=settings.timestamp_interval_min)
    return Authority(url=settings.timestamp_url, certificates=certificates, interval=interval)


_PREVIOUS = "previous_signing_certificate_file"
_NEXT = "next_signing_certificate_file"


def _authorities(settings: Settings, name: str) -> tuple[x509.Certificate, ...]:
    data = settings.file(name)
    try:
        return () if data is None else tuple(x509.load_pem_x509_certificates(data))
    except ValueError as fault:
        raise Misconfigured(
            f"SIMOJO_{name.upper()} holds something else than certificates in PEM", code="ca-file-unreadable"
        ) from fault


def _certificates(settings: Settings, name: str) -> tuple[x509.Certificate, ...]:
    data = settings.file(name)
    try:
        return () if data is None else load_chain(data)
    except Malformed as fault:
        raise Misconfigured(
            f"SIMOJO_{name.upper()} cannot be read: {fault.text}", code="certificate-unreadable"
        ) from fault


def _in_token(settings: Settings, label: str) -> KeyOperations:
    from gateway.trust.pkcs11_key import open_pkcs11_key

    return open_pkcs11_key(str(settings.pkcs11_module), settings.pkcs11_token, settings.pkcs11_user_pin(), label)


def _password(settings: Settings) -> bytes | None:
    return None if settings.signing_key_password is None else settings.signing_key_password.get_secret_value().encode()
