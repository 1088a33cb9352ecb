"""Strict JSON from outside: bounded, UTF-8, no member twice, no fraction, no number that a reader may round.

Whoever speaks a dialect of their own cannot be told to write such a number as a string: from them it is read as its
text, digit for digit as it was written, and no float is ever made of it (decision 0079).

Nearly every body is read by msgspec, into a type that has no fraction, no greater number and no more depth (decision
46). What it does not take, the standard library reads, with hooks; where that refuses, another pass finds the place.
All are linear in the body. A refusal names line, column and rule, and never a value: a NIK written as a number is
personal data all the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import suppress
from itertools import accumulate
from typing import Annotated, Any, NoReturn

import msgspec

from gateway.contract.message import Json
from gateway.domain.errors import Malformed

MAX_INTEGER = 2**53 - 1
"""The greatest integer that every JSON reader keeps exactly (RFC 8785)."""

MAX_VALUES = 20_000
"""Values that are read (commas and opening brackets are counted): each costs memory and time many times its bytes."""

# possessive throughout: a quote that nothing closes must not be tried again from every later quote
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{},:]|[^\s\[\]{},:"]++', re.DOTALL)
_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_NO_BRACKETS = bytes(each for each in range(256) if each not in _STEPS)
_COLON = re.compile(r"[ \t\r\n]*:")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_WHOLE = re.compile(r"-?[0-9]{1,16}")


class _Unfit(ValueError):
    """Raised inside the parser's hooks, which know what is wrong and not where. Its argument is the stable code."""


def parse_json(data: bytes, *, max_bytes: int, max_depth: int = 64, inexact_as_text: bool = False) -> Json:
    """Parse a body of at most `max_bytes` bytes whose brackets nest at most `max_depth` deep.

    Raises Malformed: `body-too-large`, `json-too-many-values` (more than `MAX_VALUES`), `json-too-deep`,
    `json-malformed`, `json-duplicate-member`, `json-number` (a fraction, NaN, or an integer of 2**53 and more: write
    it as a string); all but the first two with line and column. `inexact_as_text`: a fraction, a number with an
    exponent and such an integer are read as their text instead; NaN and Infinity, which JSON has not, never are.
    """
    if len(data) > max_bytes:
        raise Malformed(f"the body has {len(data)} bytes, at most {max_bytes} are read", code="body-too-large")
    brackets = data.count(b"[") + data.count(b"{")
    if len(data) > MAX_VALUES:  # in fewer bytes there is no room for more values
        values = data.count(b",") + brackets
        if values > MAX_VALUES:
            raise Malformed(
                f"the body has some {values} values, at most {MAX_VALUES} are read: send it in parts",
                code="json-too-many-values",
            )
    if max_depth >= _PLAIN_DEPTH:
        with suppress(_Unfit):
            return _plain(data)
    if brackets > max_depth and _greatest_depth(data) > max_depth:
        _check_depth(data, max_depth)  # before parsing, so that depth cannot exhaust the parser
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        place = _place(data[: error.start].decode("utf-8"))
        raise Malformed(f"the body is not UTF-8 at {place}", code="json-malformed") from None
    try:
        parsed: Json = (_LENIENT if inexact_as_text else _DECODER).decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"the body is not JSON: {error.msg} at {place}", code="json-malformed") from None
    except _Unfit as unfit:
        raise _refusal(text, str(unfit), is_fit=_is_number if inexact_as_text else _is_exact) from None
    if "\\u" in text and _SURROGATE.search(text):
        _check_text(parsed, text)
    return parsed


def _plain(data: bytes) -> Json:
    """The value, where it is at most `_PLAIN_DEPTH` deep and nothing is wrong with it. Raises _Unfit."""
    try:
        value: Json = _PLAIN.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise _Unfit from None
    if _strings(data) != _strings(_WRITER.encode(value)):  # of a member that is named twice, one name is lost
        raise _Unfit
    return value


def _strings(data: bytes) -> int:
    """Twice the strings in JSON: its quotes, without those that a backslash makes part of a string."""
    quotes = data.count(b'"')
    return quotes - data.replace(b"\\\\", b"").count(b'\\"') if b"\\" in data else quotes


def _greatest_depth(data: bytes) -> int:
    """How deep brackets nest, without a step for each string. Where the text is no JSON it may be too much.

    Never too little: up to the first fault, where a parser stops, every backslash is in a string, and every other
    quote ends one.
    """
    bare = _ESCAPE.sub(b"", data) if b"\\" in data else data
    outside = b"".join(bare.split(b'"')[::2])
    brackets = outside.translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEPS.__getitem__, brackets)), default=0)


def _check_depth(data: bytes, max_depth: int) -> None:
    depth = 0
    for token in _BRACKETS.finditer(data):
        first = token[0][:1]
        if first in b"[{":
            depth += 1
            if depth > max_depth:
                place = _place(data[: token.start()].decode("utf-8", errors="replace"))
                raise Malformed(f"the JSON is nested deeper than {max_depth} levels at {place}", code="json-too-deep")
        elif first in b"]}":
            depth -= 1


def _check_text(parsed: Json, text: str) -> None:
    """Half of a surrogate pair is no character: nothing could store it, hash it or send it on (RFC 8259, 8.2)."""
    try:
        json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        for token in _TOKENS.finditer(text):
            if token[0].startswith('"') and not _is_text(json.loads(token[0])):
                place = _place(text[: token.start()])
                raise Malformed(f"the string at {place} has half of a surrogate pair", code="json-malformed") from None


def _is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _members(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Unfit("json-duplicate-member")
    return members


def _fraction(_: str) -> NoReturn:
    raise _Unfit("json-number")


def _integer(text: str) -> int:
    if not _is_exact(text):
        raise _Unfit("json-number")
    return int(text)


def _exact_or_text(text: str) -> Json:
    return int(text) if _is_exact(text) else text


def _is_number(text: str) -> bool:
    """Say whether a number is one that JSON has, whatever its size."""
    return text.lstrip("-")[:1].isdigit()


def _is_exact(text: str) -> bool:
    """Say whether a number is one that every reader keeps: whole, and not beyond MAX_INTEGER."""
    return _WHOLE.fullmatch(text) is not None and abs(int(text)) <= MAX_INTEGER


_DECODER = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=_fraction, parse_constant=_fraction, parse_int=_integer
)

_LENIENT = json.JSONDecoder(
    object_pairs_hook=_members, parse_float=str, parse_constant=_fraction, parse_int=_exact_or_text
)

_PLAIN_DEPTH = 8
"""Deeper than messages are. Making the reader takes twice the time for each level."""


def _reader() -> msgspec.json.Decoder[Any]:
    """Reads JSON of that depth whose numbers are whole and exact: its type has no other."""
    leaf: Any = bool | Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)] | str | None
    kind = leaf
    for _ in range(_PLAIN_DEPTH):
        kind = leaf | list[kind] | dict[str, kind]  # type: ignore[valid-type]  # made, and not written
    return msgspec.json.Decoder(kind)


_PLAIN = _reader()
_WRITER = msgspec.json.Encoder()


def _refusal(text: str, code: str, *, is_fit: Callable[[str], bool]) -> Malformed:
    """Find the first fault of that code, in text that is JSON up to there. `is_fit`: which numbers are none."""
    named: list[set[str]] = []
    for match in _TOKENS.finditer(text):
        lexeme = match[0]
        if lexeme in "[{":
            named.append(set())
        elif lexeme in "]}":
            named.pop()
        elif code == "json-number" and lexeme[0] in "-0123456789NI" and not is_fit(lexeme):
            place = _place(text[: match.start()])
            said = f"the number at {place} is not a whole number below 2**53: write it as a string"
            return Malformed(said, code=code)
        elif code == "json-duplicate-member" and lexeme[0] == '"' and _COLON.match(text, match.end()):
            name = json.loads(lexeme)
            if name in named[-1]:
                said = f"member {name[:60]!r} is named twice at {_place(text[: match.start()])}"
                return Malformed(f"{said}: two readers could see two values", code=code)
            named[-1].add(name)
    raise AssertionError(code)


def _place(before: str) -> str:
    return f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}"
