"""An agency for tests that the office sends files: `kasda`, which is told of registrations. Its format is ours."""

from __future__ import annotations

from gateway.contract.adapter import Accept, Adapter, Agency, AgencyKind, Batch, Decline, Effect, Found, Reason
from gateway.contract.message import Payload
from gateway.domain import events as e
from gateway.domain.case import PermitCase

KIND = "nomor-daftar"

AGREEMENT = """
[[interaction]]
name = "tunggakan"
model = "batch"
services = ["krk"]
service_class = "non-usaha"
transport = "rest"
security = "jws"
request = "kasda/tunggakan/1.0/record"
result = "simojo/batch-result/1.0/result"
formats = ["csv", "jsonl", "xml"]
call_timeout = "10s"
max_size = "1MiB"
keep_for = "10 years"
minimum_requirements = "profil minimum SIMOJO 1.0"
confidential = false
retry = { first = "10s", factor = 2, max = "10m", attempts = 3 }
personal_data = { purpose = "tidak ada data pribadi", fields = [] }
"""
"""Its one interaction; the head is that of any agreement."""


def record_of(case: PermitCase) -> Payload | None:
    """Tell of a case by its registration number. Its purpose may say that something else is to happen."""
    numbers = [each.value for each in case.references if each.kind == KIND]
    if not numbers:
        return None
    record = {"registration": numbers[0], "service": case.service, "purpose": case.site.purpose}
    match case.site.purpose:
        case "raise":
            raise KeyError("9999014506900001")
        case "name":
            return {**record, "name": case.applicant.name}
        case "unfit":
            return {**record, "registration": "tanpa nomor"}
        case _:
            return record


def about(result: Payload) -> tuple[e.Reference, ...]:
    """Look up the case of the registration that a line is about."""
    return (e.Reference(kind=KIND, value=str(result.get("key", "")) or "-"),)


def to_cases(result: Payload, found: Found) -> Accept | Decline:
    """Call a person to each case, with what the agency says of it."""
    said = str(result.get("text", result["outcome"]))
    if said == "raise":
        raise KeyError("9999014506900001")
    cases = [case for each in about(result) for case in found[each]]
    if not cases:
        return Decline(reason=Reason.NOT_FOUND, text="no such registration")
    return Accept(effects=(Effect(case=cases[0].id, events=(e.AttentionRaised(source="kasda", text=said[:40]),)),))


KASDA = Adapter(
    agency=Agency("kasda", "Kas Daerah (contoh)", AgencyKind.HORIZONTAL),
    agreement="kasda-2026",
    package=__name__,
    interactions=(
        Batch(
            name="tunggakan",
            security="jws",
            path="berkas",
            request="kasda/tunggakan/1.0/record",
            result="simojo/batch-result/1.0/result",
            about=about,
            to_cases=to_cases,
            to_agency=record_of,
        ),
    ),
)
