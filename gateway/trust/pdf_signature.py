"""Signatures on PDFs (Pasal 11(3)h, 13): PAdES-B-B (ETSI EN 319 142-1), made and checked.

A signature proves that a file is unchanged and which certificate's key signed it. Whether that certificate deserved
trust at the time, and whether the time that it claims is true, is for the caller: compare the fingerprint with the
registered ones or ask `why_no_trusted_signer`, and compare the time with the ledger. `gateway.trust.pades` is the
pyHanko side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.domain.errors import Malformed
from gateway.trust.certificates import Use, permitted_uses
from gateway.trust.chains import why_unchained
from gateway.trust.keys import SigningKey


@dataclass(frozen=True, kw_only=True)
class SigningMaterial:
    """The key and certificate that documents are signed with; `chain` travels along, so that readers can follow it."""

    key: SigningKey
    chain: tuple[x509.Certificate, ...] = ()


MAX_OTHERS = 8
"""Certificates beside a signature that are looked at: chains are shorter."""


@dataclass(frozen=True, kw_only=True)
class PdfSignature:
    """One signature of a file.

    `field` names it within the file; `subject` (RFC 4514) and `fingerprint` (SHA-256 of the DER form, 64 hex digits)
    are those of the signer's `certificate`; `claimed_at` is what the signer says, None if nothing. `others` are the
    certificates that came along, at most MAX_OTHERS: nobody vouches for them, a chain may lead over them.

    `intact`: what it covers is unchanged and was signed with that certificate's key. `covers_whole_file`: nothing was
    added after it. A file with one signature is as it was signed only if both hold; of several, the last must cover
    the whole file and all must be intact.
    """

    field: str
    subject: str
    fingerprint: str
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]
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
    from gateway.trust import pades

    return pades.sign(pdf, material, name=name, reason=reason, location=location, signed_at=signed_at)


def pdf_signatures(pdf: bytes) -> tuple[PdfSignature, ...]:
    """Read and check all signatures of a file, in the order in which they were made; none gives ().

    Raises Malformed `pdf-malformed` when the file, or a signature in it, is too damaged to be read.
    """
    from gateway.trust import pades

    return pades.signatures(pdf)


def why_no_signed_form(document: bytes, signed: bytes) -> str | None:
    """Say why `signed` is no signed form of `document`; None when it is one.

    It is one when it begins with the document, byte for byte (a signature is an incremental update, ISO 32000-2,
    7.5.6), and bears the document's signatures and one more, all intact, of which the last covers the whole file.
    Who may sign is another question (`why_no_trusted_signer`); what the added part shows is not judged.
    """
    if not signed.startswith(document):
        return "it does not begin with the document that was sent, byte for byte"
    try:
        found, before = pdf_signatures(signed), pdf_signatures(document)
    except Malformed as fault:
        return fault.text
    if len(found) != len(before) + 1:
        return f"it bears {len(found)} signatures, and {len(before) + 1} were to be on it"
    if not all(each.intact for each in found):
        return "a signature on it does not fit what it covers"
    return None if found[-1].covers_whole_file else "something was added after its last signature"


def why_no_trusted_signer(signed: bytes, authorities: Sequence[x509.Certificate], at: datetime) -> str | None:
    """Say why the last signature of a file is nobody's whom `authorities` vouch for at `at`; None when they do.

    Its certificate has to lead to one of them over those that came along (RFC 5280, 6.1; `gateway.trust.chains`), and
    its key usage has to let it sign. Whether one of them was revoked is not asked.
    """
    try:
        found = pdf_signatures(signed)
        if not found:
            return "nobody signed it"
        signature = found[-1]
        why = why_unchained(signature.certificate, signature.others, authorities, at)
        if why is not None:
            return why
        if Use.SIGN not in permitted_uses(signature.certificate):
            return f"the key usage of {signature.subject[:120]} does not let it sign"
    except Malformed as fault:
        return fault.text
    return None
