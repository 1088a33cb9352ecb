"""Two octet strings that should have been one: where they first differ, shown so that a person sees it.

What is shown is a short unified difference around the first place: `-` is what the hub digests, `+` is what the
sender digested. Control characters, white space at the difference and combining marks are made visible. Values
(texts of elements and attributes, JSON strings and numbers) are masked, letter by letter and digit by digit, unless
the reader is the message's own sender: so a difference in a value stays visible by its kind and not by its content.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

BEFORE = 48
"""Characters shown before the first difference."""
SHOWN = 120
"""Characters shown of either side from there on."""
WORD = 32
"""Characters that the difference is shown earlier, so that it begins with a whole word."""

_VISIBLE = {"\r": "\\r", "\n": "\\n", "\t": "\\t", "\ufeff": "\\ufeff", "\u00a0": "\\u00a0"}
_ATTRIBUTE = r"""\s++[\w:.-]++\s*+=\s*+(?:"[^"]*+"|'[^']*+')"""
# a tag or the declaration, else what stands between: texts, comments, CDATA, and what is cut off
_XML_TOKENS = re.compile(rf"(<(?:/|\?xml(?=\s))?[\w:.-]*+(?:{_ATTRIBUTE})*+\s*+[/?]?>)|[^<]++|<")
_XML_VALUES = re.compile(r"""([\w:.-]++)(\s*+=\s*+)("[^"]*+"|'[^']*+')""")
_XML_KEPT = re.compile(
    r"xmlns(?::[\w.-]+)?|(?:[\w.-]+:)?(?:Id|Algorithm|PrefixList|URI|ValueType|EncodingType)|version|encoding"
)
_LETTER, _DIGIT = re.compile(r"[^\W\d_]"), re.compile(r"\d")
_JSON_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"(\s*+:)?)?|\b(?:true|false|null)\b|[^"tfn]++|.', re.DOTALL)
_JSON_WORDS = frozenset({"true", "false", "null"})
_JSON_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first difference between the octets of the hub (`ours`) and of the sender (`theirs`).

    `offset` counts bytes of the hub's octets before it. `before` is what both have in front of it; every text is
    given twice, as it is and masked.
    """

    offset: int
    before: tuple[str, str]
    ours: tuple[str, str]
    theirs: tuple[str, str]
    ours_size: int
    theirs_size: int

    def lines(self, *, masked: bool) -> tuple[str, ...]:
        """The difference as a few lines of text; `masked` hides values."""
        index = int(masked)
        return (
            f"@@ first difference at byte {self.offset}; hub has {self.ours_size} bytes, sender {self.theirs_size} @@",
            f"  {_visible(self.before[index])}",
            f"- {_visible(self.ours[index])}",
            f"+ {_visible(self.theirs[index])}",
        )


def between(ours: bytes, theirs: bytes, *, xml: bool) -> Difference | None:
    """Give the first difference between two octet strings, None when they are equal.

    `xml` says how their values are found, to be masked: in XML, or else in JSON.
    """
    if ours == theirs:
        return None
    left, right = _text(ours), _text(theirs)
    at = _first(left, right)
    masked = _masked_xml if xml else _masked_json
    hidden_left, hidden_right = masked(left), masked(right)
    word = max(left.rfind(each, max(0, at - WORD), at) for each in ' <>"{,')
    begin = at if word < 0 else word + 1
    start = max(0, begin - BEFORE)
    return Difference(
        offset=len(left[:at].encode(errors="surrogateescape")),
        before=(left[start:begin], hidden_left[start:begin]),
        ours=(left[begin : begin + SHOWN], hidden_left[begin : begin + SHOWN]),
        theirs=(right[begin : begin + SHOWN], hidden_right[begin : begin + SHOWN]),
        ours_size=len(ours),
        theirs_size=len(theirs),
    )


def _text(octets: bytes) -> str:
    return octets.decode("utf-8", errors="surrogateescape")


def _first(left: str, right: str) -> int:
    """The first position at which two different texts differ, by halving: slices are compared in C."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left[:middle] == right[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _masked_xml(text: str) -> str:
    """Hide all but tags, names of attributes and what signing needs; every character keeps its place."""
    return _XML_TOKENS.sub(
        lambda match: veiled(match[0]) if match[1] is None else _XML_VALUES.sub(_xml_value, match[0]), text
    )


def _xml_value(match: re.Match[str]) -> str:
    return match[0] if _XML_KEPT.fullmatch(match[1]) else f"{match[1]}{match[2]}{veiled(match[3])}"


def _masked_json(text: str) -> str:
    """Hide all but the names of members, true, false and null; every character keeps its place."""
    return _JSON_TOKENS.sub(_json_value, text)


def _json_value(match: re.Match[str]) -> str:
    if match[1] is not None or match[0] in _JSON_WORDS:
        return match[0]  # a member's name
    if match[0].startswith('"'):
        return _JSON_ESCAPE.sub(_json_character, match[0])
    return veiled(match[0])


def _json_character(match: re.Match[str]) -> str:
    if match[0].startswith("\\u"):
        return "\\u0000"
    return match[0] if match[0].startswith("\\") else veiled(match[0])


def veiled(text: str) -> str:
    """Give a text with every letter as x and every digit as 0: its kind stays visible, its content does not."""
    return _DIGIT.sub("0", _LETTER.sub("x", text))


def _visible(text: str) -> str:
    return "".join(map(_seen, text)) or "(nothing more)"


def _seen(character: str) -> str:
    if character in _VISIBLE:
        return _VISIBLE[character]
    if unicodedata.combining(character) or not character.isprintable():
        return f"\\u{ord(character):04x}"
    return character
