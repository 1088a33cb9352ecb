"""Choice and documents as files: what lies where, and what is written in it. The texts are under templates/."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from gateway.cli.skeleton.choice import Choice, Model
from gateway.cli.skeleton.documents import Document, documents_of, heard_kind
from gateway.cli.skeleton.examples import examples_of

TEMPLATES = Path(__file__).parent / "templates"
LINE = 120

_FUNCTIONS: Mapping[Model, tuple[str, ...]] = {
    Model.QUERY: ("to_agency", "to_case"),
    Model.REQUEST: ("to_agency", "to_case"),
    Model.NOTIFICATION: ("to_agency",),
    Model.MAILBOX: ("to_agency",),
    Model.INQUIRY: ("about", "answer"),
    Model.SUBMISSION: ("about", "to_cases"),
    Model.BATCH: ("about", "to_cases"),
}
"""The mapping functions of each model, which the declaration names as they are called."""

_HEARD: Mapping[str, frozenset[str]] = {
    "VerifyResident": frozenset({"CaseEvent", "ResidentRefuted", "ResidentVerified"}),
    "other": frozenset({"AttentionRaised"}),
}
"""The facts that an answer becomes, by the template that reads it. A recommendation has its own reading."""

ADAPTER, MESSAGE, EVENTS = "gateway.contract.adapter", "gateway.contract.message", "gateway.domain.events"
CASE, RECOMMENDATIONS = "gateway.domain.case", "gateway.contract.recommendations"

Imports = dict[str, set[str]]


def pages_of(choice: Choice) -> Mapping[PurePosixPath, str]:
    """Every file of the skeleton by its path below the folder that it is written into."""
    documents = documents_of(choice)
    folder = PurePosixPath(*choice.package.split("."))
    inside = folder if choice.apart else PurePosixPath()
    pages: dict[PurePosixPath, str] = {
        folder / "__init__.py": _declaration(choice, documents),
        folder / "mapping.py": _mapping(choice, documents),
        inside / "agreements" / f"{choice.agreement}.toml": _agreement(choice, documents),
    }
    if choice.apart:
        pages[PurePosixPath("pyproject.toml")] = _written("papers/pyproject.toml.jinja", choice=choice)
        pages[PurePosixPath("README.md")] = _guide(choice, documents)
    else:
        pages[PurePosixPath("docs", "agencies", f"{choice.agency}.md")] = _guide(choice, documents)
    version = inside / "schemas" / choice.agency / choice.interaction / "1.0"
    for document in documents:
        pages |= {version / name: text for name, text in _document(choice, document)}
    return pages


# --- Python -------------------------------------------------------------------------------------------------------


def _declaration(choice: Choice, documents: tuple[Document, ...]) -> str:
    functions = _FUNCTIONS[choice.model]
    imports: Imports = {
        f"{choice.package}.mapping": {"AGENCY", *functions},
        ADAPTER: {"Adapter", "Agency", "AgencyKind", choice.model.capitalize()},
    }
    if choice.serves is not None:
        imports[ADAPTER].add("Repeat")
        imports[EVENTS] = {choice.serves}
    return _written(
        "adapter/declaration.py.jinja",
        choice=choice,
        documents=documents,
        functions=functions,
        imports=_imports(imports),
    )


def _mapping(choice: Choice, documents: tuple[Document, ...]) -> str:
    if choice.serves is not None:
        return _outbound(choice, choice.serves, documents)
    names = {"Decline", "Found", "Reason"}
    imports: Imports = {ADAPTER: names, MESSAGE: {"Payload"}, EVENTS: {"Reference"}}
    template = "adapter/inquiry.py.jinja"
    if choice.model is not Model.INQUIRY:
        template = "adapter/submission.py.jinja"
        names |= {"Accept", "Effect"}
        imports[EVENTS].add("AttentionRaised")
    return _written(template, choice=choice, documents=documents, imports=_imports(imports))


def _outbound(choice: Choice, serves: str, documents: tuple[Document, ...]) -> str:
    heard = heard_kind(serves)
    imports: Imports = {MESSAGE: {"Payload"}, CASE: {"PermitCase"}, EVENTS: {serves}}
    if len(documents) > 1 and heard == "RequestRecommendation":
        imports |= {ADAPTER: {"Accept", "Decline"}, RECOMMENDATIONS: {"recommendation"}}
    elif len(documents) > 1:
        imports[ADAPTER] = {"Accept", "Decline", "Effect", "Reason"}
        imports[EVENTS] |= _HEARD[heard]
    return _written(
        "adapter/outbound.py.jinja",
        choice=choice,
        documents=documents,
        heard=heard,
        reads_ask=any(each.source.startswith("ask.") for each in documents[0].members),
        imports=_imports(imports),
    )


def _imports(imports: Imports) -> list[str]:
    """Lines as the formatter would have them: by module, and names in lines of their own where one is too long."""
    lines: list[str] = []
    for module in sorted(imports):
        names = sorted(imports[module])
        line = f"from {module} import {', '.join(names)}"
        lines += [line] if len(line) <= LINE else [f"from {module} import (", *(f"    {each}," for each in names), ")"]
    return lines


# --- schemas and examples -----------------------------------------------------------------------------------------


def _document(choice: Choice, document: Document) -> Iterator[tuple[PurePosixPath, str]]:
    soap = choice.transport.is_soap
    known = {
        "choice": choice,
        "document": document,
        "namespace": f"urn:simojo:{choice.agency}:{choice.interaction}:{document.name}:1.0",
        "root": _camel(choice.interaction) + document.name.capitalize(),
    }
    yield (
        PurePosixPath(f"{document.name}.{'xsd' if soap else 'json'}"),
        _written(f"schemas/schema.{'xsd' if soap else 'json'}.jinja", **known),
    )
    if soap and document.personal:
        yield PurePosixPath(f"{document.name}.personal.toml"), _written("schemas/personal.toml.jinja", **known)
    folder = PurePosixPath("examples", document.name)
    for each in examples_of(document):
        if soap:
            text = _written("schemas/example.xml.jinja", **known, said=each.said, why=each.why)
            yield folder / f"{each.name}.xml", text
            continue
        yield folder / f"{each.name}.json", f"{json.dumps(each.said, indent=2, ensure_ascii=False)}\n"
        if each.why:
            yield folder / f"{each.name}.txt", f"{each.why}\n"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("-"))


# --- papers -------------------------------------------------------------------------------------------------------


def _agreement(choice: Choice, documents: tuple[Document, ...]) -> str:
    personal = dict.fromkeys(f'"{member.name}"' for document in documents for member in document.personal)
    return _written("papers/agreement.toml.jinja", choice=choice, documents=documents, personal=", ".join(personal))


def _guide(choice: Choice, documents: tuple[Document, ...]) -> str:
    return _written("papers/guide.md.jinja", choice=choice, documents=documents)


# --- templates ----------------------------------------------------------------------------------------------------


@cache
def _templates() -> Environment:
    # what is written is Python, TOML, XML and Markdown: names were held to characters that none of them gives a meaning
    return Environment(  # noqa: S701 - no HTML, see above
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _written(template: str, **known: Any) -> str:
    return _templates().get_template(template).render(known)
