"""Every finding has a title in both languages."""

from __future__ import annotations

from gateway.edge.mistake_titles import MISTAKE_TITLES, STEP_TITLES, headline
from gateway.trust.diagnosis import Finding, Mistake, Step


def test_every_mistake_and_every_step_has_its_title_in_both_languages() -> None:
    assert set(MISTAKE_TITLES) == set(Mistake)
    assert set(STEP_TITLES) == set(Step)
    for title in (*MISTAKE_TITLES.values(), *STEP_TITLES.values()):
        assert title.indonesian
        assert title.english
        assert title.indonesian != title.english


def test_the_language_is_the_one_that_is_asked_for() -> None:
    finding = Finding(step=Step.DIGEST, passed=False, expected="a", found="b", mistake=Mistake.HEX)
    assert headline(finding, {"accept-language": "en"}) == "Value in hexadecimal"
    assert headline(finding, {}) == "Nilai ditulis heksadesimal"
