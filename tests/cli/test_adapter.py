"""`simojo adapter`: skeletons of every model pass their checks at once; what is wrong with an adapter is told."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest

from gateway.cli.skeleton.choice import SERVABLE, SERVES, Model
from gateway.cli.skeleton.pages import pages_of
from gateway.cli.skeleton.writing import write
from gateway.contract.adapter import Accept, Adapter, Decline, Reason
from gateway.contract.message import Transport
from gateway.domain.errors import Refused
from gateway.exchange.examining import examine
from gateway.exchange.plugins import load_adapters
from gateway.validation.library import SchemaLibrary, default_roots
from tests.cli.conftest import Simojo
from tests.office.house import NOW
from tests.skeletons import TRANSPORTS, choice_of, written

ROOT = Path(__file__).parents[2]
NEW = ("adapter", "new", "dinsos", "--model", "request", "--transport", "soap-1.2")
COMBINED = [
    (model, transport)
    for model in Model
    for transport in TRANSPORTS
    if model is not Model.BATCH or transport is Transport.REST
]
SERVED = [(model, serves) for model in SERVES for serves in SERVABLE]


def agency_of(*words: str) -> str:
    return "-".join(words).replace(".", "").lower()[:31]


# --- the skeleton -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("model", "transport"), COMBINED)
def test_a_skeleton_of_every_model_and_transport_passes_its_checks(
    tmp_path: Path, model: Model, transport: Transport
) -> None:
    adapter = written(tmp_path, choice_of(model, transport, agency=agency_of("new", model, transport)))
    report = examine(adapter, SchemaLibrary(default_roots([adapter])))
    assert (report.findings, [each.findings for each in report.interactions]) == ((), [()])
    for folder in tmp_path.rglob("examples/*"):  # as many as the house asks of a published document
        stems = {each.stem for each in folder.iterdir()}
        failing = {each for each in stems if each.endswith("_fail")}
        assert (len(stems - failing), len(failing) >= 4) == (2, True)


@pytest.mark.parametrize(("model", "serves"), SERVED)
def test_a_skeleton_serves_every_need_of_a_case(tmp_path: Path, model: Model, serves: str) -> None:
    adapter = written(tmp_path, choice_of(model, Transport.REST, agency=agency_of("s", model, serves), serves=serves))
    assert [getattr(each, "serves").__name__ for each in adapter.interactions] == [serves]  # noqa: B009 - of any model
    assert examine(adapter, SchemaLibrary(default_roots([adapter]))).is_well


def test_what_is_written_in_the_tree_is_as_the_house_formats_and_lints_it(tmp_path: Path) -> None:
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    for model, transport in COMBINED:
        agency = agency_of("in", model, transport)
        write(tmp_path, pages_of(choice_of(model, transport, agency=agency, apart=False)))
    for model, serves in SERVED:
        agency = agency_of("t", model, serves)
        write(tmp_path, pages_of(choice_of(model, Transport.REST, agency=agency, serves=serves, apart=False)))
    (tmp_path / "adapters/__init__.py").write_text('"""Adapters."""\n')
    (tmp_path / "gateway").symlink_to(ROOT / "gateway")  # so that imports are sorted as in the tree
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["format", "--check", "--diff"], ["check"]):
        said = [str(ruff), *command, "--no-cache", "adapters"]
        done = subprocess.run(said, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout
    longest = max(len(path.read_text().splitlines()) for path in (tmp_path / "adapters").rglob("*.py"))
    assert longest < 100


@pytest.fixture
def project(empty: Path) -> Path:
    """A folder that is the gateway's source, as far as the command looks."""
    shutil.copyfile(ROOT / "pyproject.toml", empty / "pyproject.toml")
    return empty


def files(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def test_in_the_tree_the_entry_point_is_added_and_nothing_is_written_twice(project: Path, simojo: Simojo) -> None:
    done = simojo(*NEW, "--name", "Dinas Sosial Kota Mojokerto")
    assert done.code == 0, done.err
    year = next(path.stem for path in (project / "agreements").iterdir()).removeprefix("dinsos-")
    made = files(project)
    for name in (
        "adapters/dinsos/__init__.py",
        "adapters/dinsos/mapping.py",
        f"agreements/dinsos-{year}.toml",
        "docs/agencies/dinsos.md",
        "schemas/dinsos/technical-recommendation/1.0/request.xsd",
        "schemas/dinsos/technical-recommendation/1.0/examples/answer/complete.xml",
    ):
        assert name in made
        assert name in done.out
    points = tomllib.loads(made["pyproject.toml"].decode())["project"]["entry-points"]["simojo.adapters"]
    assert points["dinsos"] == "adapters.dinsos:ADAPTER"
    assert list(points) == sorted(points)
    whole = tomllib.loads((ROOT / "pyproject.toml").read_text())
    whole["project"]["entry-points"]["simojo.adapters"]["dinsos"] = "adapters.dinsos:ADAPTER"
    assert tomllib.loads(made["pyproject.toml"].decode()) == whole
    assert "simojo adapter check dinsos" in done.out
    assert "[file-exists]" in simojo(*NEW).sentence
    assert files(project) == made


def test_a_package_of_its_own_brings_everything_with_it(empty: Path, simojo: Simojo) -> None:
    assert simojo(*NEW, "--package", "--into", "vendor/dinsos").code == 0
    made = set(files(empty / "vendor/dinsos"))
    assert {"pyproject.toml", "README.md", "simojo_adapter_dinsos/__init__.py"} <= made
    assert {name.split("/")[1] for name in made if name.startswith("simojo_adapter_dinsos/")} >= {
        "schemas",
        "agreements",
    }
    said = tomllib.loads((empty / "vendor/dinsos/pyproject.toml").read_text())
    assert said["project"]["entry-points"]["simojo.adapters"] == {"dinsos": "simojo_adapter_dinsos:ADAPTER"}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("adapter", "new", "Dinas Sosial", *NEW[3:]), "agency-invalid", "small letters and digits"),
        (("adapter", "new", "../dinsos", *NEW[3:]), "agency-invalid", "small letters and digits"),
        (("adapter", "new", "class", *NEW[3:]), "agency-invalid", "choose another id"),
        (("adapter", "new", "simojo", *NEW[3:]), "agency-invalid", "choose another id"),
        (("adapter", "new", "dpupr", *NEW[3:]), "adapter-duplicate", "adapters.dpupr"),
        ((*NEW, "--name", 'Dinas "Sosial"'), "name-invalid", "in one line"),
        ((*NEW, "--name", "Dinas\nSosial"), "name-invalid", "in one line"),
        ((*NEW, "--name", "D" * 81), "name-invalid", "at most 80"),
        ((*NEW, "--interaction", "meta.echo"), "interaction-invalid", "small letters"),
        ((*NEW, "--serves", "Nothing"), "serves-invalid", "RequestRecommendation"),
        ((*NEW, "--serves", "SendPin"), "serves-invalid", "adapters/sms"),
        (("adapter", "new", "dinsos", "--model", "inquiry", "--transport", "rest", "--serves", "VerifyResident"),
         "serves-invalid", "speaks first"),
        (("adapter", "new", "dinsos", "--model", "batch", "--transport", "soap-1.1"), "transport-invalid", "rest"),
        (NEW, "not-the-project", "--package"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_in_a_sentence_and_leaves_nothing(
    empty: Path, simojo: Simojo, words: tuple[str, ...], code: str, says: str
) -> None:
    sentence = simojo(*words).sentence
    assert f"[{code}]" in sentence
    assert says in sentence
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize("there", ["simojo-adapter-dinsos/README.md", "simojo-adapter-dinsos"])
def test_nothing_that_is_there_is_written_over(empty: Path, simojo: Simojo, there: str) -> None:
    (empty / there).parent.mkdir(exist_ok=True)
    (empty / there).write_text("mine")
    assert "[file-exists]" in simojo(*NEW, "--package").sentence
    assert files(empty) == {there: b"mine"}


def test_whatever_goes_wrong_while_it_is_written_nothing_stays(tmp_path: Path) -> None:
    pages = dict(pages_of(choice_of(Model.QUERY, Transport.REST)))
    (tmp_path / "kept").mkdir()
    with pytest.raises(UnicodeEncodeError):
        write(tmp_path / "kept", {**pages, PurePosixPath("z/last"): "\ud800"})
    assert list(tmp_path.rglob("*")) == [tmp_path / "kept"]
    write(tmp_path / "kept", pages)
    with pytest.raises(Refused):
        write(tmp_path / "kept", pages)


# --- checks -------------------------------------------------------------------------------------------------------


def test_the_adapters_that_are_installed_are_well_and_need_no_store(empty: Path, simojo: Simojo) -> None:
    done = simojo("adapter", "check")
    assert done.code == 0, done.out
    told = json.loads(simojo("adapter", "check", "--json").out)
    assert told["ok"] is True
    assert [each["agency"] for each in told["adapters"]] == list(load_adapters())
    assert list(empty.iterdir()) == []
    assert "[agency-unknown]" in simojo("adapter", "check", "nobody").sentence


def raises(*_: object) -> Any:
    raise KeyError("nik")


def without_examples(adapter: Adapter, folder: Path) -> Adapter:
    shutil.rmtree(next(folder.rglob("examples/answer")))
    return adapter


def without_agreement(adapter: Adapter, folder: Path) -> Adapter:
    next(folder.rglob("agreements/*.toml")).unlink()
    return adapter


def damaged_schema(adapter: Adapter, folder: Path) -> Adapter:
    next(folder.rglob("request.xsd")).write_text("<xs:schema/>")
    return adapter


def one_namespace(adapter: Adapter, folder: Path) -> Adapter:
    """Both documents in one namespace: no WSDL can tell them apart."""
    for path in (*folder.rglob("reply.xsd"), *folder.rglob("examples/reply/*")):
        path.write_text(path.read_text().replace(":reply:1.0", ":request:1.0"))
    return adapter


def twisted(**members: Any) -> Callable[[Adapter, Path], Adapter]:
    def twist(adapter: Adapter, _folder: Path) -> Adapter:
        return replace(adapter, interactions=tuple(replace(each, **members) for each in adapter.interactions))

    return twist


BROKEN: dict[str, tuple[Callable[[Adapter, Path], Adapter], str]] = {
    "a mapping that raises": (twisted(to_agency=raises), "to_agency raised KeyError"),
    "an answer's mapping that raises": (twisted(to_case=raises), "to_case raised KeyError"),
    "an answer that is none": (
        twisted(to_case=lambda *_: None),
        "to_case gives a NoneType, expected was Accept or Decline",
    ),
    "a message that breaks its schema": (twisted(to_agency=lambda *_: {"case": "K-1"}), "change the mapping"),
    "another security": (twisted(security="jws"), "the security profile is jws in the adapter"),
    "no examples": (without_examples, "has no example that passes"),
    "no agreement": (without_agreement, "put one under agreements/"),
    "a schema that is none": (damaged_schema, "is no XSD that can be held to"),
    "one namespace": (one_namespace, "share a namespace"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_told_with_what_to_do_about_it(
    empty: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    twist, says = BROKEN[name]
    agency = agency_of("b", *name.replace("'", "").split())[:31].rstrip("-")
    model = Model.QUERY if name == "one namespace" else Model.REQUEST
    wrong = twist(written(empty, choice_of(model, Transport.SOAP_12, agency=agency)), empty)
    monkeypatch.setattr("gateway.cli.adapter.load_adapters", lambda: {agency: wrong})
    done = simojo("adapter", "check", agency)
    assert done.code == 1
    assert says in done.out, done.out
    told = json.loads(simojo("adapter", "check", agency, "--json").out)
    assert told["ok"] is False


def test_personal_data_beyond_the_agreement_is_told(
    empty: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = written(empty, choice_of(Model.QUERY, Transport.REST, agency="curious"))
    path = next(empty.rglob("agreements/*.toml"))
    path.write_text(path.read_text().replace('"nik", ', ""))
    monkeypatch.setattr("gateway.cli.adapter.load_adapters", lambda: {"curious": adapter})
    done = simojo("adapter", "check", "curious")
    assert (done.code, "personal data that the agreement does not permit, /nik" in done.out) == (1, True)


def test_a_mapping_may_decline_an_example(empty: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = written(empty, choice_of(Model.SUBMISSION, Transport.REST, agency="declines"))
    no = Decline(reason=Reason.NOT_FOUND, text="tidak ada")
    twist = twisted(to_cases=lambda _payload, found: Accept() if any(found.values()) else no)
    monkeypatch.setattr("gateway.cli.adapter.load_adapters", lambda: {"declines": twist(adapter, empty)})
    assert simojo("adapter", "check", "declines").code == 0


# --- the agreement that came with it, and a first exchange ---------------------------------------------------------


def test_the_agreement_that_came_with_a_package_is_imported_by_the_agencys_name(
    home: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = written(home / "apart", choice_of(Model.QUERY, Transport.SOAP_11, agency="apart"))
    known = {**load_adapters(), "apart": adapter}
    monkeypatch.setattr("gateway.cli.agreement.load_adapters", lambda: known)
    done = simojo("agreement", "import", "--agency", "apart")
    assert (done.code, done.out.startswith("apart-2026 1.0 is kept as a draft")) == (0, True)
    assert "[agreement-not-named]" in simojo("agreement", "import").sentence
    assert "[agency-unknown]" in simojo("agreement", "import", "--agency", "nobody").sentence
    next(home.rglob("apart-2026.toml")).unlink()
    assert "[agreement-unknown]" in simojo("agreement", "import", "--agency", "apart").sentence


@pytest.mark.usefixtures("home")
def test_a_trial_says_what_it_lacks(simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.cli.adapter_try.now", lambda: NOW)
    assert "[interaction-unknown]" in simojo("adapter", "try", "sms", "--interaction", "nothing").sentence
    assert "[agency-unknown]" in simojo("adapter", "try", "nobody").sentence
    trial = ("adapter", "try", "sms", "--interaction", "send-message", "--wait", "1")
    assert "[endpoint-missing]" in simojo(*trial).sentence
    simojo("agency", "endpoint", "sms", "http://127.0.0.1:9/")
    done = simojo(*trial)
    assert done.code == 1
    assert "it waits to be sent" in done.out
    assert "is `simojo serve` running" in done.out
    collects = simojo("adapter", "try", "satpolpp", "--wait", "1")  # it needs no endpoint
    assert (collects.code, "satpolpp: recommendation-task, message" in collects.out) == (1, True)


def test_a_trial_is_not_for_production(empty: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMOJO_MODE", "production")
    assert "[trial-in-production]" in simojo("adapter", "try", "dpupr").sentence
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (None, "catalogue-missing"),
        (b"\xff", "catalogue-malformed"),
        (b"[[permit_type]]\n", "catalogue-malformed"),
    ],
)
def test_a_catalogue_that_cannot_be_read_is_one_sentence(
    plain: Path, simojo: Simojo, monkeypatch: pytest.MonkeyPatch, data: bytes | None, code: str
) -> None:
    if data is not None:
        (plain / "own.toml").write_bytes(data)
    monkeypatch.setenv("SIMOJO_CATALOGUE_FILE", "own.toml")
    assert f"[{code}]" in simojo("adapter", "try", "dpupr").sentence
    assert f"[{code}]" in simojo("ledger", "verify").sentence
