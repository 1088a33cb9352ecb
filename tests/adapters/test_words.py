"""What adapters say to officers is Indonesian (decision 0085), read from their source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "adapters"
TO_OFFICERS = {"Refused", "AskPerson", "AttentionRaised", "Retry"}
ENGLISH = re.compile(
    r"\b(the|is|are|was|were|has|have|did|does|do|no|not|nothing|any|there|this|that|with|of|to|for|by|and|case|names?)\b"
)


def words(source: str) -> Iterator[tuple[int, str]]:
    """The literal words of everything that is said to officers, with their lines."""
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in TO_OFFICERS:
            texts = [*call.args, *(each.value for each in call.keywords if each.arg == "text")]
            for part in (part for text in texts for part in ast.walk(text)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.lineno, part.value


def test_what_adapters_say_to_officers_has_no_english_words() -> None:
    said = [(path, *each) for path in sorted(FOLDER.rglob("*.py")) for each in words(path.read_text(encoding="utf-8"))]
    assert len(said) > 50
    found = [f"{path.relative_to(FOLDER)}:{line}: {text!r}" for path, line, text in said if ENGLISH.search(text)]
    assert found == [], "officers read these: say it in Indonesian"


@pytest.mark.parametrize("source", ['Refused(f"case {x} names no NIB")', 'AskPerson(text="a " + "the bank is closed")'])
def test_english_words_are_seen(source: str) -> None:
    assert any(ENGLISH.search(text) for _, text in words(source))
