"""What a reader of a PDF gets: its text, its drawings, its metadata. By pyHanko's reader; no PDF library is needed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from pyhanko.pdf_utils.reader import PdfFileReader

_OPERANDS = re.compile(rb"/(f\d+) [\d.]+ Tf|\(((?:\\.|[^\\()])*)\)", re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_GLYPH = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]+)>")
_SEGMENT = re.compile(rb"(?<![\d.])([\d.]+) ([\d.]+) m ([\d.]+) ([\d.]+) l")


def squeezed(text: str) -> str:
    """Text without white space: where lines break is the layout's affair."""
    return "".join(text.split())


def text_of(pdf: bytes) -> str:
    """All text of a PDF that typst made, in reading order, squeezed."""
    return squeezed("".join(part for page in _pages(pdf) for part in _texts(page)))


def pages_of(pdf: bytes) -> int:
    return len(list(_pages(pdf)))


def xmp_of(pdf: bytes) -> str:
    data: bytes = _root(pdf)["/Metadata"].data
    return data.decode()


def info_of(pdf: bytes) -> dict[str, str]:
    info = PdfFileReader(io.BytesIO(pdf)).trailer["/Info"]
    return {str(key): str(info[key]) for key in info}


def fonts_embedded(pdf: bytes) -> bool:
    descendants = [font["/DescendantFonts"][0] for page in _pages(pdf) for font in _fonts(page).values()]
    return bool(descendants) and all(
        {"/FontFile2", "/FontFile3"} & set(each["/FontDescriptor"]) for each in descendants
    )


def qr_modules(pdf: bytes) -> set[tuple[int, int]]:
    """The dark modules (column, row) of the QR code on the last page, which is drawn as lines at half heights."""
    segments = [tuple(map(float, each)) for each in _SEGMENT.findall(list(_pages(pdf))[-1]["/Contents"].data)]
    return {
        (column, int(y))
        for start, y, end, end_y in segments
        if y == end_y and y % 1 == 0.5
        for column in range(int(start), int(end))
    }


def _root(pdf: bytes) -> Any:
    return PdfFileReader(io.BytesIO(pdf)).root


def _pages(pdf: bytes) -> Iterator[Any]:
    def leaves(node: Any) -> Iterator[Any]:
        for each in node["/Kids"]:
            kid = each.get_object()
            if kid["/Type"] == "/Pages":
                yield from leaves(kid)
            else:
                yield kid

    yield from leaves(_root(pdf)["/Pages"])


def _fonts(page: Any) -> Any:
    return {name: page["/Resources"]["/Font"][name] for name in page["/Resources"]["/Font"]}


def _texts(page: Any) -> Iterator[str]:
    glyphs = {str(name): _glyphs(font["/ToUnicode"].data) for name, font in _fonts(page).items()}
    current: dict[bytes, str] = {}
    for font, literal in _OPERANDS.findall(page["/Contents"].data):
        if font:
            current = glyphs[f"/{font.decode()}"]
            continue
        codes = _unescaped(literal)
        yield "".join(current.get(codes[place : place + 2], "") for place in range(0, len(codes), 2))


def _glyphs(cmap: bytes) -> dict[bytes, str]:
    return {
        bytes.fromhex(code.decode()): bytes.fromhex(text.decode()).decode("utf-16-be")
        for code, text in _GLYPH.findall(cmap.partition(b"beginbfchar")[2])
    }


def _unescaped(literal: bytes) -> bytes:
    return _ESCAPE.sub(lambda match: bytes([int(match[1], 8)]) if match[1] else _NAMED.get(match[2], match[2]), literal)
