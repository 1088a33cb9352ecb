"""Every adapter keeps the house's shape: data plus pure functions, short, and as its agreement says (Pasal 21(2))."""

import tomllib
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from gateway.contract.adapter import (
    Adapter,
    Batch,
    Inquiry,
    Interaction,
    Mailbox,
    Notification,
    Outbound,
    Query,
    Request,
    Submission,
)
from gateway.domain.catalogue import SAMPLE
from gateway.validation.purity import module_findings

ROOT = Path(__file__).parents[2]
AGENCIES = tuple(sorted(path.parent.name for path in (ROOT / "adapters").glob("*/__init__.py")))
MODULES = sorted((ROOT / "adapters").rglob("*.py"))
MODELS: dict[type[Interaction], str] = {
    Query: "query",
    Request: "request",
    Notification: "notification",
    Mailbox: "mailbox",
    Inquiry: "inquiry",
    Submission: "submission",
    Batch: "batch",
}


def _adapter(agency: str) -> Adapter:
    adapter = import_module(f"adapters.{agency}").ADAPTER
    assert isinstance(adapter, Adapter)
    return adapter


def _interactions() -> list[Any]:
    return [
        pytest.param(adapter, each, id=f"{adapter.agency.id}-{each.name}-{each.version}")
        for adapter in map(_adapter, AGENCIES)
        for each in adapter.interactions
    ]


def _agreements(adapter: Adapter) -> list[dict[str, Any]]:
    """Every version of its agreement, the first one first."""
    paths = sorted((ROOT / "agreements").glob(f"{adapter.agreement}*.toml"))
    return [tomllib.loads(path.read_text(encoding="utf-8")) for path in paths]


def _clauses(adapter: Adapter, interaction: Interaction) -> dict[str, Any]:
    """What the first version says of it that has it so."""
    clauses = next(
        clauses
        for agreement in _agreements(adapter)
        if interaction.is_of(agreement["agreement"]["version"])
        for clauses in agreement["interaction"]
        if (clauses["name"], clauses["request"].split("/")[2]) == (interaction.name, interaction.version)
    )
    assert isinstance(clauses, dict)
    return clauses


def _documents(interaction: Interaction) -> dict[str, str]:
    named = {part: getattr(interaction, part, None) for part in ("request", "reply", "answer")}
    return {part: document for part, document in named.items() if isinstance(document, str)}


def _schema_file(document: str) -> Path:
    (found,) = (path for path in (ROOT / "schemas").glob(f"{document}.*") if path.suffix in {".json", ".xsd"})
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short_and_does_nothing_but_compute(module: Path) -> None:
    package = ".".join(module.relative_to(ROOT).parts[:2])
    assert list(module_findings(module.read_text(encoding="utf-8"), module.name, package)) == []


def test_every_adapter_of_the_tree_is_declared_and_has_its_agreement() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {agency: f"adapters.{agency}:ADAPTER" for agency in AGENCIES}
    assert project["entry-points"]["simojo.adapters"] == declared
    heads = [_agreements(_adapter(agency)) for agency in AGENCIES]
    named = [each["agreement"] for versions in heads for each in versions]
    names = [each["id"] if each["version"] == "1.0" else f"{each['id']}-{each['version']}" for each in named]
    assert sorted(names) == sorted(path.stem for path in (ROOT / "agreements").glob("*.toml"))


@pytest.mark.parametrize("agency", AGENCIES)
def test_each_interaction_stands_in_its_agreement_and_the_other_way_round_pasal_21_2_c_1(agency: str) -> None:
    adapter = _adapter(agency)
    reached: set[tuple[str, str]] = set()
    for agreement in _agreements(adapter):
        spoken = [each for each in adapter.interactions if each.is_of(agreement["agreement"]["version"])]
        agreed = [(each["name"], each["request"].split("/")[2]) for each in agreement["interaction"]]
        assert {each.name for each in spoken} == {name for name, _ in agreed}
        declared = Counter((each.name, each.version) for each in spoken)
        assert [declared[each] for each in agreed] == [1] * len(agreed)
        reached |= set(agreed)
    assert {(each.name, each.version) for each in adapter.interactions} == reached


@pytest.mark.parametrize(("adapter", "interaction"), _interactions())
def test_an_interaction_is_agreed_for_services_that_are_offered_pasal_21_2_c_2(
    adapter: Adapter, interaction: Interaction
) -> None:
    services = _clauses(adapter, interaction)["services"]
    offered = SAMPLE.codes(_agreements(adapter)[0]["agreement"]["valid_from"])
    assert services == ["*"] or set(services) <= set(offered)
    assert services


@pytest.mark.parametrize("agency", AGENCIES)
def test_an_adapter_is_named_after_its_folder_and_agreement(agency: str) -> None:
    adapter = _adapter(agency)
    heads = [each["agreement"] for each in _agreements(adapter)]
    assert (adapter.agency.id, adapter.package) == (agency, f"adapters.{agency}")
    assert {(head["id"], head["agency"]) for head in heads} == {(adapter.agreement, agency)}
    names = [each.name for each in adapter.interactions]
    assert all(adapter.interaction(name) in adapter.interactions for name in names)
    assert adapter.interaction("no-such-interaction") is None


@pytest.mark.parametrize(("adapter", "interaction"), _interactions())
def test_an_interaction_is_as_its_agreement_says_pasal_21_2_c(adapter: Adapter, interaction: Interaction) -> None:
    clauses = _clauses(adapter, interaction)
    assert clauses["model"] == MODELS[type(interaction)]
    assert clauses["security"] == interaction.security
    assert {part: clauses[part] for part in ("request", "reply", "answer") if part in clauses} == _documents(
        interaction
    )
    assert clauses.get("repeat") == (interaction.repeat.value if isinstance(interaction, Outbound) else None)
    assert ("retry" in clauses) is isinstance(interaction, Outbound)
    assert ("answer_within" in clauses) is isinstance(interaction, Request | Mailbox)
    assert ("visible_again" in clauses) is isinstance(interaction, Mailbox)
    assert clauses.get("result") == (interaction.result if isinstance(interaction, Batch) else None)
    assert ("formats" in clauses) is isinstance(interaction, Batch)


@pytest.mark.parametrize(("adapter", "interaction"), _interactions())
def test_a_document_is_there_and_named_after_agency_interaction_and_version(
    adapter: Adapter, interaction: Interaction
) -> None:
    for part, document in _documents(interaction).items():
        assert document == f"{adapter.agency.id}/{interaction.name}/{interaction.version}/{part}"
        suffix = ".xsd" if _clauses(adapter, interaction)["transport"].startswith("soap") else ".json"
        assert _schema_file(document).suffix == suffix
