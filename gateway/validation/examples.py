"""Every example proves something: it passes, or it is refused and says why in one line.

schemas/<agency>/<interaction>/<version>/examples/<name>/active.json             passes <name>.json
                                                         without-nik_fail.json   is refused
                                                         without-nik_fail.txt    says why
                                                         date-twice_fail.xml     says why in its first comment
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from gateway.contract.message import Json
from gateway.domain.errors import Malformed, Violation
from gateway.validation.json_parse import parse_json
from gateway.validation.library import SchemaLibrary

FAIL = "_fail"
MAX_BYTES = 1 << 20
"""The largest example file, in bytes."""

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)


@dataclass(frozen=True, kw_only=True)
class Example:
    """One example file with its bytes. `fails` says what its name promises."""

    path: Path
    data: bytes
    fails: bool


def examples_of(document: str, library: SchemaLibrary, *, soap: bool, failing: bool = False) -> tuple[Example, ...]:
    """The examples of a document that must pass, or with `failing` those that must be refused, by name.

    Raises Misconfigured `schema-unknown`.
    """
    return tuple(each for each in _all(document, library, soap=soap) if each.fails is failing)


def example_findings(document: str, library: SchemaLibrary, *, soap: bool) -> tuple[str, ...]:
    """Sentences that say which examples do not prove what their names say; empty when all do.

    A document without an example of either kind is found too. Raises Misconfigured `schema-unknown`.
    """
    found = []
    examples = _all(document, library, soap=soap)
    kinds = {each.fails for each in examples}
    found += [f"{document}: has no example that passes"] * (False not in kinds)
    found += [f"{document}: has no example that is refused ({FAIL})"] * (True not in kinds)
    for each in examples:
        where = f"{document}: example {each.path.name}"
        violations = _violations(document, library, each, soap=soap)
        if each.fails and not violations:
            found.append(f"{where} should be refused, and passes")
        if each.fails and not _reason(each, soap=soap):
            found.append(
                f"{where} does not say why it is refused ({'a first comment' if soap else 'a .txt beside it'})"
            )
        if not each.fails and violations:
            first = violations[0]
            found.append(f"{where} should pass, and breaks {first.rule} at {first.path or '/'}")
    return tuple(found)


def _all(document: str, library: SchemaLibrary, *, soap: bool) -> tuple[Example, ...]:
    folder = library.folder(document) / "examples" / document.rpartition("/")[2]
    paths = sorted(folder.glob("*.xml" if soap else "*.json"))
    return tuple(Example(path=each, data=each.read_bytes(), fails=each.stem.endswith(FAIL)) for each in paths)


def _violations(document: str, library: SchemaLibrary, example: Example, *, soap: bool) -> tuple[Violation, ...]:
    try:
        if soap:
            return library.xml(document).check(etree.fromstring(example.data, _PARSER))
        payload: Json = parse_json(example.data, max_bytes=MAX_BYTES)
    except Malformed as error:
        return (Violation(path="", rule=error.code, text="it cannot be read"),)
    except etree.XMLSyntaxError:
        return (Violation(path="", rule="xml-malformed", text="it cannot be read"),)
    return library.json(document).check(payload)


def _reason(example: Example, *, soap: bool) -> str:
    if not soap:
        beside = example.path.with_suffix(".txt")
        return beside.read_text(encoding="utf-8").strip() if beside.is_file() else ""
    return next(_comments(example.data), "")


def _comments(data: bytes) -> Iterator[str]:
    first = data.decode("utf-8", "replace").strip().partition("-->")[0]
    if first.startswith("<!--"):
        yield first.removeprefix("<!--").strip()
