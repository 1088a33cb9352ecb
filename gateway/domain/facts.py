"""Facts, Asks and cases as JSON, and back.

One codec, driven by the dataclasses' own type hints: a new field needs no second description here. Reading is
strict: an unknown field, a missing one without a default, or a value of another type is refused with its path. A
field that has a default may be missing, so that facts stored before it existed can still be read.

Moments are written in UTC; amounts are integers that every JSON reader keeps exactly (RFC 8785).
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

from gateway.domain import events
from gateway.domain.case import PermitCase
from gateway.domain.errors import Malformed, Refused, Violation
from gateway.domain.events import Ask, CaseEvent
from gateway.domain.skrd import MAX_AMOUNT

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
T = TypeVar("T")


def _kinds(base: type[T]) -> Mapping[str, type[T]]:
    found = (each for each in vars(events).values() if isinstance(each, type) and issubclass(each, base))
    return types.MappingProxyType({each.__name__: each for each in found if each is not base})


EVENT_KINDS: Mapping[str, type[CaseEvent]] = _kinds(CaseEvent)
"""Every fact by its stored kind, its class name."""

ASK_KINDS: Mapping[str, type[Ask]] = _kinds(Ask)
"""Every Ask by its stored kind, its class name."""


def encode_event(event: CaseEvent) -> tuple[str, dict[str, Json]]:
    """Give the kind and the body of a fact. Raises Malformed `fact-malformed`, as `encode` does."""
    return type(event).__name__, _encode_fields(event)


def decode_event(kind: str, body: Json) -> CaseEvent:
    """Read the fact of that kind. Raises Malformed: `fact-unknown` for its kind, `fact-malformed` for its body."""
    return decode(_kind(EVENT_KINDS, kind), body)


def encode_ask(ask: Ask) -> tuple[str, dict[str, Json]]:
    """Give the kind and the body of an Ask. Raises Malformed `fact-malformed`, as `encode` does."""
    return type(ask).__name__, _encode_fields(ask)


def decode_ask(kind: str, body: Json) -> Ask:
    """Read the Ask of that kind. Raises Malformed: `fact-unknown` for its kind, `fact-malformed` for its body."""
    return decode(_kind(ASK_KINDS, kind), body)


def encode_case(case: PermitCase) -> dict[str, Json]:
    """Write a whole case, for a snapshot. Raises Malformed `fact-malformed`, as `encode` does."""
    return _encode_fields(case)


def decode_case(body: Json) -> PermitCase:
    """Read the case of a snapshot. Raises Malformed `fact-malformed`."""
    return decode(PermitCase, body)


def encode(value: object) -> Json:
    """Write any value of the domain as JSON. Raises Malformed `fact-malformed` for what JSON cannot keep exactly."""
    match value:
        case None | bool():
            return value
        case int() if abs(value) <= MAX_AMOUNT:
            return value
        case str():
            return str(value)
        case datetime() if value.utcoffset() is not None:
            return value.astimezone(UTC).isoformat()
        case date() if not isinstance(value, datetime):
            return value.isoformat()
        case tuple():
            return [encode(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            return _encode_fields(value)
        case _:
            raise _malformed("", "a value of the domain, times with a zone, integers within 2**53", value)


def decode(kind: type[T], value: Json) -> T:
    """Read a value of type `kind` as `encode` wrote it. Raises Malformed `fact-malformed`, with the path."""
    hint: Any = kind
    decoded: T = _decoder(hint)(value, "")
    return decoded


def _kind(kinds: Mapping[str, type[T]], kind: str) -> type[T]:
    try:
        return kinds[kind]
    except KeyError:
        raise Malformed(
            f"no fact or Ask is called {kind[:60]!r}: it was written by a newer version, or is damaged",
            code="fact-unknown",
        ) from None


def _encode_fields(value: Any) -> dict[str, Json]:
    return {each.name: encode(getattr(value, each.name)) for each in fields(value)}


@cache
def _decoder(hint: Any) -> Callable[[Any, str], Any]:
    """What reads values of a type, given the value and its path. Made once for each type: facts are read often."""
    if get_origin(hint) is types.UnionType:
        some = _decoder(_without_none(hint))
        return lambda value, path: None if value is None else some(value, path)
    if get_origin(hint) is tuple:
        each = _decoder(get_args(hint)[0])
        return lambda value, path: tuple(
            each(found, f"{path}/{place}") for place, found in enumerate(_expect(list, value, path))
        )
    if is_dataclass(hint):
        return _fields_decoder(hint)
    if hint is int:
        return _decode_integer
    if hint in (bool, str):
        return lambda value, path: _expect(hint, value, path)
    return _text_decoder(hint)


def _decode_integer(value: Json, path: str) -> int:
    number = _expect(int, value, path)
    if abs(number) > MAX_AMOUNT:
        raise _malformed(path, "an integer within 2**53", number)
    return number


def _text_decoder(hint: Any) -> Callable[[Any, str], Any]:
    reader = _reader(hint)

    def decoded(value: Json, path: str) -> Any:
        text = _expect(str, value, path)
        try:
            read = reader(text)
            written = encode(read)
        except (ValueError, Refused):
            raise _malformed(path, f"a {hint.__name__}", text) from None
        if written != text:  # the parser is more tolerant than the writer: only the written form is read
            raise _malformed(path, f"a {hint.__name__} as it is written here", text)
        return read

    return decoded


def _reader(hint: Any) -> Callable[[str], Any]:
    if hint in (date, datetime):
        reader: Callable[[str], Any] = hint.fromisoformat
        return reader
    if isinstance(hint, type) and issubclass(hint, str | StrEnum):
        return hint
    raise TypeError(f"facts cannot hold a {hint}: teach gateway.domain.facts to read one")


def _fields_decoder(kind: Any) -> Callable[[Any, str], Any]:
    hints = get_type_hints(kind)
    decoders = {each.name: _decoder(hints[each.name]) for each in fields(kind)}
    needed = tuple(each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING)

    def decoded(value: Json, path: str) -> Any:
        said = _expect(dict, value, path)
        for name, member in said.items():
            if name not in decoders:
                raise _malformed(f"{path}/{name[:60]}", f"no such field in {kind.__name__}", member)
        for name in needed:
            if name not in said:
                raise _malformed(f"{path}/{name}", f"a value: {kind.__name__} needs this field", None)
        given = {name: decode(said[name], f"{path}/{name}") for name, decode in decoders.items() if name in said}
        try:
            return kind(**given)
        except Refused as refusal:
            raise _malformed(path, f"a valid {kind.__name__} ({refusal.code})", None) from refusal

    return decoded


def _expect(kind: type[T], value: Json, path: str) -> T:
    if type(value) is not kind:  # exactly: True is no int here
        raise _malformed(path, f"JSON that reads as {kind.__name__}", value)
    return value


def _without_none(hint: Any) -> Any:
    (only,) = (each for each in get_args(hint) if each is not types.NoneType)
    return only


def _malformed(path: str, expected: str, value: object) -> Malformed:
    # the value itself may be personal data: only its type is told
    return Malformed(
        f"stored fact, at {path or '/'}: expected {expected}, found {type(value).__name__}",
        code="fact-malformed",
        violations=(Violation(path=path, rule="fact", text=f"expected {expected}"),),
    )
