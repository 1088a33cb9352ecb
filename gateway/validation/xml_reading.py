"""Checked XML read as a payload: what zeep says of a type is asked once, and then only followed.

Booleans and integers become such, all else stays the text that was sent, in the white space that its type leaves.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any, TypeAlias

from lxml import etree
from zeep import xsd
from zeep.xsd.types import builtins

from gateway.contract.message import Json
from gateway.domain.errors import SchemaViolation, Violation

_WHITE = re.compile(r"[ \t\r\n]+")
_BREAK = re.compile(r"[\t\r\n]")
_EXACT = re.compile(r"[+-]?0*[0-9]{1,16}")
_SHORT = 16
"""Fewer decimal digits than this are below 2**53, whatever they are."""
_TRUE = frozenset({"true", "1"})

_Value: TypeAlias = Callable[[str], Json]

_Member: TypeAlias = "tuple[int, str, bool, _Value | None, Reader]"
"""A member of a type: its place, its name in the payload, whether it is a list, and how it is read.

A tuple, for the loop that takes it apart for each of thousands of elements.
"""


class _TooGreat(Exception):
    """An integer that not every reader keeps; `steps` are the names that lead to it, the last one first."""

    def __init__(self, step: str) -> None:
        self.steps = [step]


class Reader:
    """Reads elements of one type. Immutable once made; a type that holds itself is read by itself.

    Raises ValueError for a type whose members would lose an element: two elements of one name in the payload, or one
    that is a list here and none there, or that stands several times without being a list.
    """

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
            member = (len(self._members), name, each.accepts_multiple, reader._value, reader)
            if not _alike(self._members.setdefault(each.qname.text, member), member):
                raise ValueError(f"one type has several elements {each.name} that are not read alike")
        _refuse_shared(self._members, sum((_most(each) for _, each in kind.elements_nested), Counter()))
        self._attributes = tuple((name, each.qname.text, _value(each.type)) for name, each in kind.attributes)

    def read(self, element: etree._Element, path: str) -> Json:
        """Give an element as JSON, its members in the order of the schema; it holds no comments.

        `path` is its own, for what is wrong with a number. Raises SchemaViolation for an integer of 2**53 or beyond.
        """
        try:
            return self._members_of(element) if self._value is None else self._value(element.text or "")
        except OverflowError:
            where = path
        except _TooGreat as found:
            where = "/".join((path, *reversed(found.steps)))
        violation = Violation(path=where, rule="number", text="expected an integer below 2**53")
        raise SchemaViolation(
            "an integer is too great for every reader to keep exactly: agree on text", violations=(violation,)
        )

    def _members_of(self, element: etree._Element) -> Json:
        members: dict[str, Any] = {}
        known, last, in_order, name = self._members.get, 0, True, ""
        try:
            for child in element:
                member = known(child.tag)  # type: ignore[arg-type]  # without comments a tag is always text
                if member is None:
                    continue
                place, name, is_list, value, reader = member
                read = value(child.text or "") if value is not None else reader._members_of(child)
                if place < last:
                    in_order = False
                last = place
                if not is_list:
                    members[name] = read
                elif name in members:
                    members[name].append(read)
                else:
                    members[name] = [read]
        except OverflowError:
            raise _TooGreat(name) from None
        except _TooGreat as found:
            found.steps.append(name)
            raise
        if not in_order:
            members = {each[1]: members[each[1]] for each in self._members.values() if each[1] in members}
        if self._attributes:
            members |= self._attributes_of(element)
        return members

    def _attributes_of(self, element: etree._Element) -> dict[str, Json]:
        read: dict[str, Json] = {}
        for name, tag, value in self._attributes:
            text = element.get(tag)
            if text is not None:
                try:
                    read[name] = value(text)
                except OverflowError:
                    raise _TooGreat(f"@{name}") from None
        return read


def _alike(one: _Member, other: _Member) -> bool:
    """Zeep makes a simple type anew wherever it is named: two are alike that are read by the same function."""
    return one[1:4] == other[1:4] and (one[3] is not None or one[4] is other[4])


def _refuse_shared(members: dict[str, _Member], most: Counter[str]) -> None:
    names = Counter(name for _, name, *_ in members.values())
    for tag, (_, name, *_) in members.items():
        if names[name] > 1 or most[tag] > 1:
            raise ValueError(f"one type has several elements that are all read as {name}")


def _most(part: Any) -> Counter[str]:
    """How many of its elements, by their tags, a document may follow at once; one that repeats counts as one."""
    if isinstance(part, xsd.Element):
        return Counter((part.qname.text,))
    counts = map(_most, part)
    return reduce(or_, counts, Counter()) if isinstance(part, xsd.Choice) else sum(counts, Counter())


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
    return text in _TRUE or _collapsed(text) in _TRUE


def _integer(text: str) -> int:
    """Raises OverflowError for an integer of 2**53 or beyond."""
    if len(text) < _SHORT and text.isascii() and text.isdecimal():  # as nearly all are
        return int(text)
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
