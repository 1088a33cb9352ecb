"""One self-contained HTML file out of its sources; the policy in it names the hashes of its one script and style."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

_SOURCE = Path(__file__).parent / "source"
SCRIPTS = ("sha2", "ed25519", "forms", "certificate", "verify", "words", "page")
"""In this order: each uses those before it, when it runs."""


@dataclass(frozen=True)
class ReceiptPage:
    """The file's bytes, and the Content-Security-Policy that is also in it."""

    html: bytes
    policy: str


@cache
def receipt_page() -> ReceiptPage:
    """Put the page together; the same bytes each time."""
    script = '"use strict";\n(() => {\n' + "\n".join(_read(f"{name}.js") for name in SCRIPTS) + "})();\n"
    style = _read("page.css")
    policy = (
        f"default-src 'none'; script-src {_hash_of(script)}; style-src {_hash_of(style)}; base-uri 'none'; "
        "form-action 'none'"
    )
    page = _read("page.html")
    for name, text in (("policy", policy), ("style", style), ("script", script)):
        before, _, after = page.partition(f"{{{name}}}")
        page = before + text + after
    return ReceiptPage(page.encode(), policy)


def _read(name: str) -> str:
    return (_SOURCE / name).read_text("utf-8")


def _hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(sha256(text.encode()).digest()).decode()}'"
