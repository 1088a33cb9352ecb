"""`bukti.html`: one page for a judge or an officer. It needs nothing else: no script, no network, and it prints."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from gateway.operations.evidence.told import Told, wib

_pages = Environment(
    loader=PackageLoader("gateway.operations.evidence"),
    autoescape=select_autoescape(default=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
_STYLE = files("gateway.operations.evidence").joinpath("templates/bukti.css").read_text(encoding="utf-8")


def write_page(said: Mapping[str, Any], told: Told) -> bytes:
    """Give the page of a bundle; `said` is what its `evidence.json` says."""
    style = b64encode(sha256(_STYLE.encode()).digest()).decode()
    erased = [each["id"] for each in said["exchanges"] if each["erased"]]
    page = _pages.get_template("bukti.html").render(
        said=said,
        told=told,
        style=_STYLE,
        policy=f"default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'",
        made=wib(datetime.fromisoformat(said["madeAt"])),
        timeline=[(wib(when), text) for when, text in told.timeline()],
        erased=erased,
        is_erased=bool(erased) or bool(said["case"] and said["case"]["erased"]),
        wib=wib,
    )
    return page.encode()
