"""Which URLs an agency may be called at."""

from __future__ import annotations

from urllib.parse import urlsplit

from gateway.domain.errors import Refused


def check_endpoint(url: str, *, production: bool) -> None:
    """Raise Refused `endpoint-invalid`: nobody can listen there; plain HTTP beyond loopback in production mode."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as fault:
        raise Refused(f"{url!r} is no http(s) URL: {fault}", code="endpoint-invalid") from fault
    if port == 0:
        raise Refused(f"{url!r} names port 0, where nobody can listen", code="endpoint-invalid")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refused(f"{url!r} is no http(s) URL", code="endpoint-invalid")
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if production and parts.scheme == "http" and not local:
        raise Refused(
            "plain HTTP is refused in production mode (Pasal 20 d)", code="endpoint-invalid", clause="Pasal 20 d"
        )
