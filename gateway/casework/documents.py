"""Papers into the store: each by its SHA-256, beside the case that it belongs to."""

from __future__ import annotations

import hashlib
from datetime import datetime

from gateway.store.plan import Insert
from gateway.store.sealing import DOCUMENTS, BodySeal
from gateway.store.tables import DocumentRow

ACKNOWLEDGEMENT = "tanda-terima"
SKRD = "skrd"
PREPARED = "permit-prepared"
SIGNED = "permit-signed"
PDF = "application/pdf"


def digest_of(body: bytes) -> str:
    """SHA-256 in hex, as facts and PINs name a document."""
    return hashlib.sha256(body).hexdigest()


def keep(seal: BodySeal, kind: str, body: bytes, at: datetime) -> Insert:
    """The change that keeps a PDF of the case whose bodies `seal` seals."""
    digest = digest_of(body)
    values = {
        "case_id": seal.unit,
        "sha256": digest,
        "kind": kind,
        "media_type": PDF,
        "body": seal.blob(DOCUMENTS, digest, body),
        "made_at": at,
    }
    return Insert(DocumentRow, values)
