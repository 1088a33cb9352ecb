"""A stranger's PDF is read by a child that has bounds, and no secrets."""

from __future__ import annotations

import zlib

import pytest

from gateway.domain.errors import Malformed
from gateway.trust import pdf_apart
from gateway.trust.pdf_apart import signatures_apart
from gateway.trust.pdf_signature import SigningMaterial, pdf_signatures, sign_pdf
from tests.office.papers.people import permit
from tests.trust.parties import AT, key

ENTRY = b"\x01\x00\x00\x00"


def bomb(size: int) -> bytes:
    """A PDF whose cross-reference stream unpacks to `size` bytes."""
    packer = zlib.compressobj(9)
    packed = packer.compress(bytes(1)) + b"".join(packer.compress(bytes(2**20)) for _ in range(size // 2**20))
    packed += packer.flush()
    head = b"%PDF-1.7\n%/ByteRange\n"
    stream = b"1 0 obj\n<</Type/XRef/Size 9/W[1 2 1]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    return head + stream + packed + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % len(head)


def test_the_child_says_what_the_reader_says() -> None:
    signed = sign_pdf(permit(), SigningMaterial(key=key("p256")), name="x", reason="x", location="x", signed_at=AT)
    assert signatures_apart(signed) == pdf_signatures(signed)
    assert signatures_apart(permit()) == ()


def test_a_file_that_unpacks_to_gigabytes_ends_the_child_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        pdf_apart, "WALL_S", 60.0
    )  # a machine under load is patient; the bound of memory is what ends it
    with pytest.raises(Malformed) as refused:
        signatures_apart(bomb(2**30))
    assert refused.value.code == "pdf-malformed"


def test_reading_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_apart, "WALL_S", 0.01)
    with pytest.raises(Malformed, match="took longer"):
        signatures_apart(permit())
