"""`simojo-conformance verify-permit`: a code from paper, checked with no network."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from gateway.trust.permit_statement import Statement, StatementKey

KEY = StatementKey.derived(b"\x07" * 32)
SIGNED = KEY.sign(Statement(number="001/KRK/XI/2026", service="krk", day=date(2026, 11, 24), holder=b"8 bytes."))
FORGED = SIGNED[:-40] + SIGNED[-40:-20].swapcase() + SIGNED[-20:]


@pytest.mark.parametrize(
    ("scanned", "status"),
    [
        (SIGNED, 0),
        (f"https://hub.example/periksa/001/KRK/XI/2026?s={SIGNED}", 0),
        (f"https://hub.example/periksa/002/KRK/XI/2026?s={SIGNED}", 1),
        (FORGED, 1),
        ("https://hub.example/periksa/001/KRK/XI/2026", 2),
    ],
)
def test_a_code_is_genuine_forged_or_not_readable(tmp_path: Path, scanned: str, status: int) -> None:
    keys = tmp_path / "keys.txt"
    keys.write_text(KEY.verifier.encode() + "\n", encoding="utf-8")
    ran = CliRunner().invoke(app, ["verify-permit", scanned, "--keys", str(keys)])
    assert ran.exit_code == status
    assert ("001/KRK/XI/2026" in ran.stdout) == (status == 0)


def test_without_keys_it_says_so(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["verify-permit", SIGNED, "--keys", str(tmp_path / "none")])
    assert ran.exit_code == 2
