"""An agency for tests that sends files: `pasar`, which tells of registrations by their number. Its format is ours."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.contract.adapter import Accept, Adapter, Agency, AgencyKind, Batch, Decline, Effect, Found, Reason
from gateway.contract.message import Payload
from gateway.domain import events as e
from gateway.domain.identifiers import NIK, Phone

KIND = "nomor-daftar"

AGREEMENT = """
[[interaction]]
name = "daftar"
model = "batch"
services = ["krk"]
service_class = "non-usaha"
transport = "rest"
security = "jws"
request = "pasar/daftar/1.0/request"
result = "simojo/batch-result/1.0/result"
formats = ["csv", "jsonl", "xml"]
call_timeout = "10s"
max_size = "2GiB"
keep_for = "10 years"
minimum_requirements = "profil minimum SIMOJO 1.0"
confidential = false
personal_data = { purpose = "tidak ada data pribadi", fields = [] }
"""
"""Its one interaction; the head is that of any agreement."""


def about(payload: Payload) -> tuple[e.Reference, ...]:
    """Look up the case of that registration."""
    return (e.Reference(kind=KIND, value=str(payload["number"])),)


def to_cases(payload: Payload, found: Found) -> Accept | Decline:
    """Call a person to each case that is named; `note` may say that something else is to happen."""
    note = str(payload.get("note", "datang"))
    if note == "raise":
        raise KeyError("9999014506900001")
    if note in ("open", "NUL"):  # the second with a reference that PostgreSQL does not store
        kind = KIND if note == "open" else "\0"
        opened = _application(e.Reference(kind=kind, value=str(payload["number"])))
        return Accept(effects=(Effect(case=None, events=(opened,), key=about(payload)[0]),))
    cases = [case for each in about(payload) for case in found[each]]
    if not cases:
        return Decline(reason=Reason.NOT_FOUND, text="no such registration")
    return Accept(effects=(Effect(case=cases[0].id, events=(e.AttentionRaised(source="pasar", text=note[:40]),)),))


def _application(reference: e.Reference) -> e.ApplicationRegistered:
    return e.ApplicationRegistered(
        service="krk",
        origin=e.Origin.COUNTER,
        applicant=e.Applicant(
            kind=e.ApplicantKind.PERSON,
            name="Siti Contoh",
            nik=NIK("9999014506900001"),
            phone=Phone("081200000017"),
            email="siti@contoh.example",
            address="Jalan Contoh 1",
        ),
        site=e.Site(address="Jalan Contoh 17", kelurahan="35.76.01.1003", purpose="Rumah tinggal", area_m2=120),
        references=(reference,),
        declaration=e.Declaration(
            version="1", text="Data ini benar.", accepted_at=datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
        ),
    )


PASAR = Adapter(
    agency=Agency("pasar", "Dinas Pasar (contoh)", AgencyKind.HORIZONTAL),
    agreement="pasar-2026",
    package=__name__,
    interactions=(
        Batch(
            name="daftar",
            security="jws",
            request="pasar/daftar/1.0/request",
            result="simojo/batch-result/1.0/result",
            about=about,
            to_cases=to_cases,
        ),
    ),
)
