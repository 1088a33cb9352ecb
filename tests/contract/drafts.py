"""A small agreement as its file says it, to be altered by a test."""

from copy import deepcopy
from datetime import date
from typing import Any

FILE: dict[str, Any] = {
    "agreement": {
        "id": "contoh-2026",
        "version": "1.0",
        "number": "503/99/2026",
        "agency": "contoh",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "legal_basis": ["Perwali Mojokerto 18/2020 Pasal 21(2)"],
        "guide_version": "1.0",
        "prior_discussion": "Berita acara contoh",
        "confidentiality": "Pasal 20 huruf c",
        "traffic_security": "Pasal 20 huruf d",
        "own_audit_trail": True,
        "contacts": [{"role": "teknis", "name": "Bidang Contoh", "email": "teknis@contoh.example"}],
    },
    "interaction": [
        {
            "name": "opinion",
            "model": "request",
            "services": ["krk", "pbg"],
            "service_class": "non-usaha",
            "transport": "rest",
            "security": "jws",
            "request": "contoh/opinion/1.0/request",
            "answer": "contoh/opinion/1.0/answer",
            "answer_within": "3 hari kerja",
            "call_timeout": "1500ms",
            "max_size": "5MiB",
            "rate": "30/min",
            "keep_for": "10 years",
            "repeat": "same-id",
            "minimum_requirements": "profil minimum SIMOJO 1.0",
            "confidential": False,
            "personal_data": {"purpose": "pertimbangan", "fields": ["applicant/name"]},
            "retry": {"first": "5s", "factor": 3, "max": "1h", "attempts": 4},
        },
        {
            "name": "ask",
            "model": "inquiry",
            "services": ["*"],
            "service_class": "usaha",
            "transport": "soap-1.2",
            "security": "wss-x509",
            "request": "contoh/ask/1.0/request",
            "reply": "contoh/ask/1.0/reply",
            "call_timeout": "2m",
            "max_size": "64KiB",
            "keep_for": "1 year",
            "minimum_requirements": "profil minimum SIMOJO 1.0",
            "confidential": True,
            "personal_data": {"purpose": "tidak ada data pribadi", "fields": []},
        },
    ],
}


def draft(**terms: Any) -> dict[str, Any]:
    """Give the file's content with members of its first interaction replaced."""
    copy = deepcopy(FILE)
    copy["interaction"][0] |= terms
    return copy


def toml(document: dict[str, Any]) -> str:
    """Write the content as an agreement file, its keys in the order given."""
    head = {name: each for name, each in document["agreement"].items() if name != "contacts"}
    lines = ["[agreement]", *(f"{name} = {_value(each)}" for name, each in head.items())]
    for table, rows in (
        ("agreement.contacts", document["agreement"]["contacts"]),
        ("interaction", document["interaction"]),
    ):
        for row in rows:
            lines += [f"[[{table}]]", *(f"{name} = {_value(each)}" for name, each in row.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case date():
            return value.isoformat()
        case list():
            return f"[{', '.join(map(_value, value))}]"
        case dict():
            return "{ " + ", ".join(f"{name} = {_value(each)}" for name, each in value.items()) + " }"
        case _:
            return str(value)
