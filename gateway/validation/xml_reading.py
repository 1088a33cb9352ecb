"""Checked XML read as a payload: what zeep says of a type is asked once, and then only followed.

Booleans and integers become such, all else stays the text that was sent, in the white space that its type leaves.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from lxml import etree
from zeep import xsd
from zeep.xsd.types import builtins

from gateway.contract.message import Json
from gateway.domain.errors import SchemaViolation, Violation

_WHITE = re.compile(r"[ \t\r\n]+")
_BREAK = re.compile(r"[\t\r\n]")
_EXACT = re.compile(r"[+-]?0*[0-9]{1,16}")

_Value: TypeAlias = Callable[[str], Json]


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of a type: its name in the payload, whether it is a list, and how it is read."""

    name: str
    is_list: bool
    reader: Reader
    value: _Value | None


class Reader:
    """Reads elements of one type. Immutable once made; a type that holds itself is read by itself."""

    def __init__(self, kind: Any, made: dict[int, Reader] | None = None) -> None:
        made = {} if made is None else made
        made[id(kind)] = self
        self._value: _Value | None = None
        self._members: dict[str, _Member] = {}
        self._attributes: tuple[tuple[str, str, _Value], ...] = ()
        if not isinstance(kind, xsd.ComplexType):
            self._value = _value(kind)
            return
        for name, each in kind.elements:
            reader = made.get(id(each.type)) or Reader(each.type, made)
            self._members[each.qname.text] = _Member(name, each.accepts_multiple, reader, reader._value)
        self._attributes = tuple((name, each.qname.text, _value(each.type)) for name, each in kind.attributes)

    def read(self, element: etree._Element, path: str) -> Json:
        """Give an element as JSON, its members in the order of the schema; it holds no comments.

        `path` is its own, for what is wrong with a number. Raises SchemaViolation for an integer of 2**53 or beyond.
        """
        if self._value is not None:
            return _read(self._value, element.text or "", *path.rsplit("/", 1))
        found: dict[str, list[Json]] = {}
        for child in element:
            member = self._members.get(str(child.tag))
            if member is None:
                continue
            if member.value is None:
                read = member.reader.read(child, f"{path}/{member.name}")
            else:
                read = _read(member.value, child.text or "", path, member.name)
            found.setdefault(member.name, []).append(read)
        members: dict[str, Json] = {}
        for member in self._members.values():
            if member.name in found:
                members[member.name] = found[member.name] if member.is_list else found[member.name][0]
        for name, tag, value in self._attributes:
            said = element.get(tag)
            if said is not None:
                members[name] = _read(value, said, path, f"@{name}")
        return members


def _read(value: _Value, text: str, path: str, name: str) -> Json:
    try:
        return value(text)
    except OverflowError:
        violation = Violation(path=f"{path}/{name}", rule="number", text="expected an integer below 2**53")
        raise SchemaViolation(
            "an integer is too great for every reader to keep exactly: agree on text", violations=(violation,)
        ) from None


def _value(kind: Any) -> _Value:
    if isinstance(kind, builtins.Boolean):
        return _boolean
    if isinstance(kind, builtins.Integer):
        return _integer
    # XSD 1.1 part 2, 4.3.6: whiteSpace is preserve for string alone, replace for normalizedString, else collapse
    if isinstance(kind, builtins.String) and not isinstance(kind, builtins.Token):
        return _normalized if isinstance(kind, builtins.NormalizedString) else str
    return _collapsed


def _boolean(text: str) -> bool:
    return _collapsed(text) in ("true", "1")


def _integer(text: str) -> int:
    """Raises OverflowError for an integer of 2**53 or beyond."""
    digits = _collapsed(text)
    if _EXACT.fullmatch(digits) is None or abs(int(digits)) >= 2**53:
        raise OverflowError
    return int(digits)


def _normalized(text: str) -> str:
    return _BREAK.sub(" ", text)


def _collapsed(text: str) -> str:
    if text.isascii():  # of the ASCII characters that split() takes for white space, XML allows its own four alone
        return " ".join(text.split())
    return _WHITE.sub(" ", text).strip(" ")
