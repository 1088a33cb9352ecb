"""Every example proves something: it passes, or is refused for the one reason that it gives."""

import json
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

ROOT = Path(__file__).parents[2]
AGENCIES = ("bank", "dpupr", "dukcapil", "oss", "satpolpp", "sms")
DOCUMENTS = sorted(
    path
    for agency in AGENCIES
    for path in (ROOT / "schemas" / agency).glob("*/*/*")
    if path.suffix in {".json", ".xsd"}
)
EXAMPLES = [
    pytest.param(document, example, id=f"{document.parent.parent.name}-{example.parent.name}-{example.stem}")
    for document in DOCUMENTS
    for example in sorted((document.parent / "examples" / document.stem).iterdir())
    if example.suffix == document.suffix.replace("xsd", "xml")
]


def _faults(document: Path, example: Path) -> list[str]:
    if document.suffix == ".xsd":
        schema = etree.XMLSchema(etree.parse(document))
        schema.validate(etree.parse(example))
        return [str(entry.path) for entry in schema.error_log]
    from jsonschema import Draft202012Validator

    schema_json: dict[str, Any] = json.loads(document.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema_json)
    found = Draft202012Validator(schema_json).iter_errors(json.loads(example.read_text(encoding="utf-8")))
    return [error.json_path for error in found]


@pytest.mark.parametrize(("document", "example"), EXAMPLES)
def test_an_example_passes_or_breaks_in_one_place(document: Path, example: Path) -> None:
    faults = _faults(document, example)
    assert len(set(faults)) == (1 if example.stem.endswith("_fail") else 0), faults


@pytest.mark.parametrize(("document", "example"), [each for each in EXAMPLES if str(each.id).endswith("_fail")])
def test_a_failing_example_says_why_in_one_line(document: Path, example: Path) -> None:
    if document.suffix == ".xsd":
        first = example.read_text(encoding="utf-8").splitlines()[0]
        assert first.startswith("<!-- ")
        assert first.endswith(" -->")
    else:
        assert len(example.with_suffix(".txt").read_text(encoding="utf-8").strip().splitlines()) == 1


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT / "schemas")))
def test_a_document_has_two_examples_and_four_that_fail(document: Path) -> None:
    stems = [each.values[1].stem for each in EXAMPLES if each.values[0] == document]  # type: ignore[union-attr]  # ours are paths
    failing = [stem for stem in stems if stem.endswith("_fail")]
    assert len(failing) >= 4
    assert len(stems) - len(failing) >= 2
