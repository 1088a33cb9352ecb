"""A city office's guide names what is there: commands, files, members of its schemas, and codes of refusals."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.peers.config import SECRETS
from gateway.cli.commands import app

ROOT = Path(__file__).parents[2]
OFFICES = ("bakesbangpol", "bpkpd", "dinkes", "dishub", "dlh", "dpupr")
SOURCES = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "gateway").rglob("*.py")))
WORD = re.compile(r"`([a-z]+[A-Za-z]*)`")


def page(agency: str) -> str:
    return (ROOT / "docs" / "agencies" / f"{agency}.md").read_text(encoding="utf-8")


def test_every_command_of_the_guides_exists() -> None:
    commands = {
        found for agency in OFFICES for found in re.findall(r"^ *simojo ([a-z]+ [a-z]+)", page(agency), re.MULTILINE)
    }
    assert commands == {"agency challenge", "agency certify", "agency endpoint", "agency check"}
    assert all(CliRunner().invoke(app, [*each.split(), "--help"]).exit_code == 0 for each in commands)


@pytest.mark.parametrize("agency", OFFICES)
def test_a_guide_is_indonesian_first_and_about_its_agency_alone(agency: str) -> None:
    text = page(agency)
    assert text.index("Halaman ini untuk teknisi") < text.index("## In English")
    assert set(re.findall(r"simojo-conformance serve ([a-z]+)", text)) == {agency} <= set(SECRETS)
    assert set(re.findall(r"^ *simojo agency [a-z]+ ([a-z]+)", text, re.MULTILINE)) == {agency}
    named = re.findall(r"`((?:agreements|schemas|docs)/[\w./-]+)`", text)
    assert named
    assert [each for each in named if not (ROOT / each).exists()] == []


@pytest.mark.parametrize("agency", OFFICES)
def test_a_guide_names_members_of_the_agreed_documents(agency: str) -> None:
    folder = ROOT / "schemas" / agency
    agreed = "".join(each.read_text(encoding="utf-8") for each in folder.glob("*/*/*") if each.is_file())
    rows = [line for line in page(agency).splitlines() if re.match(r"\|.*(hub ke|ke hub|hub bertanya)", line)]
    interactions = {"arrears", "retribusi"}
    words = {word for line in rows for word in WORD.findall(line)} - interactions
    assert len(words) > 8
    assert {word for word in words if f'"{word}"' not in agreed} == set()


@pytest.mark.parametrize("agency", OFFICES)
def test_every_code_in_a_guide_is_one_that_the_hub_says(agency: str) -> None:
    rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", page(agency), re.MULTILINE)
    codes = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    codes -= {path.name for path in (ROOT / "schemas" / agency).iterdir()}  # interactions stand first in a row as well
    assert len(codes) > 15
    assert {code for code in codes if f'"{code}"' not in SOURCES} == set()
