"""Signatures on PDFs, made by a simulated signing service with a key of its own (PAdES-B-B, ETSI EN 319 142-1)."""

from __future__ import annotations

import io
from pathlib import Path

from conformance.signing.keys import CERTIFICATE_FILE, KEY_FILE


def signed_pdf(pdf: bytes, folder: Path, *, name: str, reason: str, location: str) -> bytes:
    """Append a signature by the key in `folder`; its time is the machine's. Raises PdfError or ValueError for no PDF.

    It starts an event loop of its own: call it from a thread.
    """
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign import PdfSignatureMetadata
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.signers import SimpleSigner, sign_pdf

    key, certificate = str(folder / KEY_FILE), str(folder / CERTIFICATE_FILE)
    signer = SimpleSigner.load(key, certificate)  # type: ignore[no-untyped-call]  # pyHanko leaves it untyped
    metadata = PdfSignatureMetadata(
        field_name="BSrE", name=name, reason=reason, location=location, subfilter=SigSeedSubFilter.PADES
    )
    written: io.BytesIO = sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), metadata, signer=signer)
    return written.getvalue()
