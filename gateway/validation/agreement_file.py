"""Agreement files: TOML, held to its own JSON Schema, read into an Agreement."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import Any

from gateway.contract.agreement import Agreement, agreement_from_document
from gateway.domain.errors import Misconfigured
from gateway.validation.json_document import JsonDocument
from gateway.validation.library import PACKAGED

SCHEMA = PACKAGED / "schemas" / "agreement" / "1.0" / "agreement.json"
AGREEMENTS = PACKAGED / "agreements"


def read_agreement(text: str) -> Agreement:
    """Read a file's text.

    Raises Misconfigured `agreement-malformed`: not TOML, or not of the agreed shape, with every violation.
    """
    try:
        document = _without_dates(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"the agreement file is not TOML: {error}", code="agreement-malformed") from None
    violations = _schema().check(document)
    if violations:
        first = violations[0]
        raise Misconfigured(
            f"the agreement file breaks its schema in {len(violations)} place(s), first at {first.path}: {first.text}",
            code="agreement-malformed",
            violations=violations,
        )
    return agreement_from_document(document)


def packaged_agreements(folder: Path = AGREEMENTS) -> Mapping[str, str]:
    """The text of every agreement file that came with the gateway, by id."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.toml"))}


@cache
def _schema() -> JsonDocument:
    return JsonDocument("agreement/1.0", SCHEMA.read_bytes())


def _without_dates(value: Any) -> Any:
    """JSON knows no dates: TOML's become ISO text, which the schema checks."""
    if isinstance(value, dict):
        return {name: _without_dates(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_dates(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value
