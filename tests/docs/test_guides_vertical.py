"""The guides for technicians of Dukcapil, DJP and OSS show messages that keep to the agreed schemas."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from conformance.peers.djp import TAXPAYERS
from gateway.validation.library import SchemaLibrary, default_roots

PAGES = Path(__file__).parents[2] / "docs" / "agencies"
SHOWN: Mapping[str, tuple[str, ...]] = {
    "djp": (
        "djp/verify-tax-status/1.0/request",
        "djp/verify-tax-status/1.0/reply",
        "djp/verify-tax-status/1.0/reply",
    ),
    "dukcapil": ("dukcapil/verify-resident/1.0/request", "dukcapil/verify-resident/1.0/reply"),
    "oss": ("oss/receiveNIB/1.0/reply", "oss/inqueryNIB/1.0/request", "oss/inqueryNIB/1.0/reply"),
}
"""Which document each message of a page keeps to, in their order."""


def _page(agency: str) -> str:
    return (PAGES / f"{agency}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("agency", SHOWN)
def test_every_message_of_a_guide_keeps_to_its_schema(agency: str) -> None:
    library = SchemaLibrary(default_roots())
    messages = [json.loads(block) for block in re.findall(r"```json\n(.+?)```", _page(agency), re.DOTALL)]
    for message, document in zip(messages, SHOWN[agency], strict=True):
        assert library.json(document).check(message) == (), document


def test_the_guide_of_djp_names_the_simulators_taxpayers() -> None:
    assert dict(re.findall(r"^\| `([0-9]{16})` \| (.+?) \|", _page("djp"), re.MULTILINE)) == {
        npwp: each.name for npwp, each in TAXPAYERS.items()
    }
