"""docs/security-attacks.md says what the attacks do when they are run."""

from __future__ import annotations

import re

from tests.fuzz.targets import TARGETS
from tests.trust.wrapping.page import PAGE, filled

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_what_the_attacks_do() -> None:
    """Made anew by `.venv/bin/python -m tests.trust.wrapping.page`."""
    assert filled(TEXT) == TEXT


def test_every_target_of_the_fuzzing_is_there_with_its_figures() -> None:
    for target in TARGETS:
        assert re.search(rf"^\| {target.name} \| [\d,]+ \|", TEXT, re.MULTILINE), target.name
