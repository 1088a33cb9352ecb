"""The hub's own certificates, for agencies to trust ahead: `/hub/certificates.json` and `/hub/certificates.pem`.

The JSON is signed by the current key, as every REST answer is (detached JWS in `X-JWS-Signature`; `int` is
`hub-certificates`, `agr` is `meta/1.0`, `aud` is `*`): who trusts the current certificate learns of the next one from
the hub itself and nobody else. Anybody may ask, so one signature serves all who ask within half of its life, as long as
the certificates are the same: strangers do not put the private key to work.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
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
AGREEMENT: Final = "meta/1.0"
"""As for meta-services: no agency's agreement is needed to ask."""

EVERYBODY: Final = "*"
LIFE: Final = timedelta(minutes=5)
KEPT: Final = LIFE / 2
"""How long a signed answer is given again; whoever gets it has as long to verify it."""

_ORDER: Final = ("previous", "current", "next")


@dataclass(frozen=True, kw_only=True)
class HubCertificates:
    """What the routes need. `next_signs_from` is when the next one is announced to sign, None while that is open."""

    reader: Reader
    hub: Hub
    clock: Callable[[], datetime]
    new_id: Callable[[], str]
    next_signs_from: datetime | None


@dataclass(frozen=True, kw_only=True)
class _Signed:
    """A signed answer: of which rows, when, the body, the signature."""

    rows: tuple[object, ...]
    at: datetime
    body: bytes
    signature: str


@dataclass
class _Answers:
    """Gives the signed answer, and makes another when the last is too old or of other certificates."""

    edge: HubCertificates
    _kept: _Signed | None = field(default=None, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)
    """Held while signing, so that those who ask meanwhile get the one signature that is made."""

    def give(self) -> _Signed:
        rows, at = _rows(self.edge.reader), self.edge.clock()
        content = tuple((row.role, row.fingerprint, row.pem, row.signs_from, row.signs_until) for row in rows)
        with self._lock:
            kept = self._kept
            if kept is None or kept.rows != content or not kept.at <= at < kept.at + KEPT:
                kept = self._kept = self._sign(rows, content, at)
            return kept

    def _sign(self, rows: list[HubCertificateRow], content: tuple[object, ...], at: datetime) -> _Signed:
        hub = self.edge.hub
        views = [_view(row, self.edge.next_signs_from) for row in rows]
        body = json.dumps({"hub": hub.id, "certificates": views}, separators=(",", ":")).encode()
        claims = JwsClaims(
            iss=hub.id,
            aud=EVERYBODY,
            iat=at,
            exp=at + LIFE,
            jti=self.edge.new_id(),
            agr=AGREEMENT,
            int_=INTERACTION,
        )
        return _Signed(rows=content, at=at, body=body, signature=sign_detached(body, hub.key, claims))


def hub_certificates_router(edge: HubCertificates) -> APIRouter:
    """The routes. Anybody may ask: certificates are public."""
    router = APIRouter(include_in_schema=False)
    answers = _Answers(edge)

    @router.get("/hub/certificates.json")
    def as_json() -> Response:
        signed = answers.give()
        headers = {"X-JWS-Signature": signed.signature, "Cache-Control": "no-store"}
        return Response(signed.body, media_type="application/json", headers=headers)

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
