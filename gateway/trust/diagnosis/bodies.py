"""The bodies that a client may have signed in place of the one that it sent: JSON written anew in other layouts.

Members keep their order and numbers their digits, unless a variety is about just that. The body that was sent comes
first; then the same content as the JSON writers of PHP, Node, Java, .NET and Python write it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Final

import rfc8785

from gateway.trust.diagnosis.forms import SMALL, Form
from gateway.trust.diagnosis.mistakes import Mistake

_BOM: Final = b"\xef\xbb\xbf"


class Number(str):
    """A JSON number by its digits as they came."""

    __slots__ = ()


_Escape = Callable[[str], str]
_PLAIN = re.compile(r'["\\\x00-\x1f]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def bodies(body: bytes) -> Iterator[Form]:
    """Give the body as it was sent, then what may have been signed in its place. Raises nothing."""
    yield Form(body, None)
    yield from (form for form in _other_ends(body) if form.octets != body)
    try:
        text = body.removeprefix(_BOM).decode()
        rewritten = _quickly if len(body) > SMALL else _rewritten
        yield from (form for form in rewritten(text) if form.octets != body)
        yield from (form for form in _other_texts(text) if form.octets != body)
        yield from _canonicalized(text)
    except (ValueError, RecursionError, rfc8785.CanonicalizationError):
        return


def _other_ends(body: bytes) -> Iterator[Form]:
    yield Form(body + b"\n", Mistake.FINAL_NEWLINE, "signed with a final LF")
    yield Form(body.rstrip(b"\r\n"), Mistake.FINAL_NEWLINE, "signed without the final line end")
    yield Form(body + b"\r\n", Mistake.FINAL_NEWLINE, "signed with a final CR LF")
    yield Form(body.strip(), Mistake.TEXT_TRIMMED)
    yield Form(_BOM + body, Mistake.BYTE_ORDER_MARK)
    yield Form(body.removeprefix(_BOM), Mistake.BYTE_ORDER_MARK)
    yield Form(body.replace(b"\r\n", b"\n"), Mistake.LINE_ENDS)
    yield Form(body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), Mistake.LINE_ENDS)


def _quickly(text: str) -> Iterator[Form]:
    """Of a large body only what the standard library writes at the speed of C."""
    value = json.loads(text)
    for separators, escaped, order in product(((",", ":"), (", ", ": ")), (False, True), (False, True)):
        octets = json.dumps(value, separators=separators, ensure_ascii=escaped, sort_keys=order).encode()
        yield Form(octets, Mistake.BODY_REWRITTEN, "signed in another layout")


def _rewritten(text: str) -> Iterator[Form]:
    value = json.loads(text, parse_float=Number, parse_int=Number)
    for (layout, spaces), order, (style, escape) in product(_LAYOUTS.items(), (False, True), _ESCAPES.items()):
        said = f"signed {layout}, {style}{', members in alphabetical order' if order else ''}"
        octets = _write(value, spaces, escape, ordered=order).encode(errors="surrogatepass")
        yield Form(octets, Mistake.BODY_REWRITTEN, said)
        yield Form(octets + b"\n", Mistake.BODY_REWRITTEN, f"{said}, with a final LF")
        if b"\n" in octets:
            yield Form(octets.replace(b"\n", b"\r\n"), Mistake.BODY_REWRITTEN, f"{said}, with CR LF")


def _other_texts(text: str) -> Iterator[Form]:
    if text.isascii():
        return
    for form in ("NFC", "NFD"):
        yield Form(unicodedata.normalize(form, text).encode(), Mistake.UNICODE_FORM, f"signed in {form}")
    yield Form(text.encode("latin-1", errors="replace"), Mistake.OTHER_ENCODING)


def _canonicalized(text: str) -> Iterator[Form]:
    value = json.loads(text)
    yield Form(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode(), Mistake.BODY_REWRITTEN, "numbers")
    yield Form(rfc8785.dumps(value), Mistake.BODY_CANONICALIZED)


# --- a small writer of JSON ------------------------------------------------------------------------------------------

_LAYOUTS: Mapping[str, tuple[str | None, str, str]] = {
    "without spaces": (None, ",", ":"),
    "with spaces after , and :": (None, ", ", ": "),
    "indented by 2": ("  ", ",", ": "),
    "indented by 4": ("    ", ",", ": "),
    "indented by tab": ("\t", ",", ": "),
    "with space after :": (None, ",", ": "),
}
"""Indentation (None: one line), what follows an item, what follows a member's name."""


def _utf8(text: str) -> str:
    return _PLAIN.sub(lambda match: _SHORT.get(match[0], f"\\u{ord(match[0]):04x}"), text)


def _ascii(text: str) -> str:
    return json.dumps(text)[1:-1]


def _php(text: str) -> str:
    return _ascii(text).replace("/", "\\/")


def _slashes(text: str) -> str:
    return _utf8(text).replace("/", "\\/")


def _dotnet(text: str) -> str:
    """As System.Text.Json writes by default: all but Basic Latin, and what HTML minds, as upper-case escapes."""
    kept = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    units = text.encode("utf-16-be", errors="surrogatepass")
    characters = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "".join(
        kept.get(chr(each)) or (f"\\u{each:04X}" if not 0x20 <= each < 0x7F or chr(each) in "\"&'+<>`" else chr(each))
        for each in characters
    )


def _java(text: str) -> str:
    """As Gson writes by default: what HTML minds as lower-case escapes."""
    return re.sub("[<>&='\u2028\u2029]", lambda match: f"\\u{ord(match[0]):04x}", _utf8(text))


_ESCAPES: Mapping[str, _Escape] = {
    "UTF-8 unescaped": _utf8,
    "with \\u escapes": _ascii,
    "with \\u escapes and \\/ (PHP)": _php,
    "with \\/": _slashes,
    "with \\u escapes (.NET)": _dotnet,
    "with HTML escapes (Gson)": _java,
}


def _write(
    value: object, layout: tuple[str | None, str, str], escape: _Escape, *, ordered: bool, depth: int = 1
) -> str:
    """Write a value that `json.loads` gave, its numbers as `Number`."""
    indent, comma, colon = layout
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, str):
        return f'"{escape(value)}"'
    if isinstance(value, dict):
        members = sorted(value.items()) if ordered else value.items()
        items = [
            f'"{escape(name)}"{colon}{_write(each, layout, escape, ordered=ordered, depth=depth + 1)}'
            for name, each in members
        ]
        return _joined("{", items, "}", indent, comma, depth)
    if isinstance(value, list):
        items = [_write(each, layout, escape, ordered=ordered, depth=depth + 1) for each in value]
        return _joined("[", items, "]", indent, comma, depth)
    return json.dumps(value)


def _joined(opening: str, items: list[str], closing: str, indent: str | None, comma: str, depth: int) -> str:
    if indent is None or not items:
        return opening + comma.join(items) + closing
    inner = "\n" + indent * depth
    return opening + inner + f"{comma}{inner}".join(items) + "\n" + indent * (depth - 1) + closing
