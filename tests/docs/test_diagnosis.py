"""docs/diagnosis.md and what the code recognises are one list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.operations.explanations import EACH, IN_ALL
from gateway.trust.diagnosis import Mistake, Step
from gateway.trust.diagnosis.budget import MAX_BYTES
from gateway.trust.diagnosis.mistakes import MISTAKES

PAGE = (Path(__file__).parents[2] / "docs" / "diagnosis.md").read_text(encoding="utf-8")
LISTS, CLIENTS = PAGE.split("## Remedies by client")
ROWS = {
    name: (sentence, remedy)
    for name, sentence, remedy in re.findall(r"^\| `([a-z0-9-]+)` \| (.+?) \| (.+?) \|$", LISTS, re.MULTILINE)
}


@pytest.mark.parametrize("mistake", Mistake)
def test_every_mistake_stands_there_with_its_sentence_and_its_remedy(mistake: Mistake) -> None:
    sentence, remedy = ROWS[mistake.value]
    assert sentence == MISTAKES[mistake].sentence
    assert MISTAKES[mistake].remedy in ("", remedy)


def test_nothing_stands_there_that_is_not_recognised() -> None:
    assert set(ROWS) == {each.value for each in Mistake}
    named = {
        name for row in re.findall(r"^\| (`.+?`) \|", CLIENTS, re.MULTILINE) for name in re.findall("`(.+?)`", row)
    }
    assert named
    assert named <= {each.value for each in Mistake}


def test_the_steps_and_the_bounds_are_the_code_s() -> None:
    assert all(f"`{step}`" in PAGE for step in Step)
    assert f"up to {MAX_BYTES // 1024} KiB" in PAGE
    assert (EACH, IN_ALL) == (10, 60)
    assert "ten\nexplanations a minute for one address and sixty for all" in PAGE
