"""Deeds come from the hub's own pages alone: what another site makes a browser send is refused (CSRF).

SameSite=Strict keeps other sites' requests from bringing the cookie, but takes every host under one domain for the
same site. So each request that may change something, and is for the console or brings its cookie, is also judged by
what the browser says of where it comes from, in this order:

1. `Sec-Fetch-Site` (W3C Fetch Metadata), where it is there: `same-origin`, or `none`, which is the user themselves.
2. `Origin` (RFC 6454 section 7), where it is there: the public URL's, or the address that was called.

Every browser sends one of them with a POST. A program that sends neither has no cookie but one that it was given.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.domain.errors import GatewayError, Unauthorised
from gateway.edge.console.refusals import PAGES, refusal_page
from gateway.edge.http import language_of, problem
from gateway.edge.parts import COOKIES

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110 section 9.2.1)."""
_PORTS = {"http": 80, "https": 443}


class OwnOrigin:
    """The middleware; `public_url` is the hub's address as browsers know it."""

    def __init__(self, app: ASGIApp, *, public_url: str) -> None:
        self._app = app
        self._public = origin_of(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it: with a page at the console, with a problem elsewhere."""
        if scope["type"] == "http" and scope["method"] not in SAFE:
            request = Request(scope)
            is_page = request.url.path.startswith(PAGES)
            if is_page or not COOKIES.isdisjoint(request.cookies):
                try:
                    self._check(request)
                except GatewayError as error:
                    told = refusal_page(request, error) if is_page else _problem(request, error)
                    await told(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    def _check(self, request: Request) -> None:
        """Raise Unauthorised `cross-origin`."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        if site is not None and site not in {"same-origin", "none"}:  # 1.
            raise _foreign(f"Sec-Fetch-Site: {site[:20]}")
        if origin is not None and origin_of(origin) not in self._own(request):  # 2.
            raise _foreign(f"Origin: {origin[:100]}")

    def _own(self, request: Request) -> set[str]:
        """The hub's origins. A proxy that ends TLS calls it by plain HTTP, so https counts beside the scheme."""
        host = request.headers.get("host", "")
        own = {self._public, origin_of(f"{request.url.scheme}://{host}"), origin_of(f"https://{host}")}
        if self._public.startswith("https://"):
            name = urlsplit(self._public).hostname  # the same name in clear is whoever stands between
            own = {each for each in own if not (each.startswith("http://") and urlsplit(each).hostname == name)}
        return own - {""}


def origin_of(url: str) -> str:
    """The origin of a URL with its port, `https://hub.example:443`; empty for what has none, such as `null`."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port}"


def _foreign(said: str) -> Unauthorised:
    return Unauthorised(
        f"this request comes from another site ({said}), and changes nothing here: open the page at the hub's own"
        " address and do it there. If that is where it was sent from, SIMOJO_PUBLIC_URL has to be that address",
        code="cross-origin",
        clause="Pasal 20 d",
    )


def _problem(request: Request, error: GatewayError) -> Response:
    return problem(error, instance=request.url.path, language=language_of(request.headers))
