"""The tanda terima pendaftaran (Pasal 12(4), 12(5)): given once the application is complete, and never before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from gateway.domain.calendar import JAKARTA, local_date
from gateway.domain.case import PermitCase
from gateway.domain.errors import CaseRefusal
from gateway.domain.events import AttachedDocument, Origin
from gateway.domain.regions import KELURAHAN
from gateway.office.papers.layout import LETTERHEAD, Data, Letterhead, indonesian_date, make_pdf
from gateway.office.papers.parties import holder_rows, site_rows

_ORIGINS = {
    Origin.PORTAL: "akun pemohon",
    Origin.COUNTER: "loket pelayanan",
    Origin.OSS: "OSS",
    Origin.MANUAL: "berkas manual",
}
_SHOWN_DIGITS = 16


def tanda_terima_pdf(case: PermitCase, *, letterhead: Letterhead = LETTERHEAD) -> bytes:
    """Lay out the tanda terima as PDF/A-2b; the same case gives the same bytes.

    The day on which the application was complete is the file's creation date. Of each attached document its kind,
    name and the first 16 hex digits of its SHA-256 are printed, so that a file can be matched with its entry.

    Raises CaseRefusal `not-complete` for a case that has no tanda terima yet.
    """
    if case.acknowledgement_number is None or case.completed_at is None:
        raise CaseRefusal(
            f"case {case.id} is not complete: a tanda terima exists only from then on",
            code="not-complete",
            clause="Pasal 12(4)",
        )
    data: dict[str, Data] = {
        "number": case.acknowledgement_number,
        "application": tuple(_application(case, case.completed_at)),
        "holder": holder_rows(case.applicant),
        "site": site_rows(case.site, KELURAHAN.get(case.site.kelurahan)),
        "documents": tuple(_document(each) for each in case.documents),
        "duration": str(case.duration_days),
        "declared": None if case.declaration is None else _moment(case.declaration.accepted_at),
        "levied": case.levied,
    }
    return make_pdf("acknowledgement.typ", data, letterhead=letterhead, made_on=local_date(case.completed_at))


def _application(case: PermitCase, completed_at: datetime) -> Iterator[tuple[str, str]]:
    yield "Jenis layanan", case.service_name
    yield "Nomor permohonan", case.id
    yield "Didaftarkan", f"{_moment(case.registered_at)}, melalui {_ORIGINS[case.origin]}"
    yield "Dinyatakan lengkap", _moment(completed_at)
    if case.helper is not None:
        yield "Petugas bantuan", case.helper


def _document(document: AttachedDocument) -> tuple[str, str, str]:
    return document.kind, document.name, document.sha256[:_SHOWN_DIGITS]


def _moment(moment: datetime) -> str:
    return f"{indonesian_date(local_date(moment))} pukul {moment.astimezone(JAKARTA):%H.%M} WIB"
