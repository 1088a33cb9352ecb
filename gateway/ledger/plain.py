"""Leaves and lines in the spelling that nearly all have, recognised at the speed of the C library.

A ledger of a year has millions of leaves, all written by one writer. What has exactly that spelling is taken here, by
expressions that accept nothing which `gateway.ledger.leaf` and `gateway.ledger.encoding` would refuse or read
otherwise; a property test holds the two equal. Whatever else comes gives None, and is read there, slowly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

from gateway.ledger.leaf import LeafKind

_NAME = rb"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}"
_TOKEN = rb"[!#-\[\]-~]{0,256}"  # printable ASCII without space, quote and backslash
_NUMBER = rb"0|-?[1-9][0-9]{0,14}"  # below 2**53 by its length
_OPENED = rb'"(' + _NAME + rb')":"([0-9a-f]{64})"'
_EXTRA = rb'"(' + _NAME + rb')":(?:"[ !#-\[\]-~]*"|' + _NUMBER + rb")"
_KINDS = b"|".join(re.escape(kind.value.encode()) for kind in LeafKind)


def _members(member: bytes) -> bytes:
    plain = member.replace(rb"(" + _NAME + rb")", _NAME).replace(rb"([0-9a-f]{64})", rb"[0-9a-f]{64}")
    return rb"\{((?:" + plain + rb"(?:," + plain + rb")*)?)\}"


_LEAF = re.compile(
    rb'\{"actor":"' + _TOKEN + rb'","agreement":"' + _TOKEN + rb'","at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T'
    rb'[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6})Z","commitments":' + _members(_OPENED) + rb',"exchange":"((?:' + _NAME
    + rb')?)","extra":' + _members(_EXTRA) + rb',"id":"' + _NAME + rb'","kind":"(?:' + _KINDS + rb')","v":1\}'
)  # fmt: skip
_OPENED_ONE = re.compile(_OPENED)
_EXTRA_NAME = re.compile(_EXTRA)

_PART = re.compile(
    r'\{"part":\{"exchange":"([A-Za-z0-9._:-]+)","name":"([A-Za-z0-9._:-]+)",'
    r'"digest":"([0-9a-f]{64})","salt":"([0-9a-f]{64})"\}\}\n?'
)
_BEFORE = '{"i":'
_BETWEEN = ',"leaf":"'
_HASH_AT = '","h":"'
_END = '"}'
_TAIL = len(_HASH_AT) + 44 + len(_END)
_MAX_DIGITS = 15


class Committed(NamedTuple):
    """The exchange that a leaf names, and its commitments as written: part to 64 hex digits."""

    exchange: str
    commitments: Mapping[str, str]


def read_leaf(data: bytes) -> Committed | None:
    """What a leaf commits to, when its bytes are the canonical form in plain spelling; None when that is not plain."""
    found = _LEAF.fullmatch(data)
    if found is None:
        return None
    at, opened, exchange, extra = found.groups()
    try:
        datetime.fromisoformat(at.decode())
    except ValueError:
        return None
    commitments = _OPENED_ONE.findall(opened) if opened else []
    names = [name for name, _ in commitments]
    if (opened and not exchange) or not _in_order(names) or (extra and not _in_order(_EXTRA_NAME.findall(extra))):
        return None
    return Committed(exchange.decode(), {name.decode(): text.decode() for name, text in commitments})


def _in_order(names: list[bytes]) -> bool:
    """Whether the members of an object come as RFC 8785 sorts them, none of them twice."""
    return all(one < other for one, other in pairwise(names))


def read_leaf_line(line: str) -> tuple[int, bytes, bytes] | None:
    """Index, leaf and stored hash in base64 of a line `{"i":7,"leaf":"...","h":"..."}`; None when it is not plain."""
    line = line.removesuffix("\n")
    if not line.startswith(_BEFORE) or not line.isascii() or not line.isprintable() or not line.endswith(_END):
        return None
    number, between, _ = line[: len(_BEFORE) + _MAX_DIGITS + len(_BETWEEN)].partition(_BETWEEN)
    digits = number[len(_BEFORE) :]
    start = len(number) + len(_BETWEEN)
    if not between or not digits.isdigit() or (digits[0] == "0" and digits != "0") or len(line) < start + _TAIL:
        return None
    text, tail = line[start:-_TAIL], line[-_TAIL:]
    stored = tail[len(_HASH_AT) : -len(_END)]
    if not tail.startswith(_HASH_AT) or '"' in stored or "\\" in stored:
        return None
    # every backslash escapes a quote, and every quote is escaped: then there is one way to read the text
    quotes = text.count('"')
    if not quotes == text.count("\\") == text.count('\\"'):
        return None
    return int(digits), text.replace('\\"', '"').encode(), stored.encode()


def read_part_line(line: str) -> tuple[str, str, bytes, bytes] | None:
    """Exchange, name, digest and salt of a part's line; None when it is not plain."""
    found = _PART.fullmatch(line)
    if found is None:
        return None
    return found[1], found[2], bytes.fromhex(found[3]), bytes.fromhex(found[4])
