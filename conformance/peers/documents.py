"""Checks against the agreed documents, `schemas/<agency>/<interaction>/<version>/<name>`, read from the files."""

from __future__ import annotations

import json
import threading
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from lxml import etree

from conformance.peers.config import ROOT
from gateway.domain.errors import Violation

_xsd_lock = threading.Lock()


@cache
def _json_validator(document: str) -> Draft202012Validator:
    path = ROOT / "schemas" / f"{document}.json"
    return Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))


@cache
def _xsd(document: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(ROOT / "schemas" / f"{document}.xsd"))


def json_violations(document: str, payload: Any) -> tuple[Violation, ...]:
    """Give every way in which a payload breaks a JSON Schema, as JSON pointers; values are not repeated."""
    faults = sorted(_json_validator(document).iter_errors(payload), key=lambda fault: fault.json_path)
    return tuple(
        Violation(
            path="".join(f"/{part}" for part in fault.absolute_path),
            rule=str(fault.validator),
            text=f"{fault.validator} {json.dumps(fault.validator_value)[:200]}",
        )
        for fault in faults
    )


def xsd_violations(document: str, element: etree._Element) -> tuple[Violation, ...]:
    """Give every way in which an element breaks an XSD."""
    # a compiled schema keeps the log of its last check, so two threads must not check at once
    with _xsd_lock:
        schema = _xsd(document)
        schema.validate(element)
        return tuple(
            Violation(path=str(entry.path or ""), rule=entry.type_name, text=entry.message)
            for entry in schema.error_log
        )
