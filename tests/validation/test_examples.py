"""Every example of every document proves what its name says."""

from pathlib import Path

import pytest

from gateway.validation.examples import example_findings, examples_of
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots

LIBRARY = SchemaLibrary(default_roots())
ASK = "contoh/ask/1.0/request"


@pytest.mark.parametrize(("document", "soap"), tuple(LIBRARY.ids()), ids=str)
def test_every_example_passes_or_is_refused_as_its_name_says(document: str, soap: bool) -> None:
    assert example_findings(document, LIBRARY, soap=soap) == ()


@pytest.mark.parametrize("soap", [False, True])
def test_examples_are_given_by_what_their_names_promise(soap: bool) -> None:
    passing = examples_of(ACKNOWLEDGEMENT, LIBRARY, soap=soap)
    failing = examples_of(ACKNOWLEDGEMENT, LIBRARY, soap=soap, failing=True)
    assert [each.path.stem for each in passing] == ["least", "with-exchange"]
    assert "time-without-zone_fail" in {each.path.stem for each in failing}
    assert {each.path.suffix for each in (*passing, *failing)} == {".xml" if soap else ".json"}
    assert passing[0].data == passing[0].path.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    version = tmp_path / "contoh" / "ask" / "1.0"
    examples = version / "examples" / "request"
    examples.mkdir(parents=True)
    (version / "request.json").write_text('{"type": "object", "required": ["a"]}', encoding="utf-8")
    (version / "request.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" elementFormDefault="qualified">'
        '<xs:element name="R"><xs:complexType><xs:sequence><xs:element name="a" type="xs:int"/></xs:sequence>'
        "</xs:complexType></xs:element></xs:schema>",
        encoding="utf-8",
    )
    files = {
        "good.json": '{"a": 1}',
        "bad_fail.json": "{}",
        "bad_fail.txt": "Without a it says nothing.",
        "good.xml": '<R xmlns="urn:t"><a>1</a></R>',
        "bad_fail.xml": '<!-- a is a number. -->\n<R xmlns="urn:t"><a>x</a></R>',
    }
    for name, text in files.items():
        (examples / name).write_text(text, encoding="utf-8")
    return examples


def findings(folder: Path, *, soap: bool = False) -> tuple[str, ...]:
    return example_findings(ASK, SchemaLibrary([folder.parents[4]]), soap=soap)


@pytest.mark.parametrize("soap", [False, True])
def test_nothing_is_found_where_examples_prove_themselves(folder: Path, soap: bool) -> None:
    assert findings(folder, soap=soap) == ()


@pytest.mark.parametrize(
    ("name", "text", "soap", "sentence"),
    [
        ("good.json", "{}", False, "example good.json should pass, and breaks required at /a"),
        ("good.json", "{", False, "example good.json should pass, and breaks json-malformed at /"),
        ("good.json", '{"a": 1.5}', False, "example good.json should pass, and breaks json-number at /"),
        ("bad_fail.json", '{"a": 1}', False, "example bad_fail.json should be refused, and passes"),
        (
            "bad_fail.txt",
            "\n",
            False,
            "example bad_fail.json does not say why it is refused (a .txt beside it)",
        ),
        ("good.xml", "<R/>", True, "example good.xml should pass, and breaks elt-1 at /R"),
        ("good.xml", "<R", True, "example good.xml should pass, and breaks xml-malformed at /"),
        (
            "bad_fail.xml",
            '<!-- why --><R xmlns="urn:t"><a>1</a></R>',
            True,
            "example bad_fail.xml should be refused, and passes",
        ),
        (
            "bad_fail.xml",
            '<R xmlns="urn:t"><a>x</a></R><!-- too late -->',
            True,
            "example bad_fail.xml does not say why it is refused (a first comment)",
        ),
    ],
)
def test_an_example_that_proves_nothing_is_told(folder: Path, name: str, text: str, soap: bool, sentence: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    assert findings(folder, soap=soap) == (f"{ASK}: {sentence}",)


def test_a_reason_that_is_missing_is_told(folder: Path) -> None:
    (folder / "bad_fail.txt").unlink()
    assert len(findings(folder)) == 1


@pytest.mark.parametrize(("name", "kind"), [("good.json", "passes"), ("bad_fail.json", "is refused (_fail)")])
def test_a_document_has_an_example_of_either_kind(folder: Path, name: str, kind: str) -> None:
    (folder / name).unlink()
    assert findings(folder) == (f"{ASK}: has no example that {kind}",)
