"""docs/decisions/README.md lists every decision, and everybody cites one as `decision 0036`, `keputusan 0036`."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "decisions"
INDEX = (FOLDER / "README.md").read_text(encoding="utf-8")
FILES = sorted(FOLDER.glob("[0-9]*.md"))
CITING = ("gateway", "adapters", "conformance", "benchmarks", "tests", "docs", "deploy")

SHORT = re.compile(r"\b(?:decisions?|keputusan) \d{1,3}\b", re.IGNORECASE)
BY_PATH = re.compile(r"(?<!\()docs/decisions/\d{4}")
BARE = re.compile(r"\((?:see )?00\d\d\)|\b(?:since|after|which) 00\d\d\b", re.IGNORECASE)
CITED = re.compile(r"\b(?:decision|keputusan) (\d{4})\b", re.IGNORECASE)


def texts() -> dict[str, str]:
    """Every text that may cite a decision, by its path; not this file, which names the other forms."""
    found = [path for folder in CITING for kind in ("*.py", "*.md") for path in (ROOT / folder).rglob(kind)]
    found += ROOT.glob("*.md")
    ours = [path for path in found if path != Path(__file__) and "node_modules" not in path.parts]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in ours}


def test_every_decision_has_its_line_in_the_index() -> None:
    missing = []
    for path in FILES:
        number = path.name[:4]
        heading = path.read_text(encoding="utf-8").partition("\n")[0]
        title = heading.removeprefix(f"# {int(number)}. ")
        assert title != heading, f"{path.name} must begin with '# {int(number)}. <title>', and begins with '{heading}'"
        line = f"- [{number}]({path.name}) {title}"
        if not re.search(rf"^{re.escape(line)}(?: \(.*\))?$", INDEX, re.MULTILINE):
            missing.append(line)
    assert missing == [], "put these lines into docs/decisions/README.md:\n" + "\n".join(missing)


def test_the_index_has_nothing_else_each_number_once_and_in_order() -> None:
    listed = re.findall(r"^- \[(\d{4})\]\((.+?)\)", INDEX, re.MULTILINE)
    assert listed == [(path.name[:4], path.name) for path in FILES], "docs/decisions/README.md: in order, one line each"
    unused = re.findall(r"\d{4}", INDEX[INDEX.index("Numbers") : INDEX.index("were never used")])
    assert unused
    assert [number for number, _ in listed if number in unused] == [], "these numbers are not given again"


def test_decisions_are_cited_in_one_form_and_each_is_there() -> None:
    known = {path.name[:4] for path in FILES}
    wrong = []
    for name, said in texts().items():
        bare = name.startswith("docs/decisions/") or name == "CHANGELOG.md"  # elsewhere such numbers are many things
        others = [found[0] for form in (SHORT, BY_PATH, *((BARE,) if bare else ())) for found in form.finditer(said)]
        wrong += [f"{name}: {other!r}" for other in others]
        wrong += [f"{name}: there is no decision {number}" for number in CITED.findall(said) if number not in known]
    assert wrong == [], "cite as 'decision 0036' (a migration as 'migration 0009'):\n" + "\n".join(wrong)
