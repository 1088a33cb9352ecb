"""The documents that are sent: an inspection report of 2 KB or 100 KB, as JSON and as canonical XML.

All messages of a measurement carry the same report, but for its number, which has a fixed place and width: so a
message is signed over bytes of its own and is nevertheless kept as a few hundred bytes until it is sent.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from benchmarks.choice import Protocol, Size

NAMESPACE = "urn:simojo:bench:inspection:1.0"
ROOT = "InspectionReport"
ACTION = f"{NAMESPACE}#{ROOT}"
BYTES = {Size.KB2: 2 * 1024, Size.KB100: 100 * 1024}

_DIGITS = 8
_MARK = "0" * _DIGITS
_CATEGORIES = ("structure", "fire", "sanitation", "access", "setback")
_UNITS = ("m", "m2", "mm", "pcs")


@dataclass(frozen=True)
class Document:
    """The bytes before and after the report's number."""

    before: bytes
    after: bytes

    def numbered(self, number: int) -> bytes:
        """The whole document with that number, from 0 to 99,999,999."""
        return self.before + digits(number) + self.after


def digits(number: int) -> bytes:
    """A report's number as it stands in the document."""
    return b"%08d" % number


def report(protocol: Protocol, size: Size) -> Document:
    """The report as it travels over that protocol: as many findings as the size has room for."""
    write = _json if protocol is Protocol.REST else _xml
    findings = 1
    while len(write(_report(findings + 1))) <= BYTES[size]:
        findings += 1
    return _split(write(_report(findings)))


def application() -> Document:
    """An application that opens a case, of 1 KB."""
    said = {
        "number": f"LHP/{_MARK}/2026",
        "name": "Siti Contoh",
        "nik": "9999014506900001",
        "phone": "081200000017",
        "email": "siti@contoh.example",
        "address": "Jalan Contoh 17",
        "kelurahan": "35.76.01.1003",
        "purpose": "Rumah tinggal dua lantai dengan usaha kecil di lantai bawah; " * 12,
    }
    return _split(_json(said))


def _split(whole: bytes) -> Document:
    before, mark, after = whole.partition(_MARK.encode())
    if not mark:
        raise ValueError("the document has no place for its number")
    return Document(before, after)


def _report(findings: int) -> dict[str, Any]:
    return {
        "report": f"LHP/{_MARK}/2026",
        "permitNumber": "917/PBG/III/2026",
        "inspectedAt": "2026-03-02T09:30:00+07:00",
        "inspector": {"name": "Budi Contoh, S.T.", "nip": "198001012005012001"},
        "location": {"address": "Jalan Contoh 17, Mojokerto", "kelurahan": "35.76.01.1003"},
        "finding": [_finding(number) for number in range(1, findings + 1)],
        "conclusion": "conforms-with-conditions",
    }


def _finding(number: int) -> dict[str, Any]:
    return {
        "number": number,
        "item": f"STR-{number % 1000:03d}",
        "category": _CATEGORIES[number % len(_CATEGORIES)],
        "severity": "minor" if number % 3 else "none",
        "measured": f"{number * 7 % 900}.{number % 100:02d}",
        "unit": _UNITS[number % len(_UNITS)],
        "complies": number % 3 == 0,
        "observedOn": f"2026-03-{number % 28 + 1:02d}",
        "note": f"Kolom pada as {number} diukur; retak rambut, perbaikan dicatat.",
    }


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _xml(said: dict[str, Any]) -> bytes:
    """Text that is its own exclusive canonical form: no white space, one namespace, nothing to be escaped."""
    return f'<b:{ROOT} xmlns:b="{NAMESPACE}">{_elements(said)}</b:{ROOT}>'.encode()


def _elements(said: dict[str, Any]) -> str:
    return "".join(_element(name, value) for name, value in said.items())


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    if isinstance(value, dict):
        text = _elements(value)
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<b:{name}>{text}</b:{name}>"
