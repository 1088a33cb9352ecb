"""The office's own catalogue of permit types: TOML, held to its JSON Schema, read into a Catalogue (Pasal 19)."""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from typing import Any

from gateway.domain.catalogue import Catalogue, PermitType, ServiceClass
from gateway.domain.errors import Misconfigured
from gateway.domain.events import SigningMethod
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import PACKAGED

SCHEMA = PACKAGED / "schemas" / "catalogue" / "1.0" / "catalogue.json"
MAX_CHARACTERS = 1024 * 1024
"""More than a city has permit types."""
NUMBER_TEMPLATE = "{NNN}/{TYPE}/{ROMAN-MONTH}/{YYYY}"


def read_catalogue(text: str) -> Catalogue:
    """Read a file's text.

    Raises Misconfigured `catalogue-malformed`: not TOML, or not of that shape, with every violation; and what the
    domain says of a type (`permit-type-invalid`, `number-template-invalid`).
    """
    if len(text) > MAX_CHARACTERS:
        raise _malformed(f"has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    try:
        document = _without_dates(tomllib.loads(text))
        violations = _schema().check(document)
    except (ValueError, RecursionError) as error:
        raise _malformed(f"is not TOML: {str(error)[:200]}") from None
    if violations:
        first = violations[0]
        raise Misconfigured(
            f"the catalogue file breaks its schema in {len(violations)} place(s), first at {first.path}: {first.text}",
            code="catalogue-malformed",
            violations=violations,
        )
    return Catalogue(tuple(_permit_type(each) for each in document["permit_type"]))


def _permit_type(said: dict[str, Any]) -> PermitType:
    code = said["code"]
    return PermitType(
        code=code,
        name=said["name"],
        service_class=ServiceClass(said["service_class"]),
        recommended_by=tuple(said["recommended_by"]),
        levied=said["levied"],
        signing=SigningMethod(said["signing"]),
        paper=said.get("paper", f"kertas-{code}"),
        required_documents=tuple(said.get("required_documents", ("ktp",))),
        duration_days=said["duration_days"],
        positive_fiction=said.get("positive_fiction", False),
        number_template=said.get("number_template", NUMBER_TEMPLATE),
        valid_from=date.fromisoformat(said["valid_from"]),
        legal_basis=said["legal_basis"],
        valid_until=date.fromisoformat(said["valid_until"]) if "valid_until" in said else None,
    )


@cache
def _schema() -> JsonDocument:
    return JsonDocument("catalogue/1.0", SCHEMA.read_bytes())


def _malformed(fault: str) -> Misconfigured:
    return Misconfigured(f"the catalogue file {fault}", code="catalogue-malformed")


def _without_dates(value: Any) -> Any:
    """JSON knows no dates: TOML's become ISO text, which the schema checks."""
    if isinstance(value, dict):
        return {name: _without_dates(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_dates(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
