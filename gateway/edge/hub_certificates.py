"""The hub's own certificates, for agencies to trust ahead: `/hub/certificates.json` and `/hub/certificates.pem`.

The JSON is signed by the current key, as every REST answer is (detached JWS in `X-JWS-Signature`, `int` is
`hub-certificates`): who trusts the current certificate learns of the next one from the hub itself and nobody else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from fastapi import APIRouter
from fastapi.responses import Response

from gateway.dialect.party import Hub
from gateway.edge.admin.views import instant
from gateway.store.reading import Reader
from gateway.store.tables import HubCertificateRow
from gateway.trust.jws import JwsClaims, sign_detached

INTERACTION: Final = "hub-certificates"
LIFE: Final = timedelta(minutes=5)
_ORDER: Final = ("previous", "current", "next")


@dataclass(frozen=True, kw_only=True)
class HubCertificates:
    """What the routes need. `next_signs_from` is when the next one is announced to sign, None while that is open."""

    reader: Reader
    hub: Hub
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    next_signs_from: datetime | None


def hub_certificates_router(edge: HubCertificates) -> APIRouter:
    """The routes. Anybody may ask: certificates are public."""
    router = APIRouter(include_in_schema=False)

    @router.get("/hub/certificates.json")
    def as_json() -> Response:
        views = [_view(row, edge.next_signs_from) for row in _rows(edge.reader)]
        body = json.dumps({"hub": edge.hub.id, "certificates": views}, separators=(",", ":")).encode()
        at = edge.clock()
        claims = JwsClaims(iss=edge.hub.id, aud="*", iat=at, exp=at + LIFE, jti=edge.new_id(), agr="", int_=INTERACTION)
        headers = {"X-JWS-Signature": sign_detached(body, edge.hub.key, claims), "Cache-Control": "no-store"}
        return Response(body, media_type="application/json", headers=headers)

    @router.get("/hub/certificates.pem")
    def as_pem() -> Response:
        """Current first, then the next, then the previous one."""
        rows = sorted(_rows(edge.reader), key=lambda row: ("current", "next", "previous").index(row.role))
        return Response("".join(row.pem for row in rows), media_type="application/x-pem-file")

    return router


def _rows(reader: Reader) -> list[HubCertificateRow]:
    rows = [row for row in reader.hub_certificates() if row.role in _ORDER]
    return sorted(rows, key=lambda row: _ORDER.index(row.role))


def _view(row: HubCertificateRow, next_signs_from: datetime | None) -> dict[str, Any]:
    certificate = x509.load_pem_x509_certificate(row.pem.encode())
    signs_from = next_signs_from if row.role == "next" else row.signs_from
    return {
        "role": row.role,
        "fingerprint": row.fingerprint,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "notBefore": instant(certificate.not_valid_before_utc),
        "notAfter": instant(certificate.not_valid_after_utc),
        "signsFrom": instant(signs_from),
        "signsUntil": instant(row.signs_until),
        "pem": row.pem,
    }
