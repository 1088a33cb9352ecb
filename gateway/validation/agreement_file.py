"""Agreement files: TOML, held to its own JSON Schema, read into an Agreement.

The first version of an agreement lies in `<id>.toml`, each later one beside it in `<id>-<version>.toml`.
"""

from __future__ import annotations

import re
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

SCHEMA = PACKAGED / "schemas" / "agreement" / "1.2" / "agreement.json"
"""The newest version. Each one only adds to those before it, so a file of any version keeps to it."""
AGREEMENTS = PACKAGED / "agreements"
MAX_CHARACTERS = 64 * 1024
"""More than any agreement file has."""

# tomllib takes time in the square of a dotted key's parts; agreements have two
_LONG_KEY = re.compile(r"""(?:\.[ \t]*(?:[\w-]{1,80}|"[^"\n]{0,80}"|'[^'\n]{0,80}')[ \t]*){33}""")


def read_agreement(text: str) -> Agreement:
    """Read a file's text.

    Raises Misconfigured `agreement-malformed`: not TOML, or not of the agreed shape, with every violation.
    """
    if len(text) > MAX_CHARACTERS:
        raise _malformed(f"has {len(text)} characters; at most {MAX_CHARACTERS} are read")
    if _LONG_KEY.search(text):
        raise _malformed("has a dotted key of more than 32 parts")
    try:
        document = _without_dates(tomllib.loads(text))
        violations = _schema().check(document)
    except ValueError as error:  # also a number of thousands of digits, which Python does not read
        raise _malformed(f"is not TOML: {str(error)[:200]}") from None
    except RecursionError:
        raise _malformed("has arrays or tables that are nested too deep") from None
    if violations:
        first = violations[0]
        raise Misconfigured(
            f"the agreement file breaks its schema in {len(violations)} place(s), first at {first.path}: {first.text}",
            code="agreement-malformed",
            violations=violations,
        )
    return agreement_from_document(document)


def _malformed(fault: str) -> Misconfigured:
    return Misconfigured(f"the agreement file {fault}", code="agreement-malformed")


def packaged_agreements(folder: Path = AGREEMENTS) -> Mapping[str, str]:
    """The text of every agreement file that came with the gateway, by the file's name without its suffix."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.toml"))}


def latest_agreements(on: date, folder: Path = AGREEMENTS) -> Mapping[str, Agreement]:
    """Of each agreement that came with the gateway, the version that began last by that day, by the file's name.

    An agreement of which no version has begun is left out. Raises as `read_agreement` does.
    """
    found: dict[str, tuple[str, Agreement]] = {}
    for name, text in packaged_agreements(folder).items():
        agreement = read_agreement(text)
        known = found.get(agreement.id)
        if agreement.valid_from <= on and (known is None or known[1].valid_from < agreement.valid_from):
            found[agreement.id] = name, agreement
    return dict(found.values())


@cache
def _schema() -> JsonDocument:
    return JsonDocument("agreement/1.2", SCHEMA.read_bytes())


def _without_dates(value: Any) -> Any:
    """JSON knows no dates: TOML's become ISO text, which the schema checks."""
    if isinstance(value, dict):
        return {name: _without_dates(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_dates(each) for each in value]
    return value.isoformat() if isinstance(value, date | time) else value
