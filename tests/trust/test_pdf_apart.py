"""A stranger's PDF is read by a child that has bounds, and no secrets."""

from __future__ import annotations

import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from gateway.domain.errors import Malformed
from gateway.trust import pdf_apart
from gateway.trust.pdf_apart import signatures_apart
from gateway.trust.pdf_signature import SigningMaterial, pdf_signatures, sign_pdf
from tests.office.papers.people import permit
from tests.trust.parties import AT, key


def bomb(size: int) -> bytes:
    """A PDF whose cross-reference stream unpacks to `size` bytes."""
    packed = zlib.compress(bytes(size), 9)
    head = b"%PDF-1.7\n%/ByteRange\n"
    stream = b"1 0 obj\n<</Type/XRef/Size 9/W[1 2 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    return head + stream + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def test_the_child_says_what_the_reader_says() -> None:
    signed = sign_pdf(permit(), SigningMaterial(key=key("p256")), name="x", reason="x", location="x", signed_at=AT)
    assert signatures_apart(signed) == pdf_signatures(signed)
    assert signatures_apart(permit()) == ()


def test_a_file_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(Malformed) as refused:
        signatures_apart(bomb(64 * 2**20))
    assert refused.value.code == "pdf-malformed"


@pytest.mark.parametrize("greedy", ["bytes(2**30)", "while True: pass", "open('more', 'wb', 0).write(bytes(10))"])
def test_the_child_has_bounds_of_memory_time_and_files(tmp_path: Path, greedy: str) -> None:
    program = f"from gateway.trust import pdf_apart\npdf_apart.CPU_S = 1\npdf_apart._bound()\n{greedy}"
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, timeout=60, check=False)
    assert ran.returncode != 0
    assert [path.stat().st_size for path in tmp_path.iterdir()] in ([], [0])


def test_reading_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_apart, "WALL_S", 0.01)
    with pytest.raises(Malformed, match="took longer"):
        signatures_apart(permit())
