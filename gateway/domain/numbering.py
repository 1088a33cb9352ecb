"""Permit numbers (Pasal 11(3)i) from a template such as `{NNN}/{TYPE}/{ROMAN-MONTH}/{YYYY}`.

    {NNN}          the sequence, padded to as many digits as there are Ns; exactly one in a template
    {TYPE}         the service's code in capitals
    {ROMAN-MONTH}  I to XII          {MM}  01 to 12          {YYYY}  the year

The sequence comes from a counter that the store increments in the same commit as the reservation. Which counter is
`counter_scope`: two numbers from one template are equal only if they share scope and sequence.
"""

from __future__ import annotations

import re
from datetime import date

from gateway.domain.errors import Misconfigured

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_FIELD = re.compile(r"\{([^{}]*)\}")
_SEQUENCE = re.compile(r"N+")
_KNOWN = frozenset({"TYPE", "ROMAN-MONTH", "MM", "YYYY"})


def check_template(template: str) -> str:
    """Give `template` back; Misconfigured `number-template-invalid` if a number cannot be made from it."""
    names = _FIELD.findall(template)
    unknown = [name for name in names if name not in _KNOWN and not _SEQUENCE.fullmatch(name)]
    if unknown:
        raise _wrong(
            template, f"it knows no {{{unknown[0]}}}; use {{NNN}}, {{TYPE}}, {{ROMAN-MONTH}}, {{MM}}, {{YYYY}}"
        )
    if {"{", "}"} & set(_FIELD.sub("", template)):
        raise _wrong(template, "a brace is not closed or not opened")
    if len([name for name in names if _SEQUENCE.fullmatch(name)]) != 1:
        raise _wrong(template, "exactly one {NNN} is needed")
    return template


def format_number(template: str, sequence: int, service: str, on: date) -> str:
    """Write the permit number for the `sequence`-th document (from 1) of `service` dated `on`.

    Raises Misconfigured `number-template-invalid`; ValueError for a sequence below 1.
    """
    if sequence < 1:
        raise ValueError(f"a sequence starts at 1, not at {sequence}")
    values = {"TYPE": service.upper(), "ROMAN-MONTH": _ROMAN[on.month - 1], "MM": f"{on:%m}", "YYYY": f"{on.year:04}"}
    return _FIELD.sub(
        lambda match: values.get(match[1]) or str(sequence).zfill(len(match[1])), check_template(template)
    )


def counter_scope(template: str, service: str, on: date) -> str:
    """Name the counter: the template with service and year filled in, sequence and month left open.

    So it restarts each year where the year is printed, is shared by services where the type is not, and never
    restarts with the month. Raises Misconfigured `number-template-invalid`.
    """
    values = {"TYPE": service.upper(), "YYYY": f"{on.year:04}"}
    return _FIELD.sub(lambda match: values.get(match[1], match[0]), check_template(template))


def _wrong(template: str, why: str) -> Misconfigured:
    return Misconfigured(f"number template {template!r}: {why}", code="number-template-invalid")
