"""Papers into the store: each by its SHA-256, beside the case that it belongs to."""

from __future__ import annotations

import hashlib
from datetime import datetime

from gateway.store.plan import Insert
from gateway.store.tables import DocumentRow

ACKNOWLEDGEMENT = "tanda-terima"
SKRD = "skrd"
PREPARED = "permit-prepared"
SIGNED = "permit-signed"
PDF = "application/pdf"


def digest_of(body: bytes) -> str:
    """SHA-256 in hex, as facts and PINs name a document."""
    return hashlib.sha256(body).hexdigest()


def keep(case_id: str, kind: str, body: bytes, at: datetime) -> Insert:
    """The change that keeps a PDF."""
    values = {
        "case_id": case_id,
        "sha256": digest_of(body),
        "kind": kind,
        "media_type": PDF,
        "body": body,
        "made_at": at,
    }
    return Insert(DocumentRow, values)
