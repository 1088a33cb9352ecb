"""Published means frozen: what both parties signed is never changed under its name (Pasal 21(2))."""

import hashlib
from pathlib import Path

import pytest

from gateway.domain.errors import Misconfigured
from gateway.validation.frozen import LIST, check_frozen, freeze

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("folder", ["schemas", "agreements"])
def test_the_tree_is_as_it_was_published(folder: str) -> None:
    assert (ROOT / folder / LIST).is_file()
    assert check_frozen(ROOT / folder) == ()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "schemas"
    (folder / "contoh" / "examples").mkdir(parents=True)
    for name, text in (("a.json", "{}"), ("b.xsd", "<b/>"), ("b.personal.toml", ""), ("notes.txt", "x")):
        (folder / "contoh" / name).write_text(text, encoding="utf-8")
    (folder / "contoh" / "examples" / "a.json").write_text("{}", encoding="utf-8")
    return folder


def test_freezing_lists_schemas_and_sidecars_and_no_examples(tree: Path) -> None:
    assert freeze(tree) == ("contoh/a.json", "contoh/b.personal.toml", "contoh/b.xsd")
    assert check_frozen(tree) == ()
    lines = (tree / LIST).read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"{hashlib.sha256(b'{}').hexdigest()}  contoh/a.json"  # as `sha256sum -c` reads it
    assert freeze(tree) == ()


def test_a_new_file_is_told_until_it_is_frozen(tree: Path) -> None:
    freeze(tree)
    (tree / "contoh" / "c.json").write_text("{}", encoding="utf-8")
    assert check_frozen(tree) == (f"schemas/contoh/c.json is not in {LIST}: freeze it when it is published",)
    assert freeze(tree) == ("contoh/c.json",)
    assert check_frozen(tree) == ()


def test_a_changed_file_is_told_and_freezing_does_not_hide_it(tree: Path) -> None:
    freeze(tree)
    before = (tree / LIST).read_bytes()
    (tree / "contoh" / "a.json").write_text("{ }", encoding="utf-8")
    (sentence,) = check_frozen(tree)
    assert sentence.startswith("schemas/contoh/a.json changed after it was published")
    assert freeze(tree) == ()
    assert (tree / LIST).read_bytes() == before
    (tree / "contoh" / "a.json").write_text("{}", encoding="utf-8")
    assert check_frozen(tree) == ()


def test_a_file_that_is_gone_is_told_and_stays_listed(tree: Path) -> None:
    freeze(tree)
    (tree / "contoh" / "a.json").unlink()
    (tree / "contoh" / "c.json").write_text("{}", encoding="utf-8")
    assert freeze(tree) == ("contoh/c.json",)
    (sentence,) = check_frozen(tree)
    assert sentence.startswith("schemas/contoh/a.json is listed as published and is gone")


@pytest.mark.parametrize(
    "line", ["", "abc  a.json", f"{'0' * 64} a.json", f"{'0' * 64}  /etc/passwd", f"{'0' * 64}  contoh/a.json"]
)
def test_a_list_that_was_tampered_with_is_an_operators_business(tree: Path, line: str) -> None:
    freeze(tree)
    with (tree / LIST).open("a", encoding="utf-8") as stream:
        stream.write(f"{line}\n")
    for act in (check_frozen, freeze):
        with pytest.raises(Misconfigured, match="line 4") as caught:
            act(tree)
        assert caught.value.code == "frozen-list-malformed"
