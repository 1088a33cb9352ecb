"""Documents are found by id and transport, and nowhere but below their roots."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.dpupr import ADAPTER
from gateway.domain.errors import Misconfigured
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import ACKNOWLEDGEMENT, SchemaLibrary, default_roots
from gateway.validation.xml_document import XmlDocument

LIBRARY = SchemaLibrary(default_roots())
ANSWER = "dpupr/technical-recommendation/1.0/answer"


def test_one_id_is_an_xsd_for_soap_and_a_json_schema_else() -> None:
    assert isinstance(LIBRARY.document(ACKNOWLEDGEMENT, soap=True), XmlDocument)
    assert isinstance(LIBRARY.document(ACKNOWLEDGEMENT, soap=False), JsonDocument)
    assert LIBRARY.xml(ACKNOWLEDGEMENT) is LIBRARY.document(ACKNOWLEDGEMENT, soap=True)
    assert LIBRARY.json(ACKNOWLEDGEMENT) is LIBRARY.document(ACKNOWLEDGEMENT, soap=False)


@pytest.mark.parametrize(
    "document",
    [
        "dpupr/technical-recommendation/1.0/other",
        "../../etc/1.0/passwd",
        "a/../b/c",
        "a/b/c",
        "",
        "/a/b/c/d",
        "a/b/c/d\n",
    ],
)
def test_an_id_that_is_not_published_is_refused(document: str) -> None:
    for soap in (True, False):
        with pytest.raises(Misconfigured) as caught:
            LIBRARY.document(document, soap=soap)
        assert caught.value.code == "schema-unknown"


def test_a_document_is_of_its_own_transport_alone() -> None:
    assert LIBRARY.xml(ANSWER).id == ANSWER
    with pytest.raises(Misconfigured, match=r"answer.*\.json"):
        LIBRARY.json(ANSWER)


def test_all_ids_are_listed_and_can_be_read() -> None:
    ids = list(LIBRARY.ids())
    assert ids == sorted(set(ids))
    assert {(ACKNOWLEDGEMENT, True), (ACKNOWLEDGEMENT, False), (ANSWER, True)} <= set(ids)
    assert not any("examples" in document for document, _ in ids)
    for document, soap in ids:
        assert LIBRARY.document(document, soap=soap).id == document


def test_threads_share_one_document() -> None:
    library = SchemaLibrary(default_roots())
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: id(library.xml(ANSWER)), range(40)))) == 1


def test_an_adapter_shipped_apart_brings_its_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "contoh_adapter" / "schemas" / "contoh" / "ask" / "1.0"
    folder.mkdir(parents=True)
    (tmp_path / "contoh_adapter" / "__init__.py").write_text("", encoding="utf-8")
    (folder / "request.json").write_text('{"type": "object"}', encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    apart = replace(ADAPTER, package="contoh_adapter")
    missing = replace(ADAPTER, package="contoh_that_is_not_installed")
    roots = default_roots([ADAPTER, apart, missing])
    assert roots == (*default_roots(), tmp_path / "contoh_adapter" / "schemas")
    assert SchemaLibrary(roots).json("contoh/ask/1.0/request").check({}) == ()
    assert SchemaLibrary(roots).folder("contoh/ask/1.0/request") == folder
    with pytest.raises(Misconfigured):
        LIBRARY.json("contoh/ask/1.0/request")
    with pytest.raises(Misconfigured):
        LIBRARY.folder("contoh/ask/1.0/request")
