"""Pages of the console: their templates, their headers, and the language that a visitor reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.domain.titles import Language
from gateway.edge.console.texts import TEXTS, WORDS
from gateway.edge.http import language_of

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": (
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
)

_pages = Environment(
    loader=PackageLoader("gateway.edge.console"), autoescape=select_autoescape(default=True), trim_blocks=True
)


def language_asked(request: Request) -> Language:
    """The language of the page that is asked for: by its address, else as the browser prefers."""
    asked = request.query_params.get("lang")
    return Language(asked) if asked in ("id", "en") else language_of(request.headers)


def page_of(template: str, request: Request, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """A page from its template, with what it shows."""
    language = language_asked(request)
    said = WORDS[language]
    body = _pages.get_template(template).render(
        t=TEXTS[language], word=lambda code: said.get(code, code), lang=language.value, **facts
    )
    return HTMLResponse(body, status_code=status, headers=HEADERS)
