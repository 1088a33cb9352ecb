"""A detached CAdES signature (ETSI EN 319 122-1, B-B; CMS of RFC 5652), judged as whoever received it judges it.

1. one signer, whose certificate travels along
2. signed attributes: content-type, message-digest over the content, and signing-certificate-v2 that names the signer
3. the signature over these attributes, in DER, by the certificate's key
4. signing-time lies within the certificate's validity
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes

from conformance.evidence.faults import EvidenceBroken
from conformance.receipts.cms import HASHES, verify_by


@dataclass(frozen=True)
class Signed:
    """Who signed and when; the certificate is not vouched for by anything here."""

    certificate: x509.Certificate
    at: datetime

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, in hex."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()


def verify_detached(signature: bytes, content: bytes) -> Signed:
    """Judge a signature over `content`. Raises EvidenceBroken."""
    try:
        signed = cms.ContentInfo.load(signature)["content"]
        (signer,) = signed["signer_infos"]
        attributes = {each["type"].native: each["values"] for each in signer["signed_attrs"]}
        serial = signer["sid"].chosen["serial_number"].native
        # 1
        (found,) = [each.chosen for each in signed["certificates"] if each.chosen.serial_number == serial]
        der = found.dump()
        certificate = x509.load_der_x509_certificate(der)
        digest_name = signer["digest_algorithm"]["algorithm"].native
        digest = hashlib.new(digest_name, content).digest() if digest_name in HASHES else b""
        # 2
        (named,) = attributes["signing_certificate_v2"][0]["certs"]
        is_named = (
            named["hash_algorithm"]["algorithm"].native == "sha256"
            and named["cert_hash"].native == sha256(der).digest()
        )
        is_content = attributes["message_digest"][0].native == digest and attributes["content_type"][0].native == "data"
        at: datetime = attributes["signing_time"][0].native
        covered = signer["signed_attrs"].untag().dump()
        made: bytes = signer["signature"].native
    except (ValueError, KeyError, TypeError, IndexError) as fault:
        raise EvidenceBroken("tanda tangannya rusak", f"its signature cannot be read: {fault}") from None
    if not is_content:
        raise EvidenceBroken("daftar isinya telah diubah", "its manifest is not the one that was signed")
    if not is_named:
        raise EvidenceBroken("sertifikat penandatangan diganti", "the signature names another certificate")
    # 3
    try:
        verify_by(certificate, made, covered, digest_name)
    except (InvalidSignature, ValueError):
        raise EvidenceBroken("tanda tangannya tidak sah", "its signature does not verify") from None
    # 4
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise EvidenceBroken(
            "ditandatangani di luar masa berlaku sertifikat", "it was signed outside its certificate's validity"
        )
    return Signed(certificate, at)
