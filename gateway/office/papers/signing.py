"""Signatures on PDFs (Pasal 11(3)h, 13): PAdES-B-B (ETSI EN 319 142-1), made and checked.

A signature proves that a file is unchanged and which certificate's key signed it. Whether that certificate deserved
trust at the time, and whether the time that it claims is true, is for the caller: compare the fingerprint with the
registered ones, and the time with the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.trust.keys import SigningKey


@dataclass(frozen=True, kw_only=True)
class SigningMaterial:
    """The key and certificate that documents are signed with; `chain` travels along, so that readers can follow it."""

    key: SigningKey
    chain: tuple[x509.Certificate, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PdfSignature:
    """One signature of a file.

    `field` names it within the file; `subject` (RFC 4514) and `fingerprint` (SHA-256 of the DER form, 64 hex digits)
    are those of the signer's certificate; `claimed_at` is what the signer says, None if nothing.

    `intact`: what it covers is unchanged and was signed with that certificate's key. `covers_whole_file`: nothing was
    added after it. A file with one signature is as it was signed only if both hold; of several, the last must cover
    the whole file and all must be intact.
    """

    field: str
    subject: str
    fingerprint: str
    claimed_at: datetime | None
    intact: bool
    covers_whole_file: bool


def sign_pdf(
    pdf: bytes, material: SigningMaterial, *, name: str, reason: str, location: str, signed_at: datetime
) -> bytes:
    """Sign a PDF with an invisible signature, so that any later change shows; an earlier signature stays valid.

    The bytes of `pdf` stay as they are and the signature is appended. `signed_at` is what the signature claims; with
    an RSA key the same arguments give the same bytes. It starts an event loop of its own: call it from a thread.

    Raises Malformed `pdf-malformed`, CaseRefusal `time-without-zone`, Misconfigured `document-certificate-not-valid`
    (not at `signed_at`), HubBusy `key-unavailable` while the token that holds the key cannot be used.
    """
    from gateway.office.papers import pades

    return pades.sign(pdf, material, name=name, reason=reason, location=location, signed_at=signed_at)


def pdf_signatures(pdf: bytes) -> tuple[PdfSignature, ...]:
    """Read and check all signatures of a file, in the order in which they were made; none gives ().

    Raises Malformed `pdf-malformed` when the file, or a signature in it, is too damaged to be read.
    """
    from gateway.office.papers import pades

    return pades.signatures(pdf)
