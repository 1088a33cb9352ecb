"""Signatures on PDFs: PAdES-B-B by pyHanko (Pasal 13, Pasal 11(3)h), and what a file's signatures say."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.domain.errors import Malformed, Misconfigured

FIELD = "Pengesahan"


@dataclass(frozen=True, kw_only=True)
class SigningMaterial:
    """The key and certificate of the office's seal, PEM."""

    key_pem: bytes
    certificate_pem: bytes


@dataclass(frozen=True, kw_only=True)
class PdfSignature:
    """One signature of a file. `fingerprint` is the SHA-256 of the signer's certificate, in hex."""

    field: str
    fingerprint: str
    claimed_at: datetime | None
    intact: bool
    covers_whole_file: bool


def sign_pdf(
    pdf: bytes, material: SigningMaterial, *, name: str, reason: str, location: str, signed_at: datetime
) -> bytes:
    """Sign a PDF so that any later change shows. Raises Misconfigured `document-key-unreadable`."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata, PdfSigner
    from pyhanko.sign.fields import SigSeedSubFilter

    class TimedSigner(PdfSigner):
        """pyHanko asks the machine for the time; here it is an argument."""

        def init_signing_session(self, *args: Any, **kwargs: Any) -> Any:
            session = super().init_signing_session(*args, **kwargs)
            session.system_time = signed_at
            return session

    metadata = PdfSignatureMetadata(
        field_name=FIELD,
        name=name,
        reason=reason,
        location=location,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
    )
    out = io.BytesIO()
    TimedSigner(metadata, signer=_signer(material)).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), output=out)
    return out.getvalue()


def pdf_signatures(pdf: bytes) -> tuple[PdfSignature, ...]:
    """Read and check the signatures of a file, in the order in which they were made."""
    from pyhanko.pdf_utils.misc import PdfReadError
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    try:
        signatures = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    except PdfReadError as error:
        raise Malformed(f"the file cannot be read as PDF: {error}", code="pdf-malformed") from error
    found = []
    for each in signatures:
        each.compute_integrity_info()
        intact, valid = validate_sig_integrity(each.signer_info, each.signer_cert, "data", each.compute_digest())
        found.append(
            PdfSignature(
                field=each.field_name,
                fingerprint=hashlib.sha256(each.signer_cert.dump()).hexdigest(),
                claimed_at=each.self_reported_timestamp,
                intact=intact and valid,
                covers_whole_file=each.evaluate_signature_coverage() == SignatureCoverageLevel.ENTIRE_FILE,
            )
        )
    return tuple(found)


def _signer(material: SigningMaterial) -> Any:
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificate
    from pyhanko.sign import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    try:
        key = load_pem_private_key(material.key_pem, password=None)
        certificate = load_pem_x509_certificate(material.certificate_pem)
    except (ValueError, TypeError) as error:
        raise Misconfigured(
            f"the key or certificate of the document signature cannot be read: {error}", code="document-key-unreadable"
        ) from error
    return SimpleSigner(
        signing_cert=x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
    )
