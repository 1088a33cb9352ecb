"""The QR code of a permit, read out of the PDF as a telephone reads it from paper (Pasal 22(4)c)."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.office.papers.permit import permit_pdf
from gateway.trust.permit_statement import Statement, StatementKey, read_statement
from tests.office.papers.people import HEAD, ISSUED_ON, numbered
from tests.office.papers.reading import qr_modules, squeezed, text_of

KEY = StatementKey.derived(b"\x07" * 32)
WIDTH_MM = 27
"""What permit.typ draws it at."""
FINEST_MM = 0.33
"""A module that a cheap telephone still reads from a laser print."""


def test_a_decoder_reads_the_signed_statement_from_what_the_pdf_draws() -> None:
    zxingcpp = pytest.importorskip("zxingcpp", reason="an environment older than the lock; make test makes it anew")
    case = numbered()
    number = case.reserved_number or ""
    signed = KEY.sign(Statement(number=number, service=case.service, day=date(2026, 3, 2), holder=b"8 bytes."))
    address = f"https://simojo.mojokertokota.example/periksa/{number}"
    pdf = permit_pdf(case, verify_url=address, issued_on=ISSUED_ON, signatory=HEAD, statement=signed)
    modules = qr_modules(pdf)
    side = 1 + max(column for column, _ in modules)
    (found,) = zxingcpp.read_barcodes(_image(modules, side))
    assert found.text == f"{address}?s={signed}"
    assert read_statement(found.text.partition("?s=")[2], (KEY.verifier,)).number == number
    assert found.ec_level == "M"
    assert WIDTH_MM / side >= FINEST_MM
    assert squeezed(address) in text_of(pdf)
    assert signed not in text_of(pdf), "the address alone is there to be typed"


def _image(modules: set[tuple[int, int]], side: int) -> memoryview:
    """Eight dots a module, grey levels, with a quiet zone of four modules."""
    scale, quiet = 8, 4
    whole = (side + 2 * quiet) * scale
    dots = bytes(
        0 if (x // scale - quiet, y // scale - quiet) in modules else 255 for y in range(whole) for x in range(whole)
    )
    return memoryview(dots).cast("B", (whole, whole))
