"""Documents are found by their ids, in a checkout, in a wheel and inside an adapter shipped apart."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.contract.adapter import Adapter, Agency, AgencyKind
from gateway.domain.errors import Misconfigured
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import ACKNOWLEDGEMENT, PACKAGED, SchemaLibrary, default_roots
from gateway.validation.xml_document import XmlDocument

ROOT = Path(__file__).parents[2]
LIBRARY = SchemaLibrary(default_roots())


def test_the_gateways_own_schemas_lie_beside_the_package() -> None:
    assert PACKAGED == ROOT
    assert default_roots() == (ROOT / "schemas",)


def test_one_id_may_name_a_schema_for_each_transport() -> None:
    rest, soap = LIBRARY.json(ACKNOWLEDGEMENT), LIBRARY.xml(ACKNOWLEDGEMENT)
    assert isinstance(rest, JsonDocument)
    assert isinstance(soap, XmlDocument)
    assert rest.id == soap.id == "simojo/acknowledgement/1.0/acknowledgement"
    assert LIBRARY.document(ACKNOWLEDGEMENT, soap=False) is rest
    assert LIBRARY.document(ACKNOWLEDGEMENT, soap=True) is soap
    assert soap.action == "urn:simojo:acknowledgement:1.0#Acknowledgement"


def test_every_document_of_the_tree_is_listed_once_and_can_be_read() -> None:
    files = [
        path.relative_to(ROOT / "schemas")
        for path in (ROOT / "schemas").rglob("*")
        if path.suffix in {".json", ".xsd"} and "examples" not in path.parts and path.parts[-4] != "schemas"
    ]
    listed = list(LIBRARY.ids())
    assert listed == sorted({(path.with_suffix("").as_posix(), path.suffix == ".xsd") for path in files})
    assert all(LIBRARY.document(name, soap=soap).id == name for name, soap in listed)


@pytest.mark.parametrize(
    "name",
    [
        "dpupr/technical-recommendation/1.0/nothing",
        "dpupr/technical-recommendation/1.0/request",  # an XSD, and no JSON Schema
        "../schemas/sms/send-pin",
        "sms/../sms/request",
        "sms/send-pin/1.0/../request",
        "sms/send-pin/1.0",
        "/etc/passwd/a/b",
        "",
        "sms/send-pin/1.0/request\n",
    ],
)
def test_what_is_not_published_is_unknown(name: str) -> None:
    assert LIBRARY.json("sms/send-pin/1.0/request").id == "sms/send-pin/1.0/request"
    with pytest.raises(Misconfigured) as caught:
        LIBRARY.json(name)
    assert caught.value.code == "schema-unknown"


def test_a_json_schema_is_no_xsd() -> None:
    with pytest.raises(Misconfigured, match=r"\.xsd") as caught:
        LIBRARY.xml("sms/send-pin/1.0/request")
    assert caught.value.code == "schema-unknown"


def test_the_folder_of_a_version_holds_its_examples() -> None:
    assert LIBRARY.folder(ACKNOWLEDGEMENT) == ROOT / "schemas" / "simojo" / "acknowledgement" / "1.0"
    with pytest.raises(Misconfigured) as caught:
        LIBRARY.folder("contoh/nothing/1.0/request")
    assert caught.value.code == "schema-unknown"


def publish(root: Path, title: str) -> Path:
    folder = root / "contoh" / "ask" / "1.0"
    folder.mkdir(parents=True)
    (folder / "request.json").write_text(f'{{"title": "{title}"}}', encoding="utf-8")
    return root


def test_the_first_root_that_has_it_gives_it(tmp_path: Path) -> None:
    one, two = publish(tmp_path / "one", "one"), publish(tmp_path / "two", "two")
    assert SchemaLibrary([tmp_path / "none", one, two]).json("contoh/ask/1.0/request").schema == {"title": "one"}
    assert SchemaLibrary([two, one]).json("contoh/ask/1.0/request").schema == {"title": "two"}
    assert list(SchemaLibrary([two, one]).ids()) == [("contoh/ask/1.0/request", False)]


def test_a_document_is_read_once_however_many_ask() -> None:
    fresh = SchemaLibrary(default_roots())
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: fresh.xml(ACKNOWLEDGEMENT), range(40)))
    assert len({id(each) for each in found}) == 1


def test_an_adapter_shipped_apart_brings_its_schemas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "contoh_adapter_of_this_test"
    publish(package / "schemas", "apart")
    (package / "__init__.py").touch()
    bare = tmp_path / "bare_adapter_of_this_test"
    bare.mkdir()
    (bare / "__init__.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    adapters = [shipped(package.name), shipped(bare.name), shipped("no_such_package_anywhere")]
    assert default_roots(adapters) == (ROOT / "schemas", package / "schemas")
    assert SchemaLibrary(default_roots(adapters)).json("contoh/ask/1.0/request").schema == {"title": "apart"}


def shipped(package: str) -> Adapter:
    return Adapter(
        agency=Agency("contoh", "Dinas Contoh", AgencyKind.HORIZONTAL),
        agreement="contoh-2026",
        package=package,
        interactions=(),
    )
