"""An uploaded PDF against the store: is it the stored file, and if not, what do its signatures say.

1. the digest is that of the stored signed file: it is that file, to the last byte
2. or that of the document before it was signed: a draft
3. else its signatures are read (`gateway.trust.pdf_apart`) and judged: whose, when, whole, trusted
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.domain.errors import Malformed
from gateway.office.checking.stored import StoredPermit
from gateway.trust.certificates import Use, permitted_uses
from gateway.trust.chains import why_unchained
from gateway.trust.pdf_apart import signatures_apart
from gateway.trust.pdf_signature import PdfSignature

MAX_FILE = 4 * 2**20
"""Bytes of a file that is looked at: a permit has some 60 kB, a scan of one a few megabytes less than this."""


class FileKind(StrEnum):
    """What a file is."""

    STORED = "stored"
    """The stored signed file, to the last byte."""
    DRAFT = "draft"
    """The document before it was signed."""
    NO_PDF = "no-pdf"
    UNREADABLE = "unreadable"
    UNSIGNED = "unsigned"
    OTHER = "other"
    """Another file than the stored one, with signatures."""


class Signer(StrEnum):
    """Who vouches for a signature's certificate."""

    OFFICE = "office"
    AUTHORITY = "authority"
    """It leads to an authority that the office trusts for signers."""
    NOBODY = "nobody"


@dataclass(frozen=True, kw_only=True)
class JudgedSignature:
    """One signature: the name in its certificate, the time that it claims, and what is true of it."""

    name: str
    claimed_at: datetime | None
    intact: bool
    whole: bool
    signer: Signer


@dataclass(frozen=True, kw_only=True)
class FileVerdict:
    """What came of a file; `sha256` is its digest in hex."""

    kind: FileKind
    sha256: str
    signatures: tuple[JudgedSignature, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether it is another file than the stored one."""
        return self.kind is not FileKind.STORED


@dataclass(frozen=True, kw_only=True)
class FileJudge:
    """`own` gives the fingerprints of certificates that the hub signs or signed with; `authorities` are for signers."""

    own: Callable[[], frozenset[str]]
    authorities: Sequence[x509.Certificate]

    def judge(self, permit: StoredPermit, body: bytes, at: datetime) -> FileVerdict:
        """Judge a file that is said to be this permit's. Raises HubBusy `pdf-reader-missing`."""
        sha256 = hashlib.sha256(body).hexdigest()
        if sha256 == permit.signed:  # 1.
            return FileVerdict(kind=FileKind.STORED, sha256=sha256)
        if sha256 == permit.prepared:  # 2.
            return FileVerdict(kind=FileKind.DRAFT, sha256=sha256)
        if not body.startswith(b"%PDF-"):
            return FileVerdict(kind=FileKind.NO_PDF, sha256=sha256)
        if b"/ByteRange" not in body:
            return FileVerdict(kind=FileKind.UNSIGNED, sha256=sha256)
        try:
            found = signatures_apart(body)  # 3.
        except Malformed:
            return FileVerdict(kind=FileKind.UNREADABLE, sha256=sha256)
        own = self.own()
        judged = tuple(self._judged(each, own, at) for each in found)
        return FileVerdict(kind=FileKind.OTHER if judged else FileKind.UNSIGNED, sha256=sha256, signatures=judged)

    def _judged(self, signature: PdfSignature, own: frozenset[str], at: datetime) -> JudgedSignature:
        return JudgedSignature(
            name=_name(signature.certificate),
            claimed_at=signature.claimed_at,
            intact=signature.intact,
            whole=signature.covers_whole_file,
            signer=Signer.OFFICE if signature.fingerprint in own else self._signer(signature, at),
        )

    def _signer(self, signature: PdfSignature, at: datetime) -> Signer:
        # an official's certificate may have ended since; that it was valid then, the signer alone says
        then = min(signature.claimed_at or at, at)
        try:
            chained = why_unchained(signature.certificate, signature.others, self.authorities, then) is None
            is_vouched_for = chained and Use.SIGN in permitted_uses(signature.certificate)
        except (Malformed, ValueError):
            is_vouched_for = False
        return Signer.AUTHORITY if is_vouched_for else Signer.NOBODY


def _name(certificate: x509.Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value)[:120] if names else "-"
