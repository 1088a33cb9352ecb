"""Certification authorities for tests: what they issue, the lists they sign, the OCSP answers they give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from tests.trust.parties import AT

DAY = timedelta(days=1)
_serials = count(1000)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def key_usage(**said: bool) -> x509.KeyUsage:
    words: list[str] = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment"]
    words += ["key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{word: said.get(word, False) for word in words})


AUTHORITY_USAGE = key_usage(key_cert_sign=True, crl_sign=True)


@dataclass(frozen=True)
class Holder:
    """A certificate and its private key. One that is an authority can issue and speak."""

    certificate: x509.Certificate
    key: Any

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    def issue(
        self,
        name: str = "dpupr",
        *,
        authority: bool = False,
        path_length: int | None = None,
        usage: x509.KeyUsage | None = None,
        key: Any = None,
        start: datetime = AT - DAY,
        days: float = 365,
        lists: Sequence[str] = (),
        responders: Sequence[str] = (),
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
        basic: bool = True,
    ) -> Holder:
        """Issue a certificate below this one."""
        return _made(
            name, self, key or ec.generate_private_key(ec.SECP256R1()), authority, path_length, usage, start, days,
            _places(lists, responders) + list(more), basic,
        )  # fmt: skip

    def crl(
        self,
        revoked: Mapping[int, tuple[datetime, x509.ReasonFlags | None]] | None = None,
        *,
        this: datetime = AT - DAY,
        following: datetime = AT + DAY,
        signer: Any = None,
        hashed: Any = SHA256,
        more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    ) -> bytes:
        """A list in DER form, of serial numbers with date and reason."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(this)
            .next_update(following)
        )
        for serial, (at, reason) in (revoked or {}).items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            if reason is not None:
                entry = entry.add_extension(x509.CRLReason(reason), critical=False)
            builder = builder.add_revoked_certificate(entry.build())
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        return builder.sign(signer or self.key, hashed()).public_bytes(Encoding.DER)

    def answer(
        self,
        about: Holder,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        issuer: Holder | None = None,
        responder: Holder | None = None,
        impostor: Holder | None = None,
        this: datetime = AT - timedelta(hours=1),
        following: datetime | None = AT + DAY,
        revoked_at: datetime | None = None,
        reason: x509.ReasonFlags | None = None,
        nonce: bytes | None = None,
    ) -> bytes:
        """An OCSP response in DER form, by this authority, a `responder` that it made, or an `impostor` of its name."""
        by = impostor or responder or self
        named_by = ocsp.OCSPResponderEncoding.NAME if impostor else ocsp.OCSPResponderEncoding.HASH
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=about.certificate,
                issuer=(issuer or self).certificate,
                algorithm=SHA1(),  # noqa: S303 - a name
                cert_status=status,
                this_update=this,
                next_update=following,
                revocation_time=revoked_at,
                revocation_reason=reason,
            )
            .responder_id(named_by, by.certificate)
        )
        if responder is not None:
            builder = builder.certificates([responder.certificate])
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        return builder.sign(by.key, SHA256()).public_bytes(Encoding.DER)

    def responder(self, *, purpose: bool = True, no_check: bool = True, start: datetime = AT - DAY) -> Holder:
        """A certificate for OCSP signing."""
        more: list[tuple[x509.ExtensionType, bool]] = []
        if purpose:
            more.append((x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), False))
        if no_check:
            more.append((x509.OCSPNoCheck(), False))
        return self.issue("responder", more=more, start=start, days=30)


def root(name: str = "Otoritas Contoh", *, path_length: int | None = None, key: Any = None, **said: Any) -> Holder:
    """A self-signed authority."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    return _made(
        name, None, key, True, path_length, None, said.get("start", AT - DAY), said.get("days", 3650), [], True
    )


def _made(
    name: str,
    issuer: Holder | None,
    key: Any,
    authority: bool,
    path_length: int | None,
    usage: x509.KeyUsage | None,
    start: datetime,
    days: float,
    more: Sequence[tuple[x509.ExtensionType, bool]],
    basic: bool,
) -> Holder:
    by = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(issuer.certificate.subject if issuer else named(name))
        .public_key(key.public_key())
        .serial_number(next(_serials))
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if basic:
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=path_length), critical=True)
    if authority or usage is not None:
        builder = builder.add_extension(usage or AUTHORITY_USAGE, critical=True)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return Holder(builder.sign(by, SHA256()), key)


def _places(lists: Sequence[str], responders: Sequence[str]) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if lists:
        points = [x509.DistributionPoint([x509.UniformResourceIdentifier(url)], None, None, None) for url in lists]
        found.append((x509.CRLDistributionPoints(points), False))
    if responders:
        method = AuthorityInformationAccessOID.OCSP
        access = [x509.AccessDescription(method, x509.UniformResourceIdentifier(url)) for url in responders]
        found.append((x509.AuthorityInformationAccess(access), False))
    return found
