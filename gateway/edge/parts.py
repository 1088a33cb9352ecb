"""What the routes of staff stand on, and who may use them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request

from gateway.casework.desk import Casework
from gateway.domain.errors import Unauthenticated, Unauthorised
from gateway.exchange.directory import Directory
from gateway.office.by_hand import PaperDeeds
from gateway.office.checking.checks import PaperChecks
from gateway.office.deeds import Deeds
from gateway.office.signing import SigningDeeds
from gateway.office.staff import Officer, officer_of
from gateway.operations.endpoints import Endpoints
from gateway.operations.erasing.carrying import Carrying
from gateway.operations.evidence.desk import EvidenceDesk
from gateway.operations.letters import Letters
from gateway.operations.receipts import Receipts
from gateway.operations.standing import Standing
from gateway.store.reading import Reader
from gateway.store.unit_of_work import Writing
from gateway.validation.library import SchemaLibrary

COOKIE = "simojo_token"
SECURE_COOKIE = f"__Host-{COOKIE}"
"""The cookie's name where the hub is reached by HTTPS: by it a browser knows that this host alone has set it."""
COOKIES = frozenset({COOKIE, SECURE_COOKIE})


@dataclass(frozen=True, kw_only=True)
class StaffEdge:
    """The parts. `seconds` is a clock that never goes back, for what may be done so often in a while.

    `public_url` is the hub's address as browsers know it: behind a proxy that ends TLS no request says so.
    """

    reader: Reader
    unit_of_work: Writing
    casework: Casework
    deeds: Deeds
    signing: SigningDeeds
    paper: PaperDeeds
    checks: PaperChecks
    letters: Letters
    endpoints: Endpoints
    receipts: Receipts
    directory: Directory
    library: SchemaLibrary
    standing: Standing
    evidence: EvidenceDesk
    erasing: Carrying
    public_url: str
    clock: Callable[[], datetime]
    seconds: Callable[[], float]


def token_hash(token: str) -> str:
    """What is stored of a token. A token is 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(token.encode()).hexdigest()


def cookie_of(edge: StaffEdge, request: Request) -> str:
    """The name of the cookie with the console's token; by HTTPS a `__Host-` one (RFC 6265bis section 4.1.3)."""
    is_secure = request.url.scheme == "https" or edge.public_url.startswith("https://")
    return SECURE_COOKIE if is_secure else COOKIE


def office_staff(request: Request) -> Officer:
    """Who calls, with the scope `office`. Raises what `officer` raises."""
    return officer(request.app.state.staff, request, "office")


def admin_staff(request: Request) -> Officer:
    """Who calls, with the scope `admin`. Raises what `officer` raises."""
    return officer(request.app.state.staff, request, "admin")


def officer(edge: StaffEdge, request: Request, scope: str) -> Officer:
    """Who calls, if their token has that scope.

    Raises Unauthenticated `token-missing`, `token-wrong`, `token-expired`; Unauthorised `scope-missing`.
    """
    header = request.headers.get("authorization", "")
    token = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""
    token = token or request.cookies.get(cookie_of(edge, request), "")
    if not token:
        raise Unauthenticated(
            "send `Authorization: Bearer <token>`; `simojo staff token` makes one", code="token-missing"
        )
    return officer_of_token(edge, token, scope)


def officer_of_token(edge: StaffEdge, token: str, scope: str) -> Officer:
    """Whose token it is, if it has that scope. Raises what `officer` raises but `token-missing`."""
    row = edge.reader.token(token_hash(token))
    member = edge.reader.staff(row.staff) if row else None
    if row is None or member is None or row.revoked_at is not None:
        raise Unauthenticated("this token is not known, or was revoked", code="token-wrong")
    if edge.clock() >= row.expires_at:
        raise Unauthenticated("this token has expired; `simojo staff token` makes another", code="token-expired")
    if scope not in row.scopes.split():
        raise Unauthorised(f"this token has the scopes {row.scopes}; {scope} is needed", code="scope-missing")
    return officer_of(member)
