"""`meta.documents`: which WSDLs, XSDs and OpenAPI document describe the agency's exchanges, with their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from gateway.contract.message import Json, Payload
from gateway.exchange.meta.inquiry import Asked, moment
from gateway.exchange.published import PublishedDocument


def documents(asked: Asked, published: Iterable[PublishedDocument]) -> Payload:
    """Answer the list: who keeps the digests notices a change."""
    return {"agency": asked.agency, "at": moment(asked.at), "document": [_document(each) for each in published]}


def _document(published: PublishedDocument) -> Json:
    said: dict[str, Json] = {"kind": published.kind}
    if published.interaction is not None:
        said["interaction"] = published.interaction
    return said | {
        "servedBy": "agency" if published.served_by_agency else "hub",
        "url": published.url,
        "sha256": hashlib.sha256(published.data).hexdigest(),
        "bytes": len(published.data),
    }
